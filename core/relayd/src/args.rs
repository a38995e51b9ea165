//! The daemon's command line, from which its man page is made too.

use std::path::PathBuf;

use clap::Parser;

/// One daemon for every private-messaging relay of one operator.
///
/// Without any configuration it keeps its data in ./relay-data. `relayctl config example`
/// prints everything that can be configured; `relayctl status` shows a running daemon.
#[derive(Debug, Parser)]
#[command(name = "relayd", version, after_help = HELP)]
pub struct Args {
    /// Configuration file; else $RELAYD_CONFIG, ./relayd.toml, /etc/relayd/relayd.toml, or defaults
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Read and check the configuration, start nothing
    #[arg(long)]
    pub check: bool,

    /// Take over from the relayd that runs on the same data_dir, refusing no connection
    #[arg(long, conflicts_with = "check")]
    pub upgrade: bool,
}

const HELP: &str = "\
Signals:    SIGTERM, SIGINT  finish what is in flight and end; a second one ends at once
            SIGHUP           read the configuration and certificates again
Exit codes: 0 fine, 64 usage or configuration, 69 something needed is unavailable, 70 internal";
