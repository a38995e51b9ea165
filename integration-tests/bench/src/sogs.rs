//! Clients of a Session Open Group Server, as the apps are clients of one.
//!
//! Nothing here knows whose server it is: it speaks what Session's apps speak, over HTTP that
//! stays open, as a node of the network or a reverse proxy would.

pub(crate) mod app;
mod client;
mod http;
mod limit;
mod request;
mod run;
pub(crate) mod scenario;
pub(crate) mod target;
mod user;

#[cfg(test)]
mod tests;

pub(crate) use self::limit::limits;
pub(crate) use self::run::{print_ids, run};
