//! The command line, whose doc comments are `--help` and the man pages.

mod init;
mod smp;
pub(crate) mod sogs;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::NonEmptyStringValueParser;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use relay_config::Span;

pub(crate) use self::init::{Init, Password, Relay};
pub(crate) use self::smp::{Address, Block, Cert, Queue, Rotate, Smp};
use crate::connect::Url;
use crate::failure::Failure;
use crate::output::Output;

/// Shows and steers relayd, the daemon that hosts every private-messaging relay of one operator.
///
/// The daemon is found by --socket, else $RELAYCTL_SOCKET, else by the configuration, which is
/// looked for as relayd does: --config, $RELAYD_CONFIG, ./relayd.toml, /etc/relayd/relayd.toml,
/// or built-in defaults with data in ./relay-data.
#[derive(Debug, Parser)]
#[command(name = "relayctl", version, after_help = HELP, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const HELP: &str = "\
Examples:
  sudo relayctl init                      the first relay, in a minute
  relayctl status                         how everything is
  relayctl doctor                         what is wrong, and what to do
  relayctl log level debug                log more, until the next restart
  relayctl backup create /backup/today.tar
  relayctl smp address --qr               what SimpleX apps need to know
  relayctl status --json | jq .ready

Exit codes: 0 done, 1 refused or a negative result, 2 usage or configuration,
            3 the daemon is not reachable";

/// Options of every command.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// Admin socket of the daemon; else $RELAYCTL_SOCKET, or as configured
    #[arg(long, global = true, value_name = "PATH", value_hint = clap::ValueHint::FilePath)]
    pub(crate) socket: Option<PathBuf>,

    /// Address of a daemon elsewhere, as its admin.listen has it; needs --token-file
    #[arg(
        long,
        global = true,
        value_name = "URL",
        conflicts_with = "socket",
        requires = "token_file"
    )]
    pub(crate) url: Option<Url>,

    /// File with the token of the daemon at --url: a copy of its admin.token_file
    #[arg(long, global = true, value_name = "FILE", requires = "url", value_hint = clap::ValueHint::FilePath)]
    pub(crate) token_file: Option<PathBuf>,

    /// Certificates (PEM) to believe the daemon at --url by, instead of those browsers believe
    #[arg(long, global = true, value_name = "FILE", requires = "url", value_hint = clap::ValueHint::FilePath)]
    pub(crate) ca_file: Option<PathBuf>,

    /// How long to wait for each answer of the daemon; 0s for ever. Long work may take longer
    #[arg(long, global = true, value_name = "SPAN", default_value = "30s")]
    pub(crate) timeout: Span,

    /// Configuration file; else $RELAYD_CONFIG, ./relayd.toml, /etc/relayd/relayd.toml, or defaults
    #[arg(long, global = true, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,

    /// Answer with one JSON value; errors are {"error": "…"} on standard error
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a configuration and the relays' keys, and say what to do next
    ///
    /// Asks what it has to know, unless it is said here; --yes asks nothing. Answers may also be piped
    /// in, a line each. Can be run again: keys stay, and a configuration that differs is shown and
    /// only replaced when you say so; with --yes the new one is written beside it, as relayd.toml.new.
    #[command(after_help = "\
Examples:
  sudo relayctl init
  sudo relayctl init --yes --sogs-url http://chat.example.org --smp-host smp.example.org
  relayctl init --dir ./try --relays smp --smp-host localhost --smp-password none --yes")]
    Init(Init),

    /// Show how the daemon, its relays, database and workers are
    ///
    /// Exits with 1 when the daemon runs but is not ready, so that scripts can wait for it.
    #[command(after_help = "Example: until relayctl status >/dev/null; do sleep 1; done")]
    Status,

    /// Watch both relays at work: connections, polls, messages, latencies, database, workers
    ///
    /// Keys: q ends, p pauses, up and down go through the workers, left and right make it faster and
    /// slower.
    #[command(after_help = "\
Examples:
  relayctl top
  relayctl top --interval 5s
  relayctl top --once                     one sample, and no screen
  relayctl top --json | jq .smp.sent_per_second")]
    Top(Top),

    /// Look for everything that is or will be wrong, and say what to do
    ///
    /// Works with the daemon up or down, and changes nothing. With the daemon up both relays are
    /// reached as apps reach them, by their public names: SOGS is asked in an onion request; on the SMP
    /// relay a queue is made, secured and deleted. Nobody else is asked. Run it as root or as the user relayd
    /// runs as: others cannot see enough. Exits with 1 when there is a problem; warnings do not
    /// count.
    #[command(after_help = "\
