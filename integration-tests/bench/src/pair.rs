//! Runs two commands alternately, A B A B, so that a machine that drifts does so for both.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use crate::args::PairArgs;
use crate::report::Report;

/// The runs of all rounds, of both.
pub(crate) fn pair(args: &PairArgs) -> anyhow::Result<(Report, Report)> {
    let (mut a, mut b) = (None, None);
    for round in 0..args.rounds.max(1) {
        // Who begins changes, so that whoever comes second does not always meet a warm machine.
        let mut both = [(&args.a, "a", &mut a), (&args.b, "b", &mut b)];
        if round % 2 == 1 {
            both.reverse();
        }
        for (command, name, all) in both {
            add(all, once(command, &args.dir.join(format!("{name}.json")))?);
        }
    }
    let (a, b) = (a.context("no round")?, b.context("no round")?);
    a.write(&args.dir.join("a.json"))?;
    b.write(&args.dir.join("b.json"))?;
    Ok((a, b))
}

fn once(command: &str, json: &Path) -> anyhow::Result<Report> {
    let json_argument = json.to_string_lossy().replace('\'', "'\\''");
    let status = Command::new("sh")
        .args(["-c", &format!("{command} --json '{json_argument}'")])
        .stdout(Stdio::null())
        .status()
        .context("cannot run sh")?;
    ensure!(status.success(), "`{command}` failed: {status}");
    Report::read(json)
}

fn add(all: &mut Option<Report>, report: Report) {
    match all {
        Some(all) => all.runs.extend(report.runs),
        None => *all = Some(report),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::report;

    #[test]
    fn rounds_are_collected_in_their_order() {
        let mut all = None;
        add(&mut all, report(&[1.0]));
        add(&mut all, report(&[2.0]));
        let rates: Vec<f64> = all.unwrap().runs.iter().map(|run| run.rate).collect();
        assert_eq!(rates, [1.0, 2.0]);
    }

    #[test]
    fn a_command_that_fails_is_said() {
        let error = once("false", Path::new("/nowhere/a.json")).unwrap_err();
        assert!(error.to_string().contains("failed"));
    }
}
