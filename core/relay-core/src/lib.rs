//! The runtime every relay stands on. It knows no protocol.
//!
//! # The contract
//!
//! - A relay is a plugin: [`protocol`] says what it tells core and what core gives it.
//! - [`lifecycle`] owns the daemon from the command line to the exit code; [`failure`] is how it
//!   ends when it cannot go on.
//! - [`net`] owns every listening socket and every connection until a plugin's service has it.
//! - [`web`] is what all relays serve together on the shared web ports.
//! - [`clock`] and [`entropy`] are the only sources of time and randomness.
//! - [`worker`] runs background jobs that operators can see; [`tasks`] supervises everything
//!   that is spawned.
//! - [`telemetry`] is logs and metrics. Neither says anything about a client: see [`private`].
//! - [`core::Core`] is the running daemon as its operators see it; the admin API is built on it,
//!   by a crate of its own.
//!
//! To change what an operator can configure here, see [`settings`].

pub mod audit;
pub mod clock;
pub mod core;
pub mod data_dir;
mod endpoints;
pub mod entropy;
pub mod failure;
mod handover;
pub mod lifecycle;
pub mod net;
mod open_files;
pub mod panics;
pub mod private;
pub mod protocol;
pub mod settings;
mod systemd;
pub mod tasks;
pub mod telemetry;
pub mod web;
pub mod worker;

pub use relay_config as config;
