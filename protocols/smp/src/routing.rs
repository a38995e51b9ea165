//! Private routing: a sender's server, the proxy, passes commands on to the recipient's server,
//! the relay. The proxy does not see what for, the relay does not see for whom.
//!
//! ```text
//! client             proxy                          relay
//! PRXY  ---------->  connects, once for all     ->  (its session key)
//!       <-- PKEY --  the relay's key
//! PFWD  ---------->  RFWD, one layer more  ------>  opens both, does what is inside
//!       <-- PRES --  one layer less  <-----------   RRES
//! ```
//!
//! Promises:
//! - What is inside is done by the same engine as any command ([`relay`]).
//! - A relay that is dead, slow, or lies costs those who ask for it an error, nobody else
//!   anything, and nobody more than the time limits ([`pool`], [`forwarder`]).
//! - Nobody is connected to whom the operator did not mean to reach: addresses are judged when
//!   they are known, and it is those that are connected to ([`reach`]).

mod destination;
mod dial;
mod failure;
mod forwarder;
mod places;
mod pool;
mod reach;
mod relay;
mod session;
mod socks;
mod tally;

#[cfg(test)]
mod tests;

pub(crate) use forwarder::Forwarder;
pub(crate) use pool::Pool;
pub(crate) use relay::{Opened, Relaying};
pub(crate) use session::RelayKey;
