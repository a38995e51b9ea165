//! `smp-server`: SimpleX's SMP server, its commands, options, files and output.
//!
//! - `init` makes keys, certificates and `smp-server.ini` in `/etc/opt/simplex`;
//! - `start` translates that file for relayd and runs it, with the SMP relay only and all data in
//!   `/var/opt/simplex`;
//! - `cert` and `delete` do what they did; `journal` and `database` say what to do instead.
//!
//! What it prints where the older program did is on standard output and the same; what that did
//! not say is on standard error. It exits with 0 or 1.

mod cert;
mod commands;
mod console;
mod delete;
mod identity;
pub(crate) mod ini;
mod init;
mod options;
pub(crate) mod places;
mod questions;
mod start;
mod stores;
mod template;
pub(crate) mod translate;
mod wanted;

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::process::ExitCode;

use self::commands::{COMMANDS, Command, overview};
use self::console::{note, say};
use self::ini::Ini;
use self::options::{Given, Wrong};
use self::places::{Places, shown};

/// The release of smp-server whose behaviour this is, and what it really is.
const VERSION: &str = concat!("SMP server v6.5.5.0 / relayd ", env!("CARGO_PKG_VERSION"));

/// Why a command was not done. Either way the exit code is 1.
#[derive(Debug)]
enum End {
    /// As the older program refused it, on standard output.
    Refused(String),
    /// For a reason of our own, on standard error.
    Failed(String),
    /// The command line was wrong: how it is meant, on standard error.
    Usage(String),
}

impl End {
    fn failed(reason: impl fmt::Display) -> Self {
        Self::Failed(reason.to_string())
    }
}

/// Runs it.
pub(super) fn main(args: Vec<OsString>) -> ExitCode {
    let args = args.into_iter().skip(1);
    let args = args.map(|arg| arg.to_string_lossy().into_owned());
    let args = options::without_runtime_options(args);
    match run(&args, &Places::of_environment()) {
        Ok(()) => return ExitCode::SUCCESS,
        Err(End::Refused(text)) => say(&text),
        Err(End::Failed(text)) => note(&format!("smp-server: {text}")),
        Err(End::Usage(text)) => note(text.trim_end()),
    }
    ExitCode::FAILURE
}

fn run(args: &[String], places: &Places) -> Result<(), End> {
    let Some((first, rest)) = args.split_first() else {
        return Err(End::Usage(overview(places, VERSION)));
    };
    let command = COMMANDS.iter().find(|command| command.name == first);
    match (command, first.as_str()) {
        (Some(command), _) => run_command(command, rest, places),
        (None, "-v" | "--version") => {
            say(VERSION);
            Ok(())
        }
        (None, "-h" | "--help") => {
            say(overview(places, VERSION).trim_end());
            Ok(())
        }
        (None, other) => Err(mistake_in(other, "Usage: smp-server COMMAND")),
    }
}

fn run_command(command: &Command, args: &[String], places: &Places) -> Result<(), End> {
    let given = match options::parse(
        args,
        command.options,
        usize::from(!command.words.is_empty()),
    ) {
        Ok(given) => given,
        Err(Wrong::Help) => {
            say(command.help(places).trim_end());
            return Ok(());
        }
        Err(Wrong::Mistake(line)) => {
            return Err(End::Usage(format!("{line}\n\n{}", command.usage())));
        }
    };
    serve(command.name, &given, places)
}

fn serve(command: &str, given: &Given, places: &Places) -> Result<(), End> {
    match command {
        "init" => init::run(given, places),
        "start" => start::run(given, places),
        "cert" => cert::run(given, places),
        "delete" => delete::run(places),
        other => stores::run(other, given, places),
    }
}

fn mistake_in(arg: &str, usage: &str) -> End {
    let what = if arg.starts_with('-') {
        "option"
    } else {
        "argument"
    };
    End::Usage(format!("Invalid {what} `{arg}'\n\n{usage}"))
}

/// The configuration file, without which there is no server.
fn read_ini(places: &Places) -> Result<Ini, End> {
    let path = places.ini();
    let text = fs::read_to_string(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => End::Refused(format!(
            "Error: server is not initialized ({} does not exist).\nRun `smp-server init`.",
            shown(&path)
        )),
        _ => init::cannot("read", &path, &error),
    })?;
    Ini::parse(&text).map_err(|error| End::Failed(format!("{}: {error}", shown(&path))))
}
