//! Watching a run from outside: the server's process, the generator's own, the machine.

use std::fs;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::Instant;

use crate::drive::{Observer, Outcome};
use crate::latency::Latency;
use crate::metrics::{self, Sums};
use crate::process::Usage;
use crate::report::{GeneratorUse, ServerUse};

/// A generator that uses more of its cores than this may be what limits.
const BUSY: f64 = 0.8;
/// A timer later than this says the same.
const LATE: u64 = 5_000;
/// Less idle time than this, and server and generator compete for the cores.
const IDLE: f64 = 0.05;

#[derive(Debug)]
pub(crate) struct Watch {
    pid: Option<u32>,
    metrics: Option<String>,
    threads: usize,
    bar: ProgressBar,
    before: Option<Look>,
    after: Option<Look>,
    /// Resident memory as time went by.
    memory: Vec<(f64, u64)>,
}

#[derive(Debug)]
struct Look {
    at: Instant,
    server: Option<Usage>,
    own: Usage,
    idle: Option<Duration>,
    sums: Sums,
}

impl Watch {
    pub(crate) fn new(
        pid: Option<u32>,
        metrics: Option<String>,
        threads: usize,
        name: &str,
        quiet: bool,
    ) -> Self {
        let bar = if quiet {
            ProgressBar::hidden()
        } else {
            ProgressBar::new(1000)
        };
        let style = ProgressStyle::with_template("{prefix:30} {bar:30} {elapsed} {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_prefix(name.to_owned());
        Self {
            pid,
            metrics,
            threads,
            bar,
            before: None,
            after: None,
            memory: Vec::new(),
        }
    }

    fn look(&self) -> Look {
        let metrics = self.metrics.as_deref();
        Look {
            server: self.pid.and_then(Usage::of_tree),
            sums: metrics
                .and_then(|url| metrics::scrape(url).ok())
                .unwrap_or_default(),
            own: Usage::own(),
            idle: idle(),
            at: Instant::now(),
        }
    }

    /// Once a second, from the begin of the measured time on.
    fn note_memory(&mut self) {
        let Some(before) = &self.before else { return };
        let seconds = before.at.elapsed().as_secs_f64();
        if self
            .memory
            .last()
            .is_none_or(|(last, _)| seconds >= last + 1.0)
        {
            let usage = self.pid.and_then(Usage::of_tree);
            self.memory.extend(usage.map(|usage| (seconds, usage.rss)));
        }
    }

    /// The server's part of a finished run.
    pub(crate) fn server(&self, operations: u64) -> Option<ServerUse> {
        let (before, after) = (self.before.as_ref()?, self.after.as_ref()?);
        let used = after.server?.since(before.server?);
        Some(ServerUse {
            cpu_micros_per_operation: used.cpu_seconds * 1e6 / count(operations),
            written_per_operation: count(used.written) / count(operations),
            memory: self.memory.clone(),
            used,
        })
    }

    /// Seconds an operation, by what the server itself counts.
    pub(crate) fn spent(&self, operations: u64) -> Sums {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => {
                metrics::per_operation(&before.sums, &after.sums, count(operations))
            }
            _ => Sums::new(),
        }
    }

    /// The generator's part, and whether to trust the run.
    pub(crate) fn generator(&self, outcome: &Outcome) -> GeneratorUse {
        let (mut share, mut cpu, mut idle) = (0.0, 0.0, 1.0);
        if let (Some(before), Some(after)) = (&self.before, &self.after) {
            let elapsed = after.at.duration_since(before.at).as_secs_f64().max(1e-6);
            cpu = after.own.since(before.own).cpu_seconds;
            share = cpu / elapsed / count(self.threads as u64);
            idle = idle_share(before, after, elapsed).unwrap_or(1.0);
        }
        GeneratorUse {
            share,
            cpu_micros_per_operation: cpu * 1e6 / count(outcome.operations),
            warning: warning(share, idle, outcome.lateness.as_ref()),
            lateness: outcome.lateness.clone(),
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for Watch {
    fn begin(&mut self) {
        self.before = Some(self.look());
    }

    fn end(&mut self) {
        self.after = Some(self.look());
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a part of one"
    )]
    fn glance(&mut self, operations: u64, part: f64) {
        self.bar
            .set_position((part.clamp(0.0, 1.0) * 1000.0) as u64);
        self.bar.set_message(format!("{operations} operations"));
        self.note_memory();
    }
}

fn warning(share: f64, idle: f64, lateness: Option<&Latency>) -> Option<String> {
    let late = lateness.is_some_and(|late| late.p99 > LATE);
    if share > BUSY {
        Some(format!(
            "the generator was busy for {:.0} % of the time: it may be what limits",
            share * 100.0
        ))
    } else if late {
        Some("the generator's timer was late: latencies are too high".to_owned())
    } else if idle < IDLE {
        Some(
            "no core was idle: server and generator competed, trust processor time, not rates"
                .to_owned(),
        )
    } else {
        None
    }
}

/// The part of all cores that nobody used.
fn idle_share(before: &Look, after: &Look, elapsed: f64) -> Option<f64> {
    let idle = after.idle?.checked_sub(before.idle?)?.as_secs_f64();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Some(idle / elapsed / count(cores as u64))
}

/// Since the machine was started, all cores added up.
fn idle() -> Option<Duration> {
    let uptime = fs::read_to_string("/proc/uptime").ok()?;
    let seconds: f64 = uptime.split_whitespace().nth(1)?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// As a number to divide by: never zero.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of a run are far below 2^52"
)]
fn count(number: u64) -> f64 {
    number.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generator_at_its_end_says_so() {
        assert_eq!(warning(0.2, 0.5, None), None);
        assert!(warning(0.9, 0.5, None).unwrap().contains("90 %"));
        assert!(warning(0.5, 0.0, None).unwrap().contains("competed"));
    }

    #[test]
    fn a_late_timer_is_reported() {
        let mut latencies = crate::latency::Latencies::new().unwrap();
        latencies.record(Duration::from_millis(20));
        assert!(
            warning(0.2, 0.5, latencies.summary().as_ref())
                .unwrap()
                .contains("late")
        );
    }

    #[test]
    fn idle_time_passes() {
        assert!(idle().is_some());
    }
}