Examples:
  sudo relayctl doctor
  sudo relayctl doctor --deep             reads the whole database, which takes a while
  relayctl doctor --json | jq '.findings[] | select(.level == \"problem\")'")]
    Doctor(Doctor),

    /// Show or change what is logged
    #[command(subcommand)]
    Log(Log),

    /// List, run, pause and resume background workers
    #[command(subcommand, arg_required_else_help = true)]
    Worker(Worker),

    /// Make, verify and restore backups
    #[command(subcommand, arg_required_else_help = true)]
    Backup(Backup),

    /// Check and show the configuration, or print a commented example
    #[command(subcommand, arg_required_else_help = true)]
    Config(Config),

    /// Show and manage the SimpleX SMP relay
    #[command(subcommand, arg_required_else_help = true)]
    Smp(Smp),

    /// Show, amend and shorten the list of who did what to this server
    #[command(subcommand, arg_required_else_help = true)]
    Audit(Audit),

    /// Run the Session Open Group Server: rooms, moderators, bans, links
    #[command(subcommand, arg_required_else_help = true)]
    Sogs(sogs::Sogs),

    /// Have the daemon read its configuration and certificates again
    ///
    /// Everything must be right, or nothing is taken over. Shows what is in force now and what needs a
    /// restart. SIGHUP does the same.
    Reload,

    /// Have the daemon finish what is in flight and end
    Stop(Wait),

    /// Replace the running daemon by the relayd that is installed now, refusing no connection
    ///
    /// The new process gets the listening sockets of the old one when it is able to serve. If it is
    /// not, the old one goes on.
    Upgrade(Wait),

    /// Print the OpenAPI document of the admin API
    ///
    /// Of every relay this relayctl knows; a daemon serves that of its own at /v1/openapi.json.
    #[command(after_help = "Example: relayctl openapi > relayd-admin.json")]
    Openapi,

    /// Print completions for a shell
    #[command(after_help = "\
Examples:
  relayctl completions bash > /usr/share/bash-completion/completions/relayctl
  relayctl completions zsh  > /usr/share/zsh/vendor-completions/_relayctl
  relayctl completions fish > /usr/share/fish/vendor_completions.d/relayctl.fish")]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },

    /// Print the man page, or write all of them into a directory
    #[command(after_help = "\
Examples:
  relayctl man | man -l -
  relayctl man --dir /usr/local/share/man/man1")]
    Man {
        /// Write a page for relayctl, for each of its commands and for relayd
        #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
        dir: Option<PathBuf>,
    },
}

