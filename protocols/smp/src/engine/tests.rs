//! The engine as connections see it: blocks in, answers and events out, on both databases.

pub(crate) mod bed;
mod delivery;
mod links;
mod notifications;
mod operators;
mod queues;
mod races;
mod restart;
mod statistics;
mod verification;
