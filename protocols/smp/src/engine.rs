//! The engine: blocks of commands in, answers and events out.
//!
//! An [`Engine`] is shared by all connections; each has a [`Connection`] of its own, which holds
//! its subscriptions and ends them when dropped. Queues are rows of the database: memory has
//! live subscriptions, a bounded cache of records and bounded events, nothing else.
//!
//! Promises:
//! - What is answered is committed.
//! - A message is delivered once per subscription, in the order of acceptance, and never stuck:
//!   who is told what is decided in commit order ([`block`]) or rechecked against what was
//!   committed meanwhile ([`recent`]).
//! - All commands of a block are verified before any is executed, in equal time whether or not
//!   their queues exist.

mod answer;
mod connection;
mod settings;

use std::sync::Arc;

pub(crate) use answer::{Answer, Answers};
pub(crate) use connection::{Connection, SessionFacts};
pub(crate) use settings::Settings;

/// Cheap handle on all queues, subscriptions and statistics. Every clone is the same.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    settings: Settings,
}

/// What core gives the engine.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) store: relay_storage::Store,
    pub(crate) clock: relay_core::clock::SharedClock,
    pub(crate) entropy: relay_core::entropy::Entropy,
    pub(crate) metrics: relay_core::telemetry::metrics::Metrics,
}

impl Engine {
    /// Takes up what the database holds.
    pub(crate) async fn start(
        ground: Ground,
        settings: Settings,
    ) -> Result<Self, relay_storage::ReadError> {
        let _ = ground;
        let shared = Arc::new(Shared { settings });
        Ok(std::future::ready(Self { shared }).await)
    }

    /// A new connection.
    pub(crate) fn attach(&self, facts: SessionFacts) -> Connection {
        Connection::new(self.clone(), facts)
    }

    /// Starts the ticks that hand out notifications and `END`s, and what flushes statistics.
    pub(crate) fn run(&self, tasks: &relay_core::tasks::Tasks) {
        let _ = (&self.shared.settings, tasks);
    }

    /// What an operator sees at work: expiry, statistics.
    pub(crate) fn workers(&self) -> Vec<relay_core::worker::Worker> {
        Vec::new()
    }

    /// Writes down what is only in memory.
    pub(crate) async fn stop(&self) {
        std::future::ready(()).await;
    }
}
