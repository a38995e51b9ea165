//! A bounded cache of queue records, found by recipient and by sender.
//!
//! It may be behind the database: whoever changes a queue on the word of a record says which
//! revision it saw (see [`writes`](crate::store::writes)).

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::queue::{EntityId, Record};
use crate::store::Role;

/// What the cache itself needs for an entry, about.
const ENTRY: u64 = 120;
/// For the cache's first guess at how many will fit.
const USUAL: u64 = 500;

#[derive(Clone)]
struct Bytes;

impl Weighter<EntityId, Arc<Record>> for Bytes {
    fn weight(&self, _: &EntityId, record: &Arc<Record>) -> u64 {
        // Half of it, since a record is usually there twice.
        ENTRY + u64::try_from(record.weight() / 2).unwrap_or(u64::MAX)
    }
}

/// The cache.
pub(crate) struct Records {
    cache: Cache<EntityId, Arc<Record>, Bytes>,
    /// How often something was forgotten.
    forgotten: AtomicU64,
}

/// The state of the cache before a read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Generation(u64);

impl Records {
    pub(crate) fn new(bytes: u64) -> Self {
        let items = usize::try_from(bytes / USUAL).unwrap_or(usize::MAX);
        Self {
            cache: Cache::with_weighter(items, bytes, Bytes),
            forgotten: AtomicU64::new(0),
        }
    }

    /// The queue that has this id in this role, if it is here.
    pub(crate) fn get(&self, role: Role, id: &EntityId) -> Option<Arc<Record>> {
        self.cache.get(id).filter(|record| match role {
            Role::Recipient => record.recipient_id == *id,
            Role::Sender => record.sender_id == *id,
            Role::Link | Role::Notifier => false,
        })
    }

    /// To be asked for before reading what is then kept.
    pub(crate) fn generation(&self) -> Generation {
        Generation(self.forgotten.load(Ordering::Acquire))
    }

    /// Keeps what was read under this role, unless something changed meanwhile.
    pub(crate) fn keep(&self, role: Role, record: &Arc<Record>, read: Generation) {
        let id = match role {
            Role::Recipient => record.recipient_id,
            Role::Sender => record.sender_id,
            Role::Link | Role::Notifier => return,
        };
        if self.generation().0 == read.0 {
            self.cache.insert(id, Arc::clone(record));
        }
    }

    /// The queue has changed.
    pub(crate) fn forget(&self, record: &Record) {
        self.forgotten.fetch_add(1, Ordering::AcqRel);
        self.cache.remove(&record.recipient_id);
        self.cache.remove(&record.sender_id);
    }

    /// Bytes in use, about.
    pub(crate) fn weight(&self) -> u64 {
        self.cache.weight()
    }
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Records({} bytes)", self.weight())
    }
}
