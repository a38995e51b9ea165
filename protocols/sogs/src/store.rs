//! The tables of the server: everything it must not forget, and what memory holds of it.
//!
//! [`Tables`] is the one door. What it is asked, it answers from memory where it can; what it is
//! told to change is committed before it says so. Its methods stand in one file for each resource:
//!
//! | file | |
//! |---|---|
//! | [`users`], `person`, `pending` | who people are; rights that wait for their owner |
//! | [`rooms`], [`room_edit`] | rooms, their rosters, pins, counters |
//! | [`messages`], [`posting`], [`editing`], [`deletion`] | |
//! | [`reactions`], [`pins`] | |
//! | [`permissions`], [`futures`] | what is set for single users, now and later |
//! | [`moderators`], [`bans`] | |
//! | [`inbox`] | direct messages |
//! | [`files`] | rows of files; their bytes are elsewhere |
//! | [`activity`] | who was seen where |
//! | [`jobs`] | what is due, in small steps |
//! | [`moderation`] | who moderated what |
//! | [`stats`] | what operators look at |
//!
//! Writing goes through a `change::Change`: it checks in its own transaction what its permission
//! depends on. [`schema`] makes the tables, [`ids`] names rows, `cache` is what memory holds.

pub mod activity;
pub mod bans;
mod cache;
pub mod change;
pub mod deletion;
pub mod editing;
pub mod files;
pub mod futures;
pub mod ids;
pub mod inbox;
pub mod jobs;
pub mod message;
pub mod messages;
pub mod moderation;
pub mod moderators;
mod overrides;
mod pending;
pub mod permissions;
mod person;
pub mod pins;
pub mod posting;
pub mod reactions;
pub mod room_edit;
pub mod rooms;
pub mod schema;
mod sql;
pub mod stats;
#[cfg(test)]
mod tests;
mod touch;
pub mod users;
mod window;

use std::sync::Arc;

use relay_storage::{ReadError, Store, WriteError};
use sea_orm::{DatabaseConnection, DbErr};

pub use self::cache::CacheLimits;
pub use self::change::Actor;
pub use self::ids::{DirectMessageId, FileId, MessageId, RoomId, UserId};
pub use self::message::StoredMessage;
pub use self::rooms::Room;
pub use self::users::User;
use crate::crypto::Blinding;
use crate::domain::identity::Naming;
use crate::wire::Refusal;

/// The tables. Every clone is the same.
#[derive(Clone, Debug)]
pub struct Tables {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    cache: Arc<cache::Cache>,
    activity: activity::Activity,
    naming: Naming,
    blinding: Blinding,
}

/// Why something was not read or written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// It may not be, or there is no such thing.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The database could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl StoreError {
    /// What was there a moment ago is not.
    pub(crate) const fn gone() -> Self {
        Self::Refused(Refusal::NotFound)
    }
}

impl Tables {
    /// On a store whose migrations were applied. People are known by `naming`.
    pub fn new(store: Store, naming: Naming, blinding: Blinding, limits: CacheLimits) -> Self {
        Self {
            inner: Arc::new(Inner {
                store,
                cache: Arc::new(cache::Cache::new(limits)),
                activity: activity::Activity::default(),
                naming,
                blinding,
            }),
        }
    }

    /// The store below.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    fn reads(&self) -> &DatabaseConnection {
        self.inner.store.read()
    }

    /// Hears what reading came to: a fault of the database shows in its health.
    fn heard<T>(&self, read: Result<T, DbErr>) -> Result<T, StoreError> {
        read.map_err(|error| {
            let error = ReadError::from(error);
            if let ReadError::Unavailable(fault) = &error {
                self.inner.store.note_fault(*fault);
            }
            error.into()
        })
    }
}
