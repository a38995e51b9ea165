//! A client of our own: for tests, for the load generator, and for private routing, where a
//! server is the client of another.
//!
//! [`Dialer`] connects. Above it are two layers. [`Link`] is one connection with one owner: it sends blocks, well-formed or not,
//! and receives what the server packed. [`Client`] stands on it and is a handle that can be
//! cloned: it numbers commands, authorizes them, gathers those that wait into blocks, and gives
//! each caller the answer to its own. What answers nobody comes out of [`Events`].
//!
//! Nothing is retried and nothing is reconnected: whoever uses it knows better when.

mod calls;
mod dial;
mod driver;
mod error;
mod forward;
mod keys;
mod link;
mod queue;
mod received;

#[cfg(test)]
mod tests;

pub use calls::Call;
pub use dial::Dialer;
pub use driver::{Client, Events};
pub use error::{CallError, ConnectError};
pub use forward::{ForwardError, Relay};
pub use keys::QueueKey;
pub use link::{Incoming, Link, Outgoing};
pub use queue::{NewQueue, Notifier, Opened, Queue};
pub use received::Received;
