//! `smp-server`: SimpleX's SMP server.

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs it.
pub(super) fn main(_args: Vec<OsString>) -> ExitCode {
    ExitCode::FAILURE
}
