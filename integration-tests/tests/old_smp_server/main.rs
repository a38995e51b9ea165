//! `smp-server`, which is relayctl under that name: the commands of its guide as they stand there,
//! its deployment scripts, and everything an operator may do with it.

#![expect(clippy::expect_used, reason = "tests stop at what they did not expect")]

mod commands;
mod import;
mod init;
mod reference;
mod start;
mod support;
mod web;
