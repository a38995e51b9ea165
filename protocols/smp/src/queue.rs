//! What a queue is, and what may be done with it.
//!
//! Pure: no store, no clock, no connection. A [`Record`] is a queue without its messages and its
//! link's data; the rules of sections 8 and 11 are methods on it that end in a decision or in the
//! error the client hears. Who asks has been verified before.

mod record;
mod rules;

#[cfg(test)]
mod tests;

pub(crate) use record::{EntityId, Expired, Notifier, Record, Side, Status, Used, entity_id};
pub(crate) use rules::{Decision, Linking};
