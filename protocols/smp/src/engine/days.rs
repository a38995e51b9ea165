//! The end of a day: its line of statistics, and a new period.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::Engine;
use super::shared::DAY;
use crate::queue::Side;
use crate::stats::Period;
use crate::stats::daily::{Ended, date};

const PERIODS: [Period; 6] = [
    Period::Day,
    Period::Week,
    Period::Month,
    Period::NtfDay,
    Period::NtfWeek,
    Period::NtfMonth,
];

impl Engine {
    /// Ends each day at midnight UTC.
    pub(crate) async fn end_days(&self) {
        loop {
            let now = self.shared.clock.now();
            let to_midnight = (DAY * 1000) - now.millis().rem_euclid(DAY * 1000);
            let to_midnight = Duration::from_millis(u64::try_from(to_midnight).unwrap_or(1));
            self.shared.clock.sleep(to_midnight).await;
            if let Err(error) = self.end_day().await {
                tracing::warn!(relay = "smp", "daily statistics were not written: {error}");
            }
        }
    }

    /// Writes the line of the period that ends now, and begins the next. If it cannot be written,
    /// the period goes on.
    pub(crate) async fn end_day(&self) -> std::io::Result<()> {
        let shared = &self.shared;
        let (until, now) = (shared.counters.snapshot(), shared.now());
        let ended = Ended {
            began: shared.period_began.load(Ordering::Relaxed),
            today: date(now),
            counters: &shared.counters,
            until: &until,
            active: &shared.active,
            totals: shared.counts.totals(),
            services: [Side::Recipient, Side::Notifier].map(|side| shared.services.totals(side)),
        };
        let settings = shared.settings.now();
        if let Some(file) = &settings.statistics_file {
            append(file, &ended.line(settings.statistics_columns)).await?;
        }
        for period in PERIODS.into_iter().filter(|period| ended.ends(*period)) {
            shared.active.clear(period);
        }
        shared.counters.begin_period(&until);
        shared.period_began.store(now, Ordering::Relaxed);
        Ok(())
    }
}

async fn append(path: &Path, line: &str) -> std::io::Result<()> {
    let mut options = tokio::fs::OpenOptions::new();
    let mut file = options
        .create(true)
        .append(true)
        .mode(0o640)
        .open(path)
        .await?;
    file.write_all(line.as_bytes()).await?;
    file.flush().await
}
