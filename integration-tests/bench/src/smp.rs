//! Clients of an SMP relay, as the apps are clients of one: TLS, handshake, blocks, and nothing
//! of what is inside a server.

mod limit;
mod messages;
mod routed;
mod run;
pub(crate) mod scenario;
mod server;
mod visitor;

pub(crate) use self::limit::limits;
pub(crate) use self::run::run;
