//! How long operations took: an HDR histogram in microseconds, and what a report keeps of it.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Values are kept to one part in a thousand.
const DIGITS: u8 = 3;
const LONGEST: Duration = Duration::from_mins(10);

/// What a report draws its curve from.
const CURVE: [f64; 18] = [
    1.0, 5.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 95.0, 98.0, 99.0, 99.5, 99.9,
    99.99, 100.0,
];

/// Collects latencies.
#[derive(Debug)]
pub(crate) struct Latencies(Histogram<u64>);

/// Percentiles, in microseconds.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Latency {
    pub(crate) mean: f64,
    pub(crate) p50: u64,
    pub(crate) p90: u64,
    pub(crate) p99: u64,
    pub(crate) p999: u64,
    pub(crate) max: u64,
    /// Percentile and value.
    pub(crate) curve: Vec<(f64, u64)>,
}

impl Latencies {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let longest = u64::try_from(LONGEST.as_micros())?;
        Ok(Self(Histogram::new_with_max(longest, DIGITS)?))
    }

    /// What took longer than can be kept counts as the longest.
    pub(crate) fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.0.saturating_record(micros);
    }

    /// `None` when nothing was recorded.
    pub(crate) fn summary(&self) -> Option<Latency> {
        let at = |percent| self.0.value_at_percentile(percent);
        (!self.0.is_empty()).then(|| Latency {
            mean: self.0.mean(),
            p50: at(50.0),
            p90: at(90.0),
            p99: at(99.0),
            p999: at(99.9),
            max: self.0.max(),
            curve: CURVE.map(|percent| (percent, at(percent))).to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_recorded_is_no_latency() {
        assert!(Latencies::new().unwrap().summary().is_none());
    }

    #[test]
    fn percentiles_are_those_of_the_samples() {
        let mut latencies = Latencies::new().unwrap();
        (1..=1000).for_each(|ms| latencies.record(Duration::from_millis(ms)));
        let summary = latencies.summary().unwrap();
        let near = |given: u64, ms: u64| given.abs_diff(ms * 1000) <= ms + 1;
        assert!(near(summary.p50, 500) && near(summary.p99, 990) && near(summary.max, 1000));
        assert_eq!(summary.curve.len(), CURVE.len());
    }

    #[test]
    fn the_unkeepable_counts_as_the_longest() {
        let mut latencies = Latencies::new().unwrap();
        latencies.record(Duration::from_secs(10_000));
        assert!(latencies.summary().unwrap().max >= 600_000_000);
    }
}
