//! The operator's CLI: asks a running relayd over its admin socket, and does without one what can
//! be done without.
//!
//! # What it promises scripts
//!
//! - `--json` on every command: one JSON value on standard output, as the admin API has it.
//! - Exit codes: 0 done, 1 refused or a negative result, 2 usage (the configuration included),
//!   3 daemon not reachable.
//! - An error is one line on standard error that says what to do next; with `--json` it is
//!   `{"error": "…"}` there. Standard output then stays empty.
//!
//! Installed under the name of an older program, or of the daemon, it behaves as that one: see `old`.
//!
//! # What it knows of the daemon
//!
//! Besides the admin API's types it depends on the library of `relayd`, that is, on the list of
//! protocols this build has. The arrow `relayctl -> relayd` is a deliberate addition to the
//! design: configuration, doctor and restore have to work when no daemon runs, and all of them
//! need every section, table and file there is.

mod cli;
mod commands;
mod configuration;
mod connect;
mod desk;
mod failure;
mod import;
mod old;
mod output;
mod time;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::failure::Failure;
use crate::output::Output;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let other = args.first().and_then(|argv0| old::by_name(argv0));
    other.unwrap_or(run)(args)
}

/// Runs relayctl with these arguments, its name first: a caller under another name can translate
/// that name's arguments to ours.
fn run(args: Vec<OsString>) -> ExitCode {
    let cli = match cli::parse(&args) {
        Ok(cli) => cli,
        Err(error) => return cli::refuse(&error, &args),
    };
    let output = Output::new(cli.global.json);
    match serve(cli, output) {
        Ok(verdict) => verdict.into(),
        Err(failure) => {
            output.failure(&failure.to_string());
            ExitCode::from(failure.exit_code())
        }
    }
}

fn serve(cli: cli::Cli, output: Output) -> Result<commands::Verdict, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Refused(format!("cannot start: {error}")))?;
    let context = commands::Context {
        global: cli.global,
        output,
    };
    runtime.block_on(commands::run(cli.command, &context))
}
