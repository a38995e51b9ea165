//! Test support for every crate of the house; knows none of them.
//!
//! - [`postgres`]: a temporary PostgreSQL server, shared by the process or private to a fault test;
//! - [`binaries`]: where the real `relayd` and `relayctl` are, built when they have to be;
//! - [`daemon`]: `relayd` as a child process: its lines, signals, exit, and `relayctl` beside it;
//! - [`http`]: a small blocking HTTP client that can also send half a request;
//! - [`poll`]: waiting for a condition, never for a while;
//! - [`skip`]: saying that something was not tested;
//! - [`space`]: a file system so small that it fills;
//! - [`terminal`]: a program on a terminal of its own.
//!
//! What a test needs and the machine lacks is skipped with one loud line on stderr, except where
//! `CI` is set: there nothing is skipped, and the same line is a panic. Whatever the kit leaves
//! outside the process (servers, mounts, directories) goes away with the process, also when that
//! is killed. Everything here panics rather than returning errors, for a test has no better answer.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot be set up has to fail, saying why"
)]

pub mod binaries;
pub mod daemon;
mod guardian;
pub mod http;
pub mod poll;
pub mod postgres;
pub mod skip;
pub mod space;
pub mod terminal;

pub use daemon::{Daemon, Exit, Relayd, Signal};
pub use postgres::Postgres;
pub use space::SmallDisk;
pub use terminal::Terminal;
