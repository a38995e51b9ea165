//! A run in a few lines, for the terminal.

use std::fmt::Write as _;

use crate::report::{Limit, Run};

/// Everything one wants to know at once.
pub(crate) fn describe(run: &Run) -> String {
    let mut text = format!("{}: {:.1} operations/s", run.name(), run.rate);
    if let Some(spread) = run.rate_spread {
        let _ = write!(text, " (± {:.0} %)", spread.relative() * 100.0);
    }
    let _ = writeln!(text, ", {} in {:.1} s", run.operations, run.seconds);
    let lines = [
        latency(run),
        server(run),
        limit(run),
        shares(run),
        Some(generator(run)),
    ];
    for line in lines.into_iter().flatten() {
        let _ = writeln!(text, "  {line}");
    }
    for (why, count) in &run.failures {
        let _ = writeln!(text, "  {count} failed: {why}");
    }
    for (place, seconds) in &run.spent {
        let _ = writeln!(text, "  {:>9.1} µs/operation in {place}", seconds * 1e6);
    }
    text
}

fn latency(run: &Run) -> Option<String> {
    let latency = run.latency.as_ref()?;
    let [p50, p90, p99, p999, max] = [
        latency.p50,
        latency.p90,
        latency.p99,
        latency.p999,
        latency.max,
    ]
    .map(time);
    Some(format!(
        "latency  p50 {p50}  p90 {p90}  p99 {p99}  p99.9 {p999}  max {max}"
    ))
}

fn server(run: &Run) -> Option<String> {
    let server = run.server.as_ref()?;
    Some(format!(
        "server   {:.0} µs CPU and {} written an operation; memory {} → {}",
        server.cpu_micros_per_operation,
        size(server.written_per_operation),
        size(real(server.used.rss_before)),
        size(real(server.used.rss_after)),
    ))
}

fn limit(run: &Run) -> Option<String> {
    let limit = run.limit.as_ref()?;
    let over = run
        .over_limit()
        .map(|over| format!("; the server takes {over:.2} times that"));
    Some(format!(
        "limit    {:.0} µs of cryptography{}",
        limit.micros,
        over.unwrap_or_default()
    ))
}

fn shares(run: &Run) -> Option<String> {
    let shares = run.shares()?;
    Some(format!(
        "of that  {:.0} µs cryptography, {:.0} µs database, {:.0} µs everything else",
        shares.cryptography, shares.database, shares.rest
    ))
}

fn generator(run: &Run) -> String {
    let generator = &run.generator;
    let warning = generator.warning.as_ref();
    let warning = warning.map(|warning| format!("; {warning}"));
    format!(
        "client   {:.0} µs CPU an operation, {:.0} % of its cores{}",
        generator.cpu_micros_per_operation,
        generator.share * 100.0,
        warning.unwrap_or_default(),
    )
}

/// The parts of a limit.
pub(crate) fn describe_limit(name: &str, limit: &Limit) -> String {
    let mut text = format!("{name}: {:.1} µs an operation on one core\n", limit.micros);
    for part in &limit.parts {
        let _ = writeln!(
            text,
            "  {:>8.1} µs × {}  {}",
            part.micros, part.times, part.name
        );
    }
    text
}

/// Microseconds in the unit people would use.
pub(crate) fn time(micros: u64) -> String {
    let micros = real(micros);
    if micros < 1000.0 {
        format!("{micros:.0} µs")
    } else if micros < 1e6 {
        format!("{:.2} ms", micros / 1e3)
    } else {
        format!("{:.2} s", micros / 1e6)
    }
}

/// Bytes in the unit people would use.
pub(crate) fn size(bytes: f64) -> String {
    if bytes < 1000.0 {
        format!("{bytes:.0} B")
    } else if bytes < 1e6 {
        format!("{:.1} kB", bytes / 1e3)
    } else {
        format!("{:.1} MB", bytes / 1e6)
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub(crate) fn real(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::report;

    #[test]
    fn units_are_those_people_use() {
        assert_eq!(
            [time(999), time(1500), time(2_500_000)],
            ["999 µs", "1.50 ms", "2.50 s"]
        );
        assert_eq!(
            [size(10.0), size(1500.0), size(2.5e6)],
            ["10 B", "1.5 kB", "2.5 MB"]
        );
    }

    #[test]
    fn a_run_says_how_far_from_the_limit_it_is() {
        let text = describe(&report(&[100.0]).runs[0]);
        assert!(
            text.contains("100.0 operations/s") && text.contains("2.00 times"),
            "{text}"
        );
        assert!(text.contains("3 failed: status 503"), "{text}");
        assert!(
            text.contains("100 µs cryptography, 20 µs database, 80 µs everything else"),
            "{text}"
        );
    }
}
