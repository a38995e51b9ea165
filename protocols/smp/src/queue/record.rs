//! The record of a queue.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::crypto::BoxKey;
use crate::wire::{AuthKey, BlockingInfo, QueueMode, ServiceRole};

/// What the server calls queues, in each of their roles.
pub(crate) type EntityId = [u8; 24];

/// An id as the server makes them; anything of another length names nothing.
pub(crate) fn entity_id(bytes: &[u8]) -> Option<EntityId> {
    bytes.try_into().ok()
}

/// A queue as the database knows it.
pub(crate) struct Record {
    /// Its row; never used again for another queue.
    pub(crate) row: i64,
    /// Counts the changes of everything below: who verified against one revision acts on that one.
    pub(crate) revision: i64,
    pub(crate) recipient_id: EntityId,
    pub(crate) sender_id: EntityId,
    /// Any of them authorizes the recipient; never empty.
    pub(crate) recipient_keys: Vec<AuthKey>,
    /// Hides bodies on their way to the recipient.
    pub(crate) body_key: BoxKey,
    /// None until the queue is secured.
    pub(crate) sender_key: Option<AuthKey>,
    /// Unknown for queues of old clients.
    pub(crate) mode: Option<QueueMode>,
    pub(crate) status: Status,
    pub(crate) link_id: Option<Vec<u8>>,
    pub(crate) notifier: Option<Notifier>,
    /// The service that gets its messages.
    pub(crate) service: Option<EntityId>,
    /// When it was last used.
    pub(crate) used: Used,
    pub(crate) expired: Expired,
}

/// In which role a queue is a service's own.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Side {
    /// The service gets its messages.
    Recipient,
    /// The service gets its notifications.
    Notifier,
}

impl Side {
    /// What of queues a service of this role can have.
    pub(crate) fn of(role: ServiceRole) -> Option<Self> {
        match role {
            ServiceRole::Messaging => Some(Self::Recipient),
            ServiceRole::Notifier => Some(Self::Notifier),
            ServiceRole::Proxy => None,
        }
    }
}

/// The day a queue was last used.
#[derive(Debug)]
pub(crate) struct Used(AtomicI64);

/// How far a queue's old messages have been removed.
pub(crate) struct Expired(AtomicI64);

/// Who is told of messages without seeing them.
#[derive(Clone)]
pub(crate) struct Notifier {
    pub(crate) id: EntityId,
    pub(crate) key: AuthKey,
    /// Hides notifications on their way to the recipient.
    pub(crate) meta_key: BoxKey,
    /// The service that gets its notifications.
    pub(crate) service: Option<EntityId>,
}

/// Whether a queue may be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Status {
    /// By everybody.
    Active,
    /// Suspended by its recipient, who may still read.
    Off,
    /// Blocked by the operator.
    Blocked(BlockingInfo),
}

impl Record {
    /// The service whose own it is in this role, and the id it is that by.
    pub(crate) fn belongs_to(&self, side: Side) -> Option<(EntityId, EntityId)> {
        match side {
            Side::Recipient => Some((self.service?, self.recipient_id)),
            Side::Notifier => {
                let notifier = self.notifier.as_ref()?;
                Some((notifier.service?, notifier.id))
            }
        }
    }

    /// About how many bytes it takes in memory.
    pub(crate) fn weight(&self) -> usize {
        size_of::<Self>()
            + self.recipient_keys.len() * size_of::<AuthKey>()
            + self.link_id.as_ref().map_or(0, Vec::len)
    }
}

impl Used {
    /// On this day, counted from 1970.
    pub(crate) fn on(day: i64) -> Self {
        Self(AtomicI64::new(day))
    }

    /// The day, counted from 1970.
    pub(crate) fn day(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// It is used on `day`; whether that is new.
    pub(crate) fn mark(&self, day: i64) -> bool {
        self.0.swap(day, Ordering::Relaxed) != day
    }
}

impl Default for Expired {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }
}

impl Expired {
    /// Whether messages older than `before` should be looked for now: at first, and then when
    /// `patience` seconds have passed since.
    pub(crate) fn is_due(&self, before: i64, patience: i64) -> bool {
        let last = self.0.load(Ordering::Relaxed);
        let due = before.saturating_sub(last) >= patience && before != last;
        if due {
            self.0.store(before, Ordering::Relaxed);
        }
        due
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("mode", &self.mode)
            .field("status", &self.status)
            .field("secured", &self.sender_key.is_some())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notifier")
    }
}
