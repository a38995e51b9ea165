//! Figures about the daemon as a whole: how its parts and workers are, and when it was last backed
//! up. Brought up to date whenever somebody looks.

use crate::clock::UnixTime;
use crate::core::VERSION;
use crate::protocol::Health;
use crate::telemetry::metrics::{IntCounter, IntGauge, IntGaugeVec, Metrics};
use crate::worker::WorkerStatus;

/// Figures of the daemon.
#[derive(Debug)]
pub(crate) struct OwnMetrics {
    parts: IntGaugeVec,
    failing: IntGaugeVec,
    last_runs: IntGaugeVec,
    backup: IntGauge,
    admin_refused: IntCounter,
}

impl OwnMetrics {
    /// Registers them.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let build = metrics.gauges(
            "relayd_build_info",
            "Always 1; the version is the label.",
            &["version"],
        );
        build.with_label_values(&[VERSION]).set(1);
        Self {
            parts: metrics.gauges(
                "relayd_part_healthy",
                "1 while a part of the daemon does its work, 0 while it does not.",
                &["part"],
            ),
            failing: metrics.gauges(
                "relayd_worker_failing",
                "1 if the last run of a background worker failed.",
                &["worker"],
            ),
            last_runs: metrics.gauges(
                "relayd_worker_last_run_timestamp_seconds",
                "When a background worker last ran; 0 before its first run.",
                &["worker"],
            ),
            backup: metrics.gauge(
                "relayd_backup_last_timestamp_seconds",
                "When relayd last made a backup; 0 if it never did.",
            ),
            admin_refused: metrics.counter(
                "relayd_admin_refused_total",
                "Requests to the admin API over TCP that came without the right token.",
            ),
        }
    }

    /// Notes how everything is; called before a scrape.
    pub(crate) fn note(&self, parts: &[(&'static str, Health)], workers: &[WorkerStatus]) {
        for (part, health) in parts {
            let healthy = i64::from(*health == Health::Well);
            self.parts.with_label_values(&[part]).set(healthy);
        }
        for worker in workers {
            let last = worker.last.as_ref();
            let failed = last.is_some_and(|run| run.outcome.is_err());
            let at = last.map_or(0, |run| run.at.secs());
            let name = &[worker.name];
            self.failing.with_label_values(name).set(failed.into());
            self.last_runs.with_label_values(name).set(at);
        }
    }

    pub(crate) fn backed_up(&self, at: UnixTime) {
        self.backup.set(at.secs());
    }

    pub(crate) fn last_backup(&self) -> Option<UnixTime> {
        Some(self.backup.get())
            .filter(|secs| *secs > 0)
            .map(UnixTime::from_secs)
    }

    pub(crate) fn admin_refused(&self) {
        self.admin_refused.inc();
    }
}
