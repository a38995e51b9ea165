//! Background work that operators see: expiry and statistics.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use relay_core::worker::{JobOutcome, Worker};
use relay_storage::WriteError;

use super::Engine;
use crate::stats::Counter;
use crate::store::services::Drift;
use crate::store::sweep::{ExpireMessages, ExpireNotifications};

impl Engine {
    /// What an operator sees at work.
    pub(crate) fn workers(&self) -> Vec<Worker> {
        let settings = self.shared.settings.now();
        vec![
            self.worker("smp.expire_messages", settings.message_check, |engine| {
                async move { engine.expire_messages().await }.boxed()
            }),
            self.worker(
                "smp.expire_notifications",
                settings.notification_check,
                |engine| async move { engine.expire_notifications().await }.boxed(),
            ),
            self.worker("smp.verify_services", settings.service_check, |engine| {
                async move { engine.verify_services().await }.boxed()
            }),
            self.worker("smp.statistics", settings.statistics_flush, |engine| {
                async move {
                    engine.flush().await?;
                    Ok("written".to_owned())
                }
                .boxed()
            }),
        ]
    }

    fn worker(
        &self,
        name: &'static str,
        every: Duration,
        job: fn(Self) -> BoxFuture<'static, JobOutcome>,
    ) -> Worker {
        let engine = self.clone();
        let job = Arc::new(move || job(engine.clone()));
        Worker { name, every, job }
    }

    async fn expire_messages(&self) -> JobOutcome {
        let removed = self.remove_old_messages().await?;
        Ok(format!("removed {removed} messages"))
    }

    async fn expire_notifications(&self) -> JobOutcome {
        let removed = self.remove_old_notifications().await?;
        Ok(format!("removed {removed} notifications"))
    }

    /// Counts what is each service's own, and repairs what its row says.
    async fn verify_services(&self) -> JobOutcome {
        let shared = &self.shared;
        let (mut verified, mut repaired, mut after) = (0, 0, Vec::new());
        loop {
            let services = shared.reads.services(&after).await?;
            let Some(last) = services.last() else {
                return Ok(format!("verified {verified} services, repaired {repaired}"));
            };
            after = last.id.to_vec();
            for service in &services {
                let drift = Drift::of(&shared.store, service).await;
                if let Some(drift) = shared.reads.noting(drift)? {
                    shared.store.write(drift).await?;
                    repaired += 1;
                    let by = drift.missing.count;
                    tracing::warn!(
                        relay = "smp",
                        "what a service's row said of its queues was wrong (by {by}) and is repaired"
                    );
                }
                verified += 1;
            }
        }
    }

    /// Removes messages that are too old, queue by queue in small steps.
    pub(crate) async fn remove_old_messages(&self) -> Result<u64, WriteError> {
        let shared = &self.shared;
        let Some(before) = shared.messages_expire_before() else {
            return Ok(0);
        };
        let (mut after, mut removed) = (i64::MIN, 0);
        loop {
            let swept = shared.store.write(ExpireMessages { after, before }).await?;
            removed += swept.removed;
            shared.counters.add(Counter::MsgExpired, swept.removed);
            shared.counts.messages_gone(swept.removed);
            match swept.next {
                Some(next) => after = next,
                None => return Ok(removed),
            }
            // Traffic comes first.
            tokio::task::yield_now().await;
        }
    }

    /// Removes notifications that are too old.
    pub(crate) async fn remove_old_notifications(&self) -> Result<u64, WriteError> {
        let shared = &self.shared;
        let lifetime = shared.settings.now().notification_lifetime;
        let before = shared.clock.now().minus(lifetime).secs();
        let mut removed = 0;
        loop {
            let step = shared.store.write(ExpireNotifications { before }).await?;
            if step == 0 {
                return Ok(removed);
            }
            removed += step;
            shared.counters.add(Counter::MsgNtfExpired, step);
            shared.counts.notifications_gone(step);
            // Traffic comes first.
            tokio::task::yield_now().await;
        }
    }
}
