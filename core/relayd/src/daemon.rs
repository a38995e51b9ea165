//! The daemon: reads the command line, runs `relay_core::lifecycle`, gives the exit code.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use relay_core::failure::Failure;
use relay_core::lifecycle::{self, Options};

use crate::Args;

/// Runs the daemon with these arguments, its name first, until it ends.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    let options = Options {
        config: args.config,
        check: args.check,
        upgrade: args.upgrade,
        settings: Vec::new(),
    };
    match lifecycle::run(options, crate::protocols(), relay_admin::server::router) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => fail(&failure),
    }
}

/// `--help` and `--version` come this way too. A wrong command line is refused in one line, as
/// everything else is.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.to_string();
    let reason = text.lines().next().unwrap_or_default();
    let reason = reason.strip_prefix("error: ").unwrap_or(reason);
    fail(&Failure::Usage(format!("{reason}; see relayd --help")))
}

#[expect(clippy::print_stderr, reason = "the one line a failed start gives")]
fn fail(failure: &Failure) -> ExitCode {
    eprintln!("relayd: {failure}");
    ExitCode::from(failure.exit_code())
}
