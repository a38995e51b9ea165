//! The daemon: reads the command line, runs `relay_core::lifecycle`, gives the exit code.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use relay_core::failure::Failure;
use relay_core::lifecycle::{self, Options};

/// One daemon for every private-messaging relay of one operator.
///
/// Without any configuration it keeps its data in ./relay-data. `relayctl config example`
/// prints everything that can be configured; `relayctl status` shows a running daemon.
#[derive(Debug, Parser)]
#[command(version, after_help = HELP)]
struct Args {
    /// Configuration file; else $RELAYD_CONFIG, ./relayd.toml, /etc/relayd/relayd.toml, or defaults
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Read and check the configuration, start nothing
    #[arg(long)]
    check: bool,

    /// Take over from the relayd that runs on the same data_dir, refusing no connection
    #[arg(long, conflicts_with = "check")]
    upgrade: bool,
}

const HELP: &str = "\
Signals:    SIGTERM, SIGINT  finish what is in flight and end; a second one ends at once
            SIGHUP           read the configuration and certificates again
Exit codes: 0 fine, 64 usage or configuration, 69 something needed is unavailable, 70 internal";

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    let options = Options {
        config: args.config,
        check: args.check,
        upgrade: args.upgrade,
    };
    match lifecycle::run(options, relayd::protocols(), relay_admin::server::router) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => fail(&failure),
    }
}

/// `--help` and `--version` come this way too.
fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if error.use_stderr() {
        ExitCode::from(Failure::Usage(String::new()).exit_code())
    } else {
        ExitCode::SUCCESS
    }
}

#[expect(clippy::print_stderr, reason = "the one line a failed start gives")]
fn fail(failure: &Failure) -> ExitCode {
    eprintln!("relayd: {failure}");
    ExitCode::from(failure.exit_code())
}
