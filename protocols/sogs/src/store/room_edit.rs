//! Making, changing, emptying and deleting rooms.

use std::time::Duration;

use relay_core::clock::UnixTime;
use sea_orm::DbErr;

use super::change::{Actor, Change, Halt, Tx};
use super::pins::administers;
use super::sql::values;
use super::touch::Touch;
use super::users::nothing_returned;
use super::{RoomId, StoreError, Tables, UserId, rooms};
use crate::domain::counters::RoomCounters;
use crate::domain::token::RoomToken;
use crate::wire::Refusal;
use crate::wire::rooms::{Defaults, Description, InfoUpdates, RoomChange};

/// How many messages of a room that goes are forgotten at once.
const STEP: u32 = 500;

/// A room about to be made.
#[derive(Clone, Debug)]
pub struct NewRoom {
    /// What it is called in URLs.
    pub token: RoomToken,
    /// Its name.
    pub name: String,
    /// What it is about.
    pub description: Option<String>,
    /// What everybody may do.
    pub defaults: Defaults,
}

/// What only the operator sets about a room: what is `None` stays.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RoomPolicy {
    /// How long messages stay; `Some(None)` is for ever.
    pub retention: Option<Option<Duration>>,
    /// How long users wait between two posts; `Some(None)` is not at all.
    pub slow_mode: Option<Option<Duration>>,
}

impl Tables {
    /// Makes a room; refused if there is one of this token.
    pub async fn create_room(&self, room: NewRoom, now: UnixTime) -> Result<RoomId, StoreError> {
        self.change(&Actor::system(), Create { room, now }).await
    }

    /// Changes a room, all of it or nothing. An image that is no file of the room is refused as
    /// such.
    pub async fn change_room(
        &self,
        actor: &Actor,
        room: RoomId,
        change: RoomChange,
        now: UnixTime,
    ) -> Result<InfoUpdates, StoreError> {
        let change = Edit {
            room,
            actor: actor.user,
            change,
            now,
        };
        self.change(actor, change).await
    }

    /// Changes what only the operator sets.
    pub async fn set_policy(&self, room: RoomId, policy: RoomPolicy) -> Result<(), StoreError> {
        self.change(&Actor::system(), SetPolicy { room, policy })
            .await
    }

    /// Forgets every message of a room, in small steps; gives how many. Nobody is told that they
    /// are gone.
    pub async fn clear_room(&self, room: RoomId) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        loop {
            match self.forget_before(room, None, STEP).await? {
                0 => return Ok(forgotten),
                some => forgotten += some,
            }
        }
    }

    /// Deletes a room and everything in it.
    pub async fn delete_room(&self, room: RoomId) -> Result<(), StoreError> {
        self.clear_room(room).await?;
        self.change(&Actor::system(), Delete { room }).await
    }

    /// Forgets the oldest messages of a room, those posted before a time if one is said, and at
    /// most so many; gives how many.
    pub async fn forget_before(
        &self,
        room: RoomId,
        before: Option<UnixTime>,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let forget = Forget {
            room,
            before: before.map_or(i64::MAX, UnixTime::millis),
            limit,
        };
        self.change(&Actor::system(), forget).await
    }
}

struct Create {
    room: NewRoom,
    now: UnixTime,
}

impl Change for Create {
    type Done = RoomId;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<RoomId, Halt> {
        let (room, counters) = (&self.room, RoomCounters::default());
        let row = tx.returning(
            "INSERT INTO sogs_room (token, token_folded, name, description, created, \
             message_sequence, info_updates, can_read, can_access, can_write, can_upload) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id",
            values![
                room.token.as_str(),
                room.token.folded(),
                room.name.as_str(),
                room.description.clone(),
                self.now.millis(),
                counters.message_sequence,
                counters.info_updates,
                room.defaults.read,
                room.defaults.accessible,
                room.defaults.write,
                room.defaults.upload
            ],
        );
        let mut row = row.await?.ok_or(Refusal::Malformed)?;
        tx.touch(Touch::Rooms);
        Ok(RoomId(row.next()?))
    }
}

struct Edit {
    room: RoomId,
    actor: UserId,
    change: RoomChange,
    now: UnixTime,
}

impl Change for Edit {
    type Done = InfoUpdates;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<InfoUpdates, Halt> {
        administers(tx, self.room, self.actor).await?;
        let image = self.check_image(tx).await?;
        let mut changed = self.set_texts(tx).await?;
        self.set_defaults(tx).await?;
        if let Some(image) = image {
            changed += self.set_image(tx, image).await?;
        }
        Ok(rooms::info_changed(tx, self.room, changed).await?)
    }
}

impl Edit {
    /// The new image, if it is one: a file of this room that is still there.
    async fn check_image(&self, tx: &Tx<'_>) -> Result<Option<i64>, Halt> {
        let Some(image) = self.change.image else {
            return Ok(None);
        };
        let there = tx.one(
            "SELECT 1 FROM sogs_file WHERE id = ? AND room_id = ? \
             AND (expiry IS NULL OR expiry > ?)",
            values![image, self.room, self.now.millis()],
        );
        there.await?.ok_or(Refusal::BadImage)?;
        Ok(Some(image))
    }