#[derive(Args, Debug)]
pub(crate) struct Top {
    /// Time between two looks, from 200ms to 1m
    #[arg(long, value_name = "TIME", default_value = "1s")]
    pub(crate) interval: Span,
    /// Print one sample, measured over one interval, and end; --json does so too
    #[arg(long)]
    pub(crate) once: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Doctor {
    /// Also read the whole database through and check it
    #[arg(long)]
    pub(crate) deep: bool,
    /// Do not try to reach the relays by their public names
    #[arg(long)]
    pub(crate) offline: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Wait {
    /// Return at once, not when it has happened
    #[arg(long)]
    pub(crate) no_wait: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Log {
    /// Show what is logged, or change it until the next reload or restart
    ///
    /// To change it for good, set log.level in the configuration and run `relayctl reload`.
    #[command(after_help = "\
Examples:
  relayctl log level
  relayctl log level debug
  relayctl log level info,relay_smp=debug")]
    Level {
        /// error, warn, info, debug or trace; or a filter such as info,relay_smp=debug
        level: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Worker {
    /// List background workers and how they do
    List,
    /// Run a worker now and wait for the outcome; a paused one too
    ///
    /// Exits with 1 when the run fails.
    #[command(after_help = "Example: relayctl worker run store.maintenance")]
    Run(WorkerName),
    /// Suspend a worker's schedule, until resumed or the next restart
    Pause(WorkerName),
    /// Resume a paused worker's schedule
    Resume(WorkerName),
}

#[derive(Args, Debug)]
pub(crate) struct WorkerName {
    /// Its name in `relayctl worker list`
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) name: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Backup {
    /// Copy the database, keys and files, while serving
    ///
    /// The running daemon makes the backup, as the user it runs as. When no daemon runs, relayctl makes
    /// it. The backup is one consistent moment and appears under its name when it is complete.
    #[command(after_help = "\
Examples:
  relayctl backup create /backup/relay-$(date +%F).tar
  relayctl backup create /backup/relay-$(date +%F)       a directory instead of one file

A backup holds the relays' private keys: keep it as you keep those.")]
    Create {
        /// A directory to make, or a file to make when the name ends in .tar
        #[arg(value_hint = clap::ValueHint::AnyPath)]
        path: PathBuf,
    },
    /// Read a backup through and check that it is whole and sound
    ///
    /// Needs no daemon. Exits with 1 when the backup is damaged.
    Verify {
        /// The directory or .tar file
        #[arg(value_hint = clap::ValueHint::AnyPath)]
        path: PathBuf,
    },
    /// Put a backup into an empty place, from where relayd can be started
    ///
    /// Goes where the configuration says: data_dir and storage.url. Overwrites nothing: the data dir must
    /// be missing or empty, the database too, and no daemon may run there.
    #[command(after_help = "\
Examples:
  relayctl stop && mv /var/lib/relayd /var/lib/relayd.old
  relayctl backup restore /backup/today.tar
  relayctl backup restore /backup/today.tar --data-dir /tmp/look      to have a look")]
    Restore {
        /// The directory or .tar file
        #[arg(value_hint = clap::ValueHint::AnyPath)]
        path: PathBuf,
        /// Restore here instead of into the configured data_dir
        #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
        data_dir: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Check the configuration without starting anything
    ///
    /// Lists every problem, one a line, and exits with 1 if there is any.
    #[command(after_help = "\
Examples:
  relayctl config check
  relayctl config check --config /etc/relayd/relayd.toml.new")]
    Check,
    /// Show every value and where it was said; secrets are hidden
    #[command(after_help = "\
Example, what a restart would change:
  diff <(relayctl config show --running) <(relayctl config show)")]
    Show {
        /// What the running daemon was started with, instead of what the files say now
        #[arg(long)]
        running: bool,
    },
    /// Print the commented file with everything that can be configured
    #[command(after_help = "Example: relayctl config example > /etc/relayd/relayd.toml")]
    Example,
    /// Write the settings of an older program as ours
    ///
    /// Takes sogs.ini of PySOGS and the uwsgi.ini it is started with, and smp-server.ini; files are known
    /// by their content.
    /// What is not taken over is listed on standard error, with the reason. Data is not imported.
    #[command(after_help = "\
Examples:
  relayctl config import /etc/sogs/sogs.ini
  relayctl config import sogs.ini uwsgi-sogs.ini --output /etc/relayd/relayd.toml
  relayctl config import /etc/opt/simplex/smp-server.ini")]
    Import {
        /// Files of the older program, which belong together
        #[arg(required = true, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
        files: Vec<PathBuf>,
        /// Write into this file, which must not exist, instead of printing
        #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
        output: Option<PathBuf>,
        /// Write over that file
        #[arg(long, requires = "output")]
        force: bool,
    },
    /// Print the JSON schema of the configuration, for editors
    Schema,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Show who did what, newest first
    List {
        /// How many entries at most
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u64,
    },
    /// Write a note into the log
    #[command(after_help = "Example: relayctl audit note \"moved to the new host\"")]
    Note {
        /// What to remember
        text: String,
    },
    /// Forget old entries
    #[command(after_help = "Example: relayctl audit prune --older-than 90d")]
    Prune {
        /// How old, like 12h or 90d
        #[arg(long, value_name = "AGE")]
        older_than: Span,
    },
}

/// Understands a command line.
pub(crate) fn parse(args: &[OsString]) -> Result<Cli, clap::Error> {
    Cli::from_arg_matches(&command().try_get_matches_from(args)?)
}

/// The whole command line as clap knows it.
pub(crate) fn command() -> clap::Command {
    Cli::command()
}

/// Shows what is wrong with a command line, or the help that was asked for.
pub(crate) fn refuse(error: &clap::Error, args: &[OsString]) -> ExitCode {
    if !error.use_stderr() {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let json = args.iter().any(|arg| arg == "--json");
    let is_alone = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if is_alone && !json {
        let _ = error.print();
    } else {
        let reason = if is_alone {
            "a command is missing".to_owned()
        } else {
            reason(error)
        };
        let line = format!("{reason}; see {} --help", asked_for(args));
        Output::new(json).failure(&line);
    }
    ExitCode::from(Failure::Usage(String::new()).exit_code())
}

/// What clap says over many lines, in one: what is wrong, and what may have been meant.
fn reason(error: &clap::Error) -> String {
    let text = error.to_string();
    let lines = text.lines().map(str::trim);
    let said =
        lines.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"));
    let mut reason = String::new();
    for line in said.filter(|line| !line.is_empty()) {
        let line = line.strip_prefix("error: ").unwrap_or(line);
        let (gap, line) = match line.strip_prefix("tip: ") {
            Some(tip) => ("; ", tip),
            None => (" ", line),
        };
        reason.extend([gap, line]);
    }
    reason.trim_start().to_owned()
}

/// The command that was meant, as far as there is one of this name.
fn asked_for(args: &[OsString]) -> String {
    let mut command = command();
    let mut path = command.get_name().to_owned();
    for arg in args.iter().skip(1).filter_map(|arg| arg.to_str()) {
        if let Some(below) = command.find_subcommand(arg) {
            command = below.clone();
            path.extend([" ", arg]);
        }
    }
    path
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::command().debug_assert();
    }
}
