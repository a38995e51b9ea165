//! What happens by the clock: lost subscriptions are told, notifications handed out, and what
//! memory has counted is written down.

use std::collections::HashSet;
use std::sync::Arc;

use relay_core::tasks::Tasks;
use relay_storage::WriteError;

use super::outbox::Outbox;
use super::shared::Shared;
use super::{Answer, Engine, Said};
use crate::queue::{EntityId, Side};
use crate::stats::Counter;
use crate::stats::counters::BASE;
use crate::store::figures::Flush;
use crate::store::sweep::{DropNotifications, MarkUsed};
use crate::store::{NOTIFICATIONS_READ, NotificationRow};
use crate::wire::ServiceRole;

/// Queues marked as used in one unit of work.
const MARKED: usize = 1000;

impl Engine {
    /// Starts the ticks that hand out notifications and `END`s.
    pub(crate) fn run(&self, tasks: &Tasks) {
        let engine = self.clone();
        tasks.spawn("smp.end", async move {
            loop {
                let shared = &engine.shared;
                shared.clock.sleep(shared.settings.now().end_tick).await;
                engine.tell_lost();
            }
        });
        let engine = self.clone();
        tasks.spawn("smp.notifications", async move {
            loop {
                let shared = &engine.shared;
                shared
                    .clock
                    .sleep(shared.settings.now().notification_tick)
                    .await;
                engine.hand_out_notifications().await;
            }
        });
        let engine = self.clone();
        tasks.spawn("smp.days", async move { engine.end_days().await });
        let engine = self.clone();
        tasks.spawn("smp.count", async move {
            if let Err(error) = engine.shared.count_all().await {
                tracing::warn!(relay = "smp", "counting queues: {error}");
            }
        });
    }

    /// Tells connections what they lost.
    pub(crate) fn tell_lost(&self) {
        let connections = self.shared.later.tick();
        self.shared.counters.add(Counter::QSubEndB, connections);
    }

    /// Hands waiting notifications to their subscribers, oldest first.
    pub(crate) async fn hand_out_notifications(&self) {
        for service in self.shared.services.take_due() {
            self.shared.hand_out_to_service(service).await;
        }
        let shared = &self.shared;
        let mut rows = shared.due.take();
        rows.retain(|row| shared.can_be_handed(*row));
        if rows.is_empty() {
            return;
        }
        match shared.reads.notifications(&rows).await {
            Ok(waiting) => {
                // More may wait than was read.
                if waiting.len() >= NOTIFICATIONS_READ {
                    for row in rows {
                        shared.due.add(row);
                    }
                }
                let subscriber = |row| shared.notifiers.subscriber(row);
                shared.hand_out(waiting, subscriber).await;
            }
            Err(_) => rows.into_iter().for_each(|row| shared.due.add(row)),
        }
    }

    /// Writes down counters, active queues and when queues were used.
    pub(crate) async fn flush(&self) -> Result<(), WriteError> {
        self.shared.flush_used().await?;
        self.shared.flush_figures().await
    }

    /// Writes down what is only in memory.
    pub(crate) async fn stop(&self) {
        if let Err(error) = self.flush().await {
            tracing::warn!(relay = "smp", "statistics were not written down: {error}");
        }
    }
}

impl Shared {
    /// Whether a notifier listens now; one that has much to read already is asked again later.
    fn can_be_handed(&self, row: i64) -> bool {
        let Some(outbox) = self.notifiers.subscriber(row) else {
            return false;
        };
        let busy = outbox.is_busy();
        if busy {
            self.counters.count(Counter::MsgNtfLost);
            self.due.add(row);
        }
        !busy
    }

    /// Hands a service what waits for it, as long as it reads.
    async fn hand_out_to_service(&self, service: EntityId) {
        while let Some(outbox) = self.services.outbox(&service) {
            if outbox.is_busy() {
                self.counters.count(Counter::MsgNtfLost);
                return self.services.add_due(service);
            }
            let Ok(waiting) = self.reads.service_notifications(&service).await else {
                return self.services.add_due(service);
            };
            let all = waiting.len() < NOTIFICATIONS_READ;
            let handed = self.hand_out(waiting, |_| Some(Arc::clone(&outbox))).await;
            if all || !handed {
                return;
            }
        }
    }

    /// Hands out what has a subscriber; whether it is also gone from the database.
    async fn hand_out(
        &self,
        waiting: Vec<NotificationRow>,
        subscriber: impl Fn(i64) -> Option<Arc<Outbox>>,
    ) -> bool {
        let mut handed = Vec::with_capacity(waiting.len());
        let mut connections = HashSet::new();
        for notification in waiting {
            if let Some(outbox) = subscriber(notification.queue) {
                connections.insert(Arc::as_ptr(&outbox).addr());
                handed.push(notification.id);
                outbox.say(event(notification));
            }
        }
        if handed.is_empty() {
            return true;
        }
        self.counters.add(Counter::MsgNtfs, count(handed.len()));
        self.counters
            .add(Counter::MsgNtfsB, count(connections.len()));
        self.counts.notifications_gone(count(handed.len()));
        let dropped = self.store.write(DropNotifications(handed)).await;
        dropped
            .inspect_err(|error| {
                // They will be handed out once more.
                tracing::warn!(relay = "smp", "notifications were not removed: {error}");
            })
            .is_ok()
    }

    async fn flush_used(&self) -> Result<(), WriteError> {
        let (queues, day) = (self.used.take(), self.today());
        for queues in queues.chunks(MARKED) {
            let queues = queues.to_vec();
            self.store.write(MarkUsed { queues, day }).await?;
        }
        Ok(())
    }

    async fn flush_figures(&self) -> Result<(), WriteError> {
        let (cleared, chunks) = self.active.changes();
        let mut counters = Vec::new();
        for (name, total, base) in self.counters.rows() {
            counters.push((name.to_owned(), total));
            counters.push((format!("{BASE}{name}"), base));
        }
        let began = self.period_began.load(std::sync::atomic::Ordering::Relaxed);
        counters.push((FROM.to_owned(), began));
        let flush = Flush {
            counters,
            cleared: cleared.clone(),
            chunks: chunks.clone(),
        };
        let written = self.store.write(flush).await;
        if written.is_err() {
            self.active.changed_still(&cleared, &chunks);
        }
        written
    }

    /// Counts what is there: looks at every row, so not before serving.
    pub(crate) async fn count_all(&self) -> Result<(), relay_storage::ReadError> {
        let before = self.counts.totals();
        let (queues, notifiers) = self.reads.count_queues().await?;
        let (messages, notifications) = self.reads.count_waiting().await?;
        let signed = |n| i64::try_from(n).unwrap_or(i64::MAX);
        for role in [ServiceRole::Messaging, ServiceRole::Notifier] {
            let Some(side) = Side::of(role) else { continue };
            let (before, now) = (
                self.services.totals(side),
                self.reads.count_services(role).await?,
            );
            (self.services).add_services(side, now.services - before.services);
            self.services.add_queues(side, now.queues - before.queues);
        }
        self.counts.queues(signed(queues) - before.queues);
        self.counts.notifiers(signed(notifiers) - before.notifiers);
        self.counts.messages(signed(messages) - before.messages);
        self.counts
            .notifications(signed(notifications) - before.notifications);
        Ok(())
    }
}

/// The counter that says when the period began.
pub(crate) const FROM: &str = "fromTime";

fn event(notification: NotificationRow) -> Answer {
    let said = Said::Nmsg {
        nonce: notification.nonce,
        meta: notification.meta,
    };
    Answer::event(&notification.notifier_id, said)
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
