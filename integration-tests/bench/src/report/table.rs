//! The table of figures in the documentation: made here, never by hand.

use std::fmt::Write as _;

use super::text::{size, time};
use crate::report::{Report, Run};

const HEAD: &str = "\
# Benchmarks

Made by `relay-bench table`: do not edit. `integration-tests/bench` says what the scenarios are. Server CPU, limit,
database and bytes written are of one operation. The limit is its cryptography alone, on one core of the same machine, measured
beside it; database is what the threads of SQLite took of the server's CPU.

";

/// All reports, each with when and where it was made; those of one day, server and machine share a
/// table.
pub(crate) fn table(reports: &[Report]) -> String {
    let mut text = String::from(HEAD);
    for same in reports.chunk_by(|one, next| heading(one) == heading(next)) {
        let whose = same.first().map(heading).unwrap_or_default();
        let _ = writeln!(text, "{whose}\n");
        text.push_str("| scenario | load | operations/s | p50 | p99 | server CPU | limit | CPU / limit | database | written | memory |\n");
        text.push_str("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
        let runs = same.iter().flat_map(|report| &report.runs);
        runs.for_each(|run| text.push_str(&row(run)));
        text.push('\n');
    }
    text
}

/// Who, when, which sources, on what.
pub(crate) fn heading(report: &Report) -> String {
    let commit = report
        .commit
        .as_deref()
        .map(|commit| format!(", commit {commit}"));
    let day = report.started.get(..10).unwrap_or(&report.started);
    let commit = commit.unwrap_or_default();
    format!(
        "{}, {day}{commit}; {}; load from the same machine.",
        report.label,
        report.machine.describe()
    )
}

/// With what must not be overlooked.
fn rate(run: &Run) -> String {
    match run.failures.values().sum::<u64>() {
        0 => format!("{:.0}", run.rate),
        failed => format!("{:.0}, {failed} failed", run.rate),
    }
}

fn row(run: &Run) -> String {
    let load = match run.load.rate {
        Some(rate) => format!("{rate}/s"),
        None => format!("{} connections", run.load.connections),
    };
    let latency = |pick: fn(&crate::latency::Latency) -> u64| {
        run.latency.as_ref().map(|latency| time(pick(latency)))
    };
    let cells = [
        Some(format!("{} {}", run.protocol, run.scenario)),
        Some(load),
        Some(rate(run)),
        latency(|latency| latency.p50),
        latency(|latency| latency.p99),
        run.server
            .as_ref()
            .map(|server| format!("{:.0} µs", server.cpu_micros_per_operation)),
        run.limit
            .as_ref()
            .map(|limit| format!("{:.0} µs", limit.micros)),
        run.over_limit().map(|over| format!("{over:.2}")),
        run.shares()
            .map(|shares| format!("{:.0} µs", shares.database)),
        run.server
            .as_ref()
            .map(|server| size(server.written_per_operation)),
        run.server
            .as_ref()
            .map(|server| size(super::text::real(server.used.rss_after))),
    ];
    let cells = cells.map(|cell| cell.unwrap_or_else(|| "–".to_owned()));
    format!("| {} |\n", cells.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::report;

    #[test]
    fn a_table_has_a_row_a_run_and_says_where_it_is_from() {
        let text = table(&[report(&[100.0]), report(&[200.0])]);
        assert_eq!(text.matches("| scenario |").count(), 1);
        assert_eq!(
            text.lines()
                .filter(|line| line.starts_with("| sogs poll"))
                .count(),
            2
        );
        assert!(text.contains("| 100, 3 failed |"), "{text}");
        assert!(text.contains("\nours, 2026-11-21, commit abc; "), "{text}");
        let cells = text
            .lines()
            .map(|line| line.matches(" | ").count())
            .filter(|count| *count > 0);
        assert!(
            cells
                .collect::<Vec<_>>()
                .windows(2)
                .all(|pair| pair[0] == pair[1])
        );
    }
}
