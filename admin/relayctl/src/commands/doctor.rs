//! `relayctl doctor`: everything that is or will be wrong, each with what to do.
//!
//! Changes nothing (a database is opened as relayd opens it), needs no daemon, and goes on when something is missing: each check says what
//! it could not see. One file per check; to add one, add it to [`examine`].

mod backups;
mod certificates;
mod clock;
mod configuration;
mod daemon;
mod database;
mod disk;
mod files;
mod ground;
mod holder;
mod keys;
mod limits;
mod ports;
mod reach;
mod report;
mod smp;

use self::ground::Ground;
use self::report::{Level, Report};
use super::{Context, Outcome, Verdict};
use crate::cli::Doctor;
use crate::output::{Colour, Output, count, harmless};

pub(super) async fn run(doctor: &Doctor, context: &Context) -> Outcome {
    let ground = Ground::look(&context.global).await;
    let report = examine(&ground, doctor, context).await;
    context
        .output
        .answer(&report, || text(&report, context.output))?;
    Ok(Verdict::good_if(report.problems == 0))
}

async fn examine(ground: &Ground, doctor: &Doctor, context: &Context) -> Report {
    let output = context.output;
    let mut report = Report::default();
    configuration::check(ground, &mut report.section("configuration"));
    daemon::check(ground, &mut report.section("daemon"));
    files::check(ground, &mut report.section("files"));
    keys::check(ground, &mut report.section("keys"));
    certificates::check(ground, &mut report.section("certificates"));
    ports::check(ground, &mut report.section("ports"));
    if !doctor.offline {
        let _working = output.working("reaching the relays as clients do …");
        reach::check(ground, &context.global, &mut report.section("reach")).await;
    }
    // Before the database is opened, which may touch its file.
    clock::check(ground, &mut report.section("clock"));
    let working = doctor
        .deep
        .then(|| output.working("reading the whole database …"));
    database::check(ground, doctor.deep, &mut report.section("database")).await;
    drop(working);
    backups::check(ground, &mut report.section("backups"));
    disk::check(ground, &mut report.section("disk"));
    limits::check(ground, &mut report.section("limits"));
    report
}

fn text(report: &Report, output: Output) -> String {
    let mut lines = Vec::new();
    let mut section = "";
    for finding in &report.findings {
        if finding.section != section {
            section = finding.section;
            lines.push(section.to_owned());
        }
        let mark = mark(finding.level, output);
        lines.push(format!("  {mark}  {}", harmless(&finding.found)));
        let advice = finding.advice.as_deref();
        lines.extend(advice.map(|advice| format!("           → {}", harmless(advice))));
    }
    lines.push(String::new());
    lines.push(summary(report, output));
    lines.join("\n")
}

fn mark(level: Level, output: Output) -> String {
    match level {
        Level::Ok => output.paint(Colour::Good, "ok     "),
        Level::Warning => output.paint(Colour::Doubtful, "warning"),
        Level::Problem => output.paint(Colour::Bad, "problem"),
    }
}

fn summary(report: &Report, output: Output) -> String {
    let colour = match (report.problems, report.warnings) {
        (0, 0) => Colour::Good,
        (0, _) => Colour::Doubtful,
        _ => Colour::Bad,
    };
    let text = [
        count(report.problems, "problem"),
        count(report.warnings, "warning"),
    ];
    output.paint(colour, &text.join(", "))
}
