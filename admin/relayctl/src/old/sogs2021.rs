//! `session-open-group-server`: the server of 2021, written in Rust.
//!
//! The same options and lines of output. Its commands talked to the running server; here they also
//! work when none runs. Without a command it is the server: relayd with this relay only, in this
//! process, which keeps its data where relayd does (`./relay-data`, or as configured).

mod cli;
mod commands;
mod serve;

use std::ffi::OsString;
use std::process::ExitCode;

use relay_admin::client::ClientError;
use relay_config::Sources;
use relay_core::failure::Failure as Stop;

use self::cli::Args;
use super::{key, say};
use crate::desk::{self, Desk};
use crate::failure::Failure;

/// Runs it.
pub(super) fn main(args: Vec<OsString>) -> ExitCode {
    let args = match cli::parse(&args) {
        Ok(args) => args,
        Err(said) => return said,
    };
    if args.is_command() {
        return end(block_on(commands::run(&args)), |_| 1);
    }
    match block_on(serve::prepare(&args)) {
        Ok(settings) => end(serve::run(&args, settings), Stop::exit_code),
        Err(stop) => end(Err(stop), Stop::exit_code),
    }
}

fn end(outcome: Result<(), Stop>, code: impl Fn(&Stop) -> u8) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            say::err(&format!("session-open-group-server: {stop}\n"));
            ExitCode::from(code(&stop))
        }
    }
}

fn block_on<T>(work: impl Future<Output = Result<T, Stop>>) -> Result<T, Stop> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::Internal(format!("cannot start: {error}")))?
        .block_on(work)
}

/// The relay of these options, open in this process.
async fn open(args: &Args, sources: Sources) -> Result<Desk, Stop> {
    let protocols = relayd::protocols();
    let blueprint = relay_core::lifecycle::Blueprint::draw(&sources, &protocols)?;
    let data_dir = &blueprint.settings.data_dir;
    desk::become_owner(data_dir).map_err(unavailable)?;
    if let Some(named) = &args.x25519_private_key
        && !named.exists()
    {
        let reason = "is not there; leave the option out, and relayd makes a key of its own";
        return Err(Stop::Usage(format!("{} {reason}", named.display())));
    }
    key::adopt_pem(&args.private_key(), data_dir).map_err(Stop::Unavailable)?;
    Desk::here(sources).await.map_err(unavailable)
}

fn unavailable(failure: Failure) -> Stop {
    Stop::Unavailable(failure.to_string())
}

fn refused(error: ClientError) -> Stop {
    Stop::Unavailable(error.to_string())
}
