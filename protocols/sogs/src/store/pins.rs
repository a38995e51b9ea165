//! Pins: messages an admin puts in front. Their files stay as long as they are pinned.

use relay_core::clock::UnixTime;

use super::change::{Actor, Change, Halt, Tx};
use super::overrides::standing;
use super::posting::post_of;
use super::sql::values;
use super::{MessageId, RoomId, StoreError, Tables, UserId, rooms};
use crate::domain::files::Lifetimes;
use crate::domain::permissions::Need;
use crate::wire::Refusal;
use crate::wire::rooms::{InfoUpdates, Unpinned};

impl Tables {
    /// Pins a message, or pins it anew.
    pub async fn pin(
        &self,
        actor: &Actor,
        room: RoomId,
        id: MessageId,
        now: UnixTime,
    ) -> Result<InfoUpdates, StoreError> {
        let change = Pin {
            room,
            actor: actor.user,
            id,
            now,
        };
        self.change(actor, change).await
    }

    /// Unpins a message.
    pub async fn unpin(
        &self,
        actor: &Actor,
        room: RoomId,
        id: MessageId,
        lifetimes: Lifetimes,
    ) -> Result<Unpinned<bool>, StoreError> {
        let change = Unpin {
            room,
            actor: actor.user,
            id: Some(id),
            lifetimes,
        };
        let (unpinned, info_updates) = self.change(actor, change).await?;
        Ok(Unpinned {
            unpinned: unpinned > 0,
            info_updates,
        })
    }

    /// Unpins every message of a room.
    pub async fn unpin_all(
        &self,
        actor: &Actor,
        room: RoomId,
        lifetimes: Lifetimes,
    ) -> Result<Unpinned<u64>, StoreError> {
        let change = Unpin {
            room,
            actor: actor.user,
            id: None,
            lifetimes,
        };
        let (unpinned, info_updates) = self.change(actor, change).await?;
        Ok(Unpinned {
            unpinned,
            info_updates,
        })
    }
}

struct Pin {
    room: RoomId,
    actor: UserId,
    id: MessageId,
    now: UnixTime,
}

impl Change for Pin {
    type Done = InfoUpdates;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<InfoUpdates, Halt> {
        administers(tx, self.room, self.actor).await?;
        if !post_of(tx, self.room, self.id).await?.is_regular() {
            return Err(Refusal::NotFound.into());
        }
        let last = tx.one(
            "SELECT max(pinned_at) FROM sogs_pin WHERE room_id = ?",
            values![self.room],
        );
        let last: Option<i64> = match last.await? {
            Some(mut row) => row.next()?,
            None => None,
        };
        // Later than the one before, also within a millisecond: pins are shown in order.
        let pinned_at = self.now.millis().max(last.map_or(0, |last| last + 1));
        tx.execute(
            "INSERT INTO sogs_pin (room_id, message_id, pinned_by, pinned_at) \
             VALUES (?, ?, ?, ?) ON CONFLICT (room_id, message_id) DO UPDATE SET \
             pinned_by = excluded.pinned_by, pinned_at = excluded.pinned_at",
            values![self.room, self.id, self.actor, pinned_at],
        )
        .await?;
        tx.execute(
            "UPDATE sogs_file SET expiry = NULL WHERE message_id = ?",
            values![self.id],
        )
        .await?;
        Ok(rooms::info_changed(tx, self.room, 1).await?)
    }
}

struct Unpin {
    room: RoomId,
    actor: UserId,
    /// All of them if not said.
    id: Option<MessageId>,
    lifetimes: Lifetimes,
}

impl Change for Unpin {
    type Done = (u64, i64);

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<(u64, i64), Halt> {
        administers(tx, self.room, self.actor).await?;
        let lifetime = self.lifetimes.attached;
        let lifetime = lifetime.map(|life| i64::try_from(life.as_millis()).unwrap_or(i64::MAX));
        tx.execute(
            "UPDATE sogs_file SET expiry = uploaded + ? WHERE message_id IN \
             (SELECT message_id FROM sogs_pin WHERE room_id = ? AND (message_id = ? OR ?))",
            values![
                lifetime,
                self.room,
                self.id.map(|id| id.0),
                self.id.is_none()
            ],
        )
        .await?;
        let unpinned = tx.execute(
            "DELETE FROM sogs_pin WHERE room_id = ? AND (message_id = ? OR ?)",
            values![self.room, self.id.map(|id| id.0), self.id.is_none()],
        );
        let unpinned = unpinned.await?;
        let now = rooms::info_changed(tx, self.room, unpinned).await?;
        Ok((unpinned, now.info_updates))
    }
}

/// Refuses who is no admin of a room.
pub(crate) async fn administers(tx: &Tx<'_>, room: RoomId, user: UserId) -> Result<(), Halt> {
    let standing = standing(tx, room, user).await?;
    let admin = standing.permissions.allow(Need::Administer);
    admin.then_some(()).ok_or(Refusal::AdminRequired.into())
}

/// Refuses who does not moderate a room.
pub(crate) async fn moderates(tx: &Tx<'_>, room: RoomId, user: UserId) -> Result<(), Halt> {
    let standing = standing(tx, room, user).await?;
    let moderator = standing.permissions.moderates();
    moderator
        .then_some(())
        .ok_or(Refusal::ModeratorRequired.into())
}
