//! Who is subscribed to which queue, and which message it has not acknowledged yet.
//!
//! A few words per subscription, by the queue's row, in shards so that connections do not wait
//! for each other. Each operation is one step under one lock.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::outbox::Outbox;
use crate::queue::EntityId;

const SHARDS: usize = 64;

/// The live subscriptions to queues.
#[derive(Debug)]
pub(crate) struct Subscriptions {
    shards: [Mutex<HashMap<i64, Subscription>>; SHARDS],
}

/// One subscription.
#[derive(Clone, Debug)]
pub(crate) struct Subscription {
    pub(crate) outbox: Arc<Outbox>,
    /// The message that was delivered and not acknowledged. With none, the queue is empty.
    pub(crate) delivered: Option<EntityId>,
    /// A service's: here only as long as a message is delivered and not acknowledged, because a
    /// service has more queues than memory should hold.
    passing: bool,
}

/// What a subscriber has not acknowledged, if anything.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Delivered(pub(crate) Option<EntityId>);

/// How a subscription came about.
#[derive(Debug)]
pub(crate) enum Subscribed {
    /// The connection is gone meanwhile.
    Closed,
    /// Nobody was subscribed.
    New,
    /// It was subscribed before.
    Again,
    /// Somebody else was.
    TakenFrom(Arc<Outbox>),
}

impl Default for Subscriptions {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }
}

impl Subscriptions {
    /// Subscribes a connection to a queue whose first message is `head`.
    pub(crate) fn subscribe(
        &self,
        row: i64,
        outbox: &Arc<Outbox>,
        head: Option<EntityId>,
    ) -> Subscribed {
        let mut holdings = outbox.held();
        if holdings.closed {
            return Subscribed::Closed;
        }
        holdings.queues.insert(row);
        let mut shard = self.shard(row);
        if let Some(present) = shard.get_mut(&row)
            && Arc::ptr_eq(&present.outbox, outbox)
        {
            // What came since the queue was read is on its way.
            present.delivered = head.or(present.delivered);
            return Subscribed::Again;
        }
        let subscription = Subscription {
            outbox: Arc::clone(outbox),
            delivered: head,
            passing: false,
        };
        match shard.insert(row, subscription).filter(|old| !old.passing) {
            None => Subscribed::New,
            Some(previous) => Subscribed::TakenFrom(previous.outbox),
        }
    }

    /// The first message of a service's queue goes to the service's connection; whether it does.
    pub(crate) fn pass(&self, row: i64, outbox: &Arc<Outbox>, message: EntityId) -> bool {
        let mut holdings = outbox.held();
        if holdings.closed {
            return false;
        }
        let mut shard = self.shard(row);
        match shard.get_mut(&row) {
            Some(present) => {
                let waits = Arc::ptr_eq(&present.outbox, outbox) && present.delivered.is_none();
                if waits {
                    present.delivered = Some(message);
                }
                return waits;
            }
            None => shard.insert(
                row,
                Subscription {
                    outbox: Arc::clone(outbox),
                    delivered: Some(message),
                    passing: true,
                },
            ),
        };
        holdings.passing.insert(row);
        true
    }

    /// A service's queue is empty: nothing of it need be remembered.
    pub(crate) fn rest(&self, row: i64, outbox: &Arc<Outbox>) {
        let mut holdings = outbox.held();
        let mut shard = self.shard(row);
        let rests =
            |s: &Subscription| s.passing && s.delivered.is_none() && Arc::ptr_eq(&s.outbox, outbox);
        if shard.get(&row).is_some_and(rests) {
            shard.remove(&row);
            holdings.passing.remove(&row);
        }
    }

    /// A service's connection is not that any more: it has nothing to acknowledge.
    pub(crate) fn end_passing(&self, outbox: &Arc<Outbox>) {
        let rows = std::mem::take(&mut outbox.held().passing);
        for row in rows {
            self.release(row, outbox);
        }
    }

    /// A message was stored: if the subscriber waits for one, it is now the delivered one.
    pub(crate) fn offer(&self, row: i64, message: EntityId) -> Option<Arc<Outbox>> {
        let mut shard = self.shard(row);
        let subscription = shard.get_mut(&row)?;
        if subscription.delivered.is_some() {
            return None;
        }
        subscription.delivered = Some(message);
        Some(Arc::clone(&subscription.outbox))
    }

