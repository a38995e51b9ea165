//! relay-bench: measures SOGS and SMP servers as their clients use them, ours and others, and
//! says how far from the cryptography they are bound to do they stay.
//!
//! # How it measures
//!
//! - Clients are real: they speak the protocols over real sockets and know no server's insides.
//! - Open loop (`--rate`): operations are due at fixed times, and their latency counts from then;
//!   a server that stalls cannot hide what waited. Closed loop otherwise: as much as the server
//!   gives.
//! - Of a local server it reads processor time, memory and bytes written. Processor time an
//!   operation is the steadiest figure on a shared machine.
//! - The limit is the same cryptography in a loop, measured beside each run, on the same machine.
//! - It watches itself, and says when it may be what limits.

mod args;
mod compare;
mod drive;
mod latency;
mod machine;
mod measure;
mod metrics;
mod pair;
mod process;
mod report;
mod smp;
mod sogs;
mod stats;
mod timing;
mod watch;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command as Program, ExitCode};

use anyhow::Context;
use clap::Parser;
use relay_core::clock::{Clock, SystemClock};

use crate::args::{Cli, Command, LimitArgs, LoadArgs, RenderArgs};
use crate::machine::Machine;
use crate::report::{Report, Run};

fn main() -> ExitCode {
    match serve(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

#[expect(clippy::print_stderr, reason = "why there is no result")]
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("relay-bench: {error:#}");
    ExitCode::FAILURE
}

fn serve(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Sogs(args) => {
            let runs = run(&args.load, sogs::run(&args))?;
            publish(&args.load, runs)
        }
        Command::Smp(args) => {
            let runs = run(&args.load, smp::run(&args))?;
            publish(&args.load, runs)
        }
        Command::Limit(args) => limit(&args),
        Command::Id(args) => sogs::print_ids(&args),
        Command::Compare(args) => {
            let lines = compare::compare(&Report::read(&args.a)?, &Report::read(&args.b)?);
            say(&compare::describe(&lines))
        }
        Command::Pair(args) => {
            let (a, b) = pair::pair(&args)?;
            say(&compare::describe(&compare::compare(&a, &b)))
        }
        Command::Html(args) => render(&args, report::html::page),
        Command::Table(args) => render(&args, report::table::table),
    }
}

fn run(
    args: &LoadArgs,
    runs: impl Future<Output = anyhow::Result<Vec<Run>>>,
) -> anyhow::Result<Vec<Run>> {
    process::allow_many_files();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(args.threads())
        .enable_all()
        .build()?;
    runtime.block_on(runs)
}

/// Prints the runs and writes what was asked for.
fn publish(args: &LoadArgs, runs: Vec<Run>) -> anyhow::Result<()> {
    runs.iter()
        .try_for_each(|run| say(&report::text::describe(run)))?;
    let started = jiff::Timestamp::from_millisecond(SystemClock.now().millis())?;
    let report = Report {
        format: report::FORMAT,
        started: started.to_string(),
        label: args.label.clone(),
        commit: args.commit.clone().or_else(commit_here),
        machine: Machine::here(),
        runs,
    };
    if let Some(path) = &args.json {
        report.write(path)?;
    }
    match &args.html {
        Some(path) => write(path, &report::html::page(&[report])),
        None => Ok(()),
    }
}

fn commit_here() -> Option<String> {
    let output = Program::new("git")
        .args(["rev-parse", "--short", "HEAD"])
        .output()
        .ok()?;
    let text = output
        .status
        .success()
        .then(|| String::from_utf8(output.stdout).ok())?;
    text.map(|commit| commit.trim().to_owned())
}

fn limit(args: &LimitArgs) -> anyhow::Result<()> {
    let mut limits = sogs::limits(args);
    limits.extend(smp::limits(args));
    if args.json {
        return say(&(serde_json::to_string_pretty(&limits)? + "\n"));
    }
    limits
        .iter()
        .try_for_each(|(name, limit)| say(&report::text::describe_limit(name, limit)))
}

fn render(args: &RenderArgs, make: fn(&[Report]) -> String) -> anyhow::Result<()> {
    let reports: anyhow::Result<Vec<Report>> =
        args.reports.iter().map(|path| Report::read(path)).collect();
    let text = make(&reports?);
    match &args.out {
        Some(path) => write(path, &text),
        None => say(&text),
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn say(text: &str) -> anyhow::Result<()> {
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}
