//! What changed from one report to another.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::report::{Report, Run};
use crate::stats::{Spread, paired};

/// Takes one figure of a run.
type Figure = fn(&Run) -> Option<f64>;

/// What is compared, and whether more is better.
const MEASURES: [(&str, bool, Figure); 5] = [
    ("operations/s", true, |run| Some(run.rate)),
    ("server CPU, µs", false, |run| {
        Some(run.server.as_ref()?.cpu_micros_per_operation)
    }),
    ("median latency, µs", false, |run| {
        Some(micros(run.latency.as_ref()?.p50))
    }),
    ("p99 latency, µs", false, |run| {
        Some(micros(run.latency.as_ref()?.p99))
    }),
    ("server memory, B", false, |run| {
        Some(micros(run.server.as_ref()?.used.rss_after))
    }),
];

/// One line of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) run: String,
    pub(crate) measure: &'static str,
    pub(crate) a: f64,
    pub(crate) b: f64,
    /// b / a.
    pub(crate) ratio: Spread,
    /// `None` when the spread leaves it open.
    pub(crate) better: Option<bool>,
}

/// All runs both have, under the same name. Where both have as many, they count as pairs.
pub(crate) fn compare(a: &Report, b: &Report) -> Vec<Line> {
    let (a, b) = (by_name(a), by_name(b));
    let both = a
        .iter()
        .filter_map(|(name, a)| Some((name, a, b.get(name)?)));
    let lines = both.flat_map(|(name, a, b)| {
        MEASURES.iter().filter_map(|&(measure, more, value)| {
            let (a, b) = (values(a, value), values(b, value));
            line(name, measure, more, &a, &b)
        })
    });
    lines.collect()
}

/// Of several runs a run's place in its report is its round.
fn by_name(report: &Report) -> BTreeMap<String, Vec<&Run>> {
    let mut named: BTreeMap<String, Vec<&Run>> = BTreeMap::new();
    for run in &report.runs {
        named.entry(run.name()).or_default().push(run);
    }
    named
}

fn values(runs: &[&Run], value: Figure) -> Vec<f64> {
    runs.iter().filter_map(|run| value(run)).collect()
}

fn line(name: &str, measure: &'static str, more: bool, a: &[f64], b: &[f64]) -> Option<Line> {
    let (of_a, of_b) = (Spread::of(a)?, Spread::of(b)?);
    let ratio = if a.len() == b.len() {
        paired(b, a)?
    } else {
        of_b.ratio(of_a)
    };
    let sure = a.len() > 1 && (ratio.low > 1.0 || ratio.high < 1.0);
    ratio.median.is_finite().then(|| Line {
        run: name.to_owned(),
        measure,
        a: of_a.median,
        b: of_b.median,
        ratio,
        better: sure.then_some((ratio.median > 1.0) == more),
    })
}

/// As text for people.
pub(crate) fn describe(lines: &[Line]) -> String {
    let mut text = format!(
        "{:34} {:22} {:>12} {:>12} {:>7}  {:>13}\n",
        "run", "measure", "a", "b", "b / a", "middle half"
    );
    for line in lines {
        let verdict = match line.better {
            Some(true) => "better",
            Some(false) => "worse",
            None => "",
        };
        let Spread { low, median, high } = line.ratio;
        let _ = writeln!(
            text,
            "{:34} {:22} {:>12.1} {:>12.1} {median:>7.3}  {low:>5.3} – {high:<5.3} {verdict}",
            line.run, line.measure, line.a, line.b
        );
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn micros(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::report;

    #[test]
    fn pairs_cancel_drift() {
        let a = report(&[100.0, 50.0, 10.0]);
        let b = report(&[110.0, 55.0, 11.0]);
        let lines = compare(&a, &b);
        let rate = lines
            .iter()
            .find(|line| line.measure == "operations/s")
            .unwrap();
        assert!((rate.ratio.median - 1.1).abs() < 1e-9 && (rate.ratio.low - 1.1).abs() < 1e-9);
        assert_eq!(rate.better, Some(true));
        assert!(describe(&lines).contains("better"));
    }

    #[test]
    fn one_run_each_decides_nothing() {
        let lines = compare(&report(&[100.0]), &report(&[110.0]));
        assert!(lines.iter().all(|line| line.better.is_none()));
    }

    #[test]
    fn runs_of_another_name_are_not_compared() {
        let mut other = report(&[1.0]);
        other.runs[0].scenario = "else".into();
        assert!(compare(&report(&[1.0]), &other).is_empty());
    }
}