    /// What was delivered to this connection: nothing if it is not subscribed.
    pub(crate) fn delivered(&self, row: i64, outbox: &Arc<Outbox>) -> Option<Delivered> {
        let shard = self.shard(row);
        let subscription = shard.get(&row).filter(|s| Arc::ptr_eq(&s.outbox, outbox))?;
        Some(Delivered(subscription.delivered))
    }

    /// The delivered message is replaced, whatever it was; false if it is not this connection's.
    pub(crate) fn advance(&self, row: i64, outbox: &Arc<Outbox>, next: Option<EntityId>) -> bool {
        let own = self.change(row, outbox, |delivered| {
            *delivered = next;
            true
        });
        if own && next.is_none() {
            self.rest(row, outbox);
        }
        own
    }

    /// The same, if it was `expected`.
    pub(crate) fn settle(
        &self,
        row: i64,
        outbox: &Arc<Outbox>,
        expected: Option<EntityId>,
        next: Option<EntityId>,
    ) -> bool {
        self.change(row, outbox, |delivered| {
            let same = *delivered == expected;
            if same {
                *delivered = next;
            }
            same
        })
    }

    fn change(
        &self,
        row: i64,
        outbox: &Arc<Outbox>,
        change: impl FnOnce(&mut Option<EntityId>) -> bool,
    ) -> bool {
        let mut shard = self.shard(row);
        let subscription = shard.get_mut(&row);
        let own = subscription.filter(|s| Arc::ptr_eq(&s.outbox, outbox));
        own.is_some_and(|subscription| change(&mut subscription.delivered))
    }

    /// The queue is gone: so is its subscription.
    pub(crate) fn remove(&self, row: i64) -> Option<Subscription> {
        let removed = self.shard(row).remove(&row)?;
        if removed.passing {
            removed.outbox.held().passing.remove(&row);
            return None;
        }
        Some(removed)
    }

    /// Who is subscribed.
    pub(crate) fn subscriber(&self, row: i64) -> Option<Arc<Outbox>> {
        let shard = self.shard(row);
        shard
            .get(&row)
            .map(|subscription| Arc::clone(&subscription.outbox))
    }

    /// The connection is gone: so are its subscriptions.
    pub(crate) fn release(&self, row: i64, outbox: &Arc<Outbox>) {
        let mut shard = self.shard(row);
        if shard
            .get(&row)
            .is_some_and(|s| Arc::ptr_eq(&s.outbox, outbox))
        {
            shard.remove(&row);
        }
        if shard.capacity() > 4 * shard.len() + 64 {
            shard.shrink_to_fit();
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        let shards = self.shards.iter();
        shards.map(|shard| lock(shard).len()).sum()
    }

    fn shard(&self, row: i64) -> MutexGuard<'_, HashMap<i64, Subscription>> {
        let at = usize::try_from(row.rem_euclid(64)).unwrap_or(0);
        lock(self.shards.get(at).unwrap_or(&self.shards[0]))
    }
}

/// The live subscriptions to notifications, by the queue's row.
#[derive(Debug, Default)]
pub(crate) struct Notifiers {
    of: Mutex<HashMap<i64, (EntityId, Arc<Outbox>)>>,
}

impl Notifiers {
    /// Subscribes a connection.
    pub(crate) fn subscribe(&self, row: i64, id: EntityId, outbox: &Arc<Outbox>) -> Subscribed {
        let mut holdings = outbox.held();
        if holdings.closed {
            return Subscribed::Closed;
        }
        holdings.notifiers.insert(row);
        match lock(&self.of).insert(row, (id, Arc::clone(outbox))) {
            None => Subscribed::New,
            Some((_, previous)) if Arc::ptr_eq(&previous, outbox) => Subscribed::Again,
            Some((_, previous)) => Subscribed::TakenFrom(previous),
        }
    }

    /// Who is subscribed.
    pub(crate) fn subscriber(&self, row: i64) -> Option<Arc<Outbox>> {
        lock(&self.of)
            .get(&row)
            .map(|(_, outbox)| Arc::clone(outbox))
    }

    /// The notifier is gone: so is its subscription.
    pub(crate) fn remove(&self, row: i64) -> Option<(EntityId, Arc<Outbox>)> {
        lock(&self.of).remove(&row)
    }

    /// The connection is gone: so are its subscriptions.
    pub(crate) fn release(&self, row: i64, outbox: &Arc<Outbox>) {
        let mut of = lock(&self.of);
        if of
            .get(&row)
            .is_some_and(|(_, present)| Arc::ptr_eq(present, outbox))
        {
            of.remove(&row);
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        lock(&self.of).len()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
