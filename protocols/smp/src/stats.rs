//! What the relay counts: nothing that names anybody.
//!
//! Counters are kept in memory, written to the database in the background and at the end, and
//! read again at the start; so they survive restarts, and a kill costs at most the last minute.

pub(crate) mod active;
pub(crate) mod counters;
pub(crate) mod daily;
pub(crate) mod metrics;
mod services;

pub(crate) use active::{Active, Period};
pub(crate) use counters::{Counter, Counters};
pub(crate) use services::ServiceCounter;
