//! What all connections share.

use std::collections::HashSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use relay_core::clock::SharedClock;
use relay_core::entropy::Entropy;
use relay_storage::{Store, WriteError};

use super::outbox::Outbox;
use super::recent::Recent;
use super::records::Records;
use super::room::Total;
use super::services::Services;
use super::subscriptions::{Notifiers, Subscriptions};
use super::{Answer, LiveSettings};
use crate::names::Names;
use crate::stats::{Active, Counters};
use crate::store::Reads;

/// Seconds of a day.
pub(crate) const DAY: i64 = 86_400;
/// Queues used today that are not marked yet; more are marked when they are used again.
const MOST_USED: usize = 1_000_000;

/// The engine's inside.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: LiveSettings,
    pub(crate) store: Store,
    pub(crate) reads: Reads,
    pub(crate) clock: SharedClock,
    pub(crate) entropy: Entropy,
    pub(crate) records: Records,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) notifiers: Notifiers,
    pub(crate) services: Services,
    pub(crate) names: Names,
    pub(crate) recent: Recent,
    /// Bodies that wait for connections.
    pub(crate) waiting: Arc<Total>,
    pub(crate) counters: Counters,
    pub(crate) active: Active,
    pub(crate) counts: Counts,
    /// Queues whose notifiers have something to fetch.
    pub(crate) due: Rows,
    /// Queues used today whose rows do not say so yet.
    pub(crate) used: Rows,
    /// What is told at the next tick.
    pub(crate) later: Later,
    pub(crate) blocks: super::admin::BlocksToday,
    /// Unix seconds at which the period of the daily statistics began.
    pub(crate) period_began: AtomicI64,
}

impl Shared {
    /// Unix seconds.
    pub(crate) fn now(&self) -> i64 {
        self.clock.now().secs()
    }

    /// The day, counted from 1970.
    pub(crate) fn today(&self) -> i64 {
        self.now().div_euclid(DAY)
    }

    /// The time before which messages are too old now.
    pub(crate) fn messages_expire_before(&self) -> Option<i64> {
        let lifetime = self.settings.now().message_lifetime?;
        Some(self.clock.now().minus(lifetime).secs())
    }

    /// A queue is used.
    pub(crate) fn touch(&self, record: &crate::queue::Record) {
        if record.used.mark(self.today()) {
            self.used.add_below(record.row, MOST_USED);
        }
    }
}

/// How many there are; corrected in the background after a start.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    queues: AtomicI64,
    notifiers: AtomicI64,
    messages: AtomicI64,
    notifications: AtomicI64,
}

/// All counts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Totals {
    pub(crate) queues: i64,
    pub(crate) notifiers: i64,
    pub(crate) messages: i64,
    pub(crate) notifications: i64,
}

impl Counts {
    pub(crate) fn queues(&self, more: i64) {
        self.queues.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn notifiers(&self, more: i64) {
        self.notifiers.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn messages(&self, more: i64) {
        self.messages.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn notifications(&self, more: i64) {
        self.notifications.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn messages_gone(&self, fewer: u64) {
        self.messages(-i64::try_from(fewer).unwrap_or(0));
    }

    pub(crate) fn notifications_gone(&self, fewer: u64) {
        self.notifications(-i64::try_from(fewer).unwrap_or(0));
    }

    /// All of them.
    pub(crate) fn totals(&self) -> Totals {
        let load = |count: &AtomicI64| count.load(Ordering::Relaxed).max(0);
        Totals {
            queues: load(&self.queues),
            notifiers: load(&self.notifiers),
            messages: load(&self.messages),
            notifications: load(&self.notifications),
        }
    }
}

/// A set of queues.
#[derive(Debug, Default)]
pub(crate) struct Rows(Mutex<HashSet<i64>>);

impl Rows {
    pub(crate) fn add(&self, row: i64) {
        lock(&self.0).insert(row);
    }

    fn add_below(&self, row: i64, most: usize) {
        let mut rows = lock(&self.0);
        if rows.len() < most {
            rows.insert(row);
        }
    }

    /// Empties it.
    pub(crate) fn take(&self) -> Vec<i64> {
        std::mem::take(&mut *lock(&self.0)).into_iter().collect()
    }
}

/// What connections are told at the next tick, so that a connection that loses many queues at
/// once is told in few blocks.
#[derive(Debug, Default)]
pub(crate) struct Later(Mutex<Vec<(Arc<Outbox>, Answer)>>);

impl Later {
    pub(crate) fn tell(&self, outbox: &Arc<Outbox>, answer: Answer) {
        lock(&self.0).push((Arc::clone(outbox), answer));
    }

    /// Tells; gives how many connections were told.
    pub(crate) fn tick(&self) -> u64 {
        let told = std::mem::take(&mut *lock(&self.0));
        let connections: HashSet<_> = told.iter().map(|(outbox, _)| Arc::as_ptr(outbox)).collect();
        let connections = u64::try_from(connections.len()).unwrap_or(0);
        for (outbox, answer) in told {
            outbox.say(answer);
        }
        connections
    }
}

/// What a client hears of a failed write; the text is a word of ours.
pub(crate) fn store_error(error: &WriteError) -> crate::wire::Error {
    let text = match error {
        WriteError::Unavailable(fault) | WriteError::OutcomeUnknown(fault) => fault.name(),
        WriteError::Overloaded => "overloaded",
        WriteError::Closed => "closed",
        _ => return crate::wire::Error::Internal,
    };
    crate::wire::Error::Store(text.to_owned())
}

/// What a client hears of a failed read.
pub(crate) fn read_error(error: &relay_storage::ReadError) -> crate::wire::Error {
    match error {
        relay_storage::ReadError::Unavailable(fault) => {
            crate::wire::Error::Store(fault.name().to_owned())
        }
        relay_storage::ReadError::Failed(reason) => {
            tracing::error!(relay = "smp", "reading the database: {reason}");
            crate::wire::Error::Internal
        }
        _ => crate::wire::Error::Internal,
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
