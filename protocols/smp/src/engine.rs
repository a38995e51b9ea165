//! The engine: blocks of commands in, answers and events out.
//!
//! An [`Engine`] is shared by all connections; each has a [`Connection`] of its own, which holds
//! its subscriptions and ends them when dropped. Queues are rows of the database: memory has
//! live subscriptions, a bounded cache of records and bounded events, nothing else.
//!
//! Promises:
//! - What is answered is committed.
//! - A message is delivered once per subscription, in the order of acceptance, and never stuck:
//!   who is told what is decided in commit order ([`committed`]) or looked at again if something was
//!   committed meanwhile ([`recent`]).
//! - All commands of a block are verified before any is executed, in equal time whether or not
//!   their queues exist ([`verify`]).

mod admin;
mod answer;
mod backlog;
mod belonging;
mod block;
mod change;
mod committed;
mod connection;
mod counted;
mod create;
mod days;
mod events;
mod forwarded;
mod inspect;
mod known;
mod lookup;
mod outbox;
mod overview;
mod recent;
mod records;
mod resolving;
mod room;
mod services;
mod settings;
mod shared;
mod step;
mod subscriptions;
mod task;
mod ticks;
mod verify;
mod workers;

#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use relay_core::clock::SharedClock;
use relay_core::entropy::Entropy;
use relay_core::telemetry::metrics::Metrics;
use relay_storage::{ReadError, Store};

pub(crate) use admin::{AdminError, Blocked, QueueState, Unblocked};
pub(crate) use answer::{Answer, Answers, Content, Said, Stored};
pub(crate) use connection::{Connection, Holdings, SessionFacts};
pub(crate) use outbox::Mailbox;
pub(crate) use overview::Figures;
pub(crate) use room::Room;
pub(crate) use settings::{LiveSettings, Settings};
pub(crate) use shared::Totals;

use recent::Recent;
use records::Records;
use services::Services;
use shared::{Counts, Later, Rows, Shared};
use subscriptions::{Notifiers, Subscriptions};

use crate::names::Names;
use crate::stats::{Active, Counters};
use crate::store::{Reads, figures};

/// Cheap handle on all queues, subscriptions and statistics. Every clone is the same.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    shared: Arc<Shared>,
}

/// What core gives the engine.
#[derive(Clone, Debug)]
pub(crate) struct Ground {
    pub(crate) store: Store,
    pub(crate) clock: SharedClock,
    pub(crate) entropy: Entropy,
    /// Who resolves names.
    pub(crate) names: Names,
}

impl Engine {
    /// Takes up what the database holds: counters, nothing that grows with the queues.
    pub(crate) async fn start(ground: Ground, settings: Settings) -> Result<Self, ReadError> {
        let shared = Shared {
            reads: Reads::new(ground.store.clone()),
            records: Records::new(settings.cache_bytes),
            subscriptions: Subscriptions::default(),
            notifiers: Notifiers::default(),
            services: Services::default(),
            names: ground.names,
            recent: Recent::default(),
            waiting: Arc::default(),
            counters: Counters::default(),
            active: Active::default(),
            counts: Counts::default(),
            due: Rows::default(),
            used: Rows::default(),
            later: Later::default(),
            blocks: admin::BlocksToday::default(),
            period_began: AtomicI64::new(ground.clock.now().secs()),
            store: ground.store,
            clock: ground.clock,
            entropy: ground.entropy,
            settings: LiveSettings::new(settings),
        };
        shared.restore().await?;
        let engine = Self {
            shared: Arc::new(shared),
        };
        engine.expire_on_start().await;
        Ok(engine)
    }

    /// Takes new settings over; how often workers run, and the size of the cache, stay until the
    /// next start.
    pub(crate) fn configure(&self, settings: Settings) {
        self.shared.settings.replace(settings);
    }

    /// A new connection.
    pub(crate) fn attach(&self, facts: SessionFacts) -> Connection {
        Connection::new(Arc::clone(&self.shared), facts)
    }

    /// The time, in unix seconds.
    pub(crate) fn now(&self) -> i64 {
        self.shared.now()
    }

    /// How many queues, notifiers, messages and notifications there are.
    pub(crate) fn totals(&self) -> Totals {
        self.shared.counts.totals()
    }

    /// How many subscriptions to queues and to notifications are live.
    pub(crate) fn subscriptions(&self) -> (usize, usize) {
        (self.shared.subscriptions.len(), self.shared.notifiers.len())
    }

    /// What is counted.
    pub(crate) fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    /// The queues active in a period.
    pub(crate) fn active(&self) -> &Active {
        &self.shared.active
    }

    /// Lets Prometheus ask for what is counted. Once per registry.
    pub(crate) fn publish(&self, metrics: &Metrics) {
        crate::stats::metrics::publish(self, metrics);
    }

    async fn expire_on_start(&self) {
        if !self.shared.settings.now().expire_on_start {
            return;
        }
        if let Err(error) = self.remove_old_messages().await {
            tracing::warn!(relay = "smp", "old messages were not removed: {error}");
        }
    }
}

impl Shared {
    async fn restore(&self) -> Result<(), ReadError> {
        for (name, value) in figures::counters(&self.store).await? {
            if name == ticks::FROM {
                (self.period_began).store(value, std::sync::atomic::Ordering::Relaxed);
            } else {
                self.counters.restore(&name, value);
            }
        }
        for chunk in figures::active(&self.store).await? {
            self.active.restore(&chunk);
        }
        Ok(())
    }
}
