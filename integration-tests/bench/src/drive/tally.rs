//! What is counted of operations.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::{Failure, Traffic};
use crate::latency::{Latencies, Latency};

/// More different failures than this are counted as one.
const KINDS: usize = 20;

#[derive(Debug)]
pub(super) struct Tally {
    from: Instant,
    all: u64,
    counted: u64,
    latencies: Latencies,
    lateness: Latencies,
    failures: BTreeMap<String, u64>,
    traffic: Traffic,
    /// Done in each second of the measured time.
    seconds: Vec<u64>,
    last: Option<Instant>,
}

/// What came of the measured time.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// From its begin until the last operation was done.
    pub(crate) elapsed: Duration,
    pub(crate) operations: u64,
    /// By what was said.
    pub(crate) failures: BTreeMap<String, u64>,
    /// From when operations were due.
    pub(crate) latency: Option<Latency>,
    /// How late the generator's own timer was.
    pub(crate) lateness: Option<Latency>,
    /// Of all successful operations.
    pub(crate) traffic: Traffic,
    /// Operations done in each whole second.
    pub(crate) seconds: Vec<u64>,
}

impl Tally {
    pub(super) fn new(from: Instant, measure: Duration) -> anyhow::Result<Self> {
        let seconds = usize::try_from(measure.as_secs())?;
        Ok(Self {
            from,
            all: 0,
            counted: 0,
            latencies: Latencies::new()?,
            lateness: Latencies::new()?,
            failures: BTreeMap::new(),
            traffic: Traffic::default(),
            seconds: vec![0; seconds],
            last: None,
        })
    }

    /// All that were done, the warm-up's too.
    pub(super) fn operations(&self) -> u64 {
        self.all
    }

    pub(super) fn record(
        &mut self,
        due: Instant,
        late: Option<Duration>,
        done: Instant,
        result: Result<Traffic, Failure>,
    ) {
        self.all += 1;
        if due < self.from {
            return;
        }
        self.last = self.last.max(Some(done));
        if let Some(late) = late {
            self.lateness.record(late);
        }
        match result {
            Ok(traffic) => self.succeeded(due, done, traffic),
            Err(failure) => self.failed(failure),
        }
    }

    fn succeeded(&mut self, due: Instant, done: Instant, traffic: Traffic) {
        self.counted += 1;
        self.latencies.record(done.duration_since(due));
        self.traffic.sent += traffic.sent;
        self.traffic.received += traffic.received;
        let second = usize::try_from(done.duration_since(self.from).as_secs());
        if let Some(second) = second.ok().and_then(|index| self.seconds.get_mut(index)) {
            *second += 1;
        }
    }

    fn failed(&mut self, Failure(why): Failure) {
        let known = self.failures.len() < KINDS || self.failures.contains_key(&why);
        let why = if known { why } else { "others".to_owned() };
        *self.failures.entry(why).or_default() += 1;
    }

    pub(super) fn outcome(&self, now: Instant) -> Outcome {
        Outcome {
            elapsed: self.last.unwrap_or(now).duration_since(self.from),
            operations: self.counted,
            failures: self.failures.clone(),
            latency: self.latencies.summary(),
            lateness: self.lateness.summary(),
            traffic: self.traffic,
            seconds: self.seconds.clone(),
        }
    }
}