    /// Gives how many of them are other than before.
    async fn set_texts(&self, tx: &mut Tx<'_>) -> Result<u64, DbErr> {
        let mut changed = 0;
        if let Some(name) = &self.change.name {
            changed += tx
                .execute(
                    "UPDATE sogs_room SET name = ? WHERE id = ? AND name <> ?",
                    values![name.as_str(), self.room, name.as_str()],
                )
                .await?;
        }
        if let Some(Description(text)) = &self.change.description {
            changed += tx
                .execute(
                    "UPDATE sogs_room SET description = ? WHERE id = ? \
                     AND coalesce(description, '') <> ?",
                    values![text.clone(), self.room, text.clone().unwrap_or_default()],
                )
                .await?;
        }
        Ok(changed)
    }

    async fn set_defaults(&self, tx: &mut Tx<'_>) -> Result<(), DbErr> {
        let change = &self.change;
        tx.execute(
            "UPDATE sogs_room SET can_read = coalesce(?, can_read), \
             can_access = coalesce(?, can_access), can_write = coalesce(?, can_write), \
             can_upload = coalesce(?, can_upload) WHERE id = ?",
            values![
                change.default_read,
                change.default_accessible,
                change.default_write,
                change.default_upload,
                self.room
            ],
        )
        .await?;
        Ok(())
    }

    /// The old image goes with the next pass over what has expired; the new one stays.
    async fn set_image(&self, tx: &mut Tx<'_>, image: i64) -> Result<u64, DbErr> {
        let old: Option<i64> = tx
            .scalar(
                "SELECT image_id FROM sogs_room WHERE id = ?",
                values![self.room],
            )
            .await?;
        if old == Some(image) {
            return Ok(0);
        }
        tx.execute("UPDATE sogs_file SET expiry = 0 WHERE id = ?", values![old])
            .await?;
        tx.execute(
            "UPDATE sogs_file SET expiry = NULL WHERE id = ?",
            values![image],
        )
        .await?;
        tx.execute(
            "UPDATE sogs_room SET image_id = ? WHERE id = ?",
            values![image, self.room],
        )
        .await
    }
}

struct SetPolicy {
    room: RoomId,
    policy: RoomPolicy,
}

impl Change for SetPolicy {
    type Done = ();

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Halt> {
        let millis = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        for (sql, span) in [
            (
                "UPDATE sogs_room SET retention = ? WHERE id = ?",
                self.policy.retention,
            ),
            (
                "UPDATE sogs_room SET slow_mode = ? WHERE id = ?",
                self.policy.slow_mode,
            ),
        ] {
            let Some(span) = span else { continue };
            if tx
                .execute(sql, values![span.map(millis), self.room])
                .await?
                == 0
            {
                return Err(Refusal::NotFound.into());
            }
        }
        tx.touch(Touch::Room(self.room));
        Ok(())
    }
}

struct Forget {
    room: RoomId,
    before: i64,
    limit: u32,
}

/// What [`Forget`] is about.
const OLDEST: &str = "SELECT id FROM sogs_message WHERE room_id = ? AND posted < ? \
    ORDER BY id LIMIT ?";

impl Change for Forget {
    type Done = u64;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<u64, Halt> {
        let marks = || values![self.room, self.before, i64::from(self.limit)];
        let files = format!("UPDATE sogs_file SET expiry = 0 WHERE message_id IN ({OLDEST})");
        tx.execute(&files, marks()).await?;
        let pins = format!("DELETE FROM sogs_pin WHERE message_id IN ({OLDEST})");
        let unpinned = tx.execute(&pins, marks()).await?;
        if unpinned > 0 {
            rooms::info_changed(tx, self.room, unpinned).await?;
        }
        let forget = format!("DELETE FROM sogs_message WHERE id IN ({OLDEST})");
        let forgotten = tx.execute(&forget, marks()).await?;
        // Numbers stay as they are: nobody is to ask about what is gone.
        tx.touch(Touch::Messages(self.room, 0));
        Ok(forgotten)
    }
}

struct Delete {
    room: RoomId,
}

impl Change for Delete {
    type Done = ();

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Halt> {
        tx.execute(
            "UPDATE sogs_file SET expiry = 0 WHERE room_id = ?",
            values![self.room],
        )
        .await?;
        let gone = tx.execute("DELETE FROM sogs_room WHERE id = ?", values![self.room]);
        if gone.await? == 0 {
            return Err(Refusal::NotFound.into());
        }
        tx.touch(Touch::Rooms);
        tx.touch(Touch::Room(self.room));
        tx.touch(Touch::Messages(self.room, 0));
        Ok(())
    }
}

/// The token of a room.
pub(crate) async fn token_of(tx: &Tx<'_>, room: RoomId) -> Result<String, DbErr> {
    let row = tx.one("SELECT token FROM sogs_room WHERE id = ?", values![room]);
    row.await?.ok_or_else(nothing_returned)?.next()
}
