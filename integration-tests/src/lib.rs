//! Whole-binary tests over real sockets: what they share. The tests are in `tests/`, one file
//! for each behaviour.
//!
//! - [`Bed`]: a folder with a configuration, from which daemons are started;
//! - [`notes`]: notes in the audit log, the smallest thing that a daemon acknowledges;
//! - [`see`]: looking at a running daemon: its figures, its state, its files;
//! - [`independent`]: clients in Python that share no code with us;
//! - [`routes`]: private routing as a client sees it, and relays that misbehave;
//! - [`smp`]: our own SMP client against a daemon;
//! - [`sogs`]: the Session Open Group Server as its clients see it;
//! - [`stranger`]: processes that are no children of ours;
//! - [`certificates`]: certificates made and looked at with the `openssl` command;
//! - [`browser`]: HTTPS as any host, and what certificate is shown;
//! - [`authority`]: a certificate authority that speaks ACME.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot be set up has to fail, saying why"
)]

pub mod authority;
mod bed;
pub mod browser;
pub mod certificates;
pub mod independent;
pub mod notes;
pub mod routes;
pub mod see;
pub mod smp;
pub mod sogs;
pub mod stranger;

use std::time::Duration;

pub use bed::{Bed, Kind};

/// For what takes moments; more than this is a fault.
pub const PATIENCE: Duration = Duration::from_secs(30);
