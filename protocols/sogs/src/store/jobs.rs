//! What has to be done from time to time: each in small steps, so that nobody waits long behind
//! one, and each gives how much it did. Those with a limit are to be called until they give less.

use std::time::Duration;

use relay_core::clock::UnixTime;

use super::change::{Actor, Change, Halt, Tx};
use super::sql::values;
use super::touch::Touch;
use super::{RoomId, StoreError, Tables, UserId};

impl Tables {
    /// Forgets some of what messages said before they were edited or deleted before a time.
    pub async fn prune_history(&self, before: UnixTime, limit: u32) -> Result<u64, StoreError> {
        self.prune(
            "DELETE FROM sogs_history WHERE id IN \
             (SELECT id FROM sogs_history WHERE replaced < ? ORDER BY replaced LIMIT ?)",
            before,
            limit,
        )
        .await
    }

    /// Forgets some nonces that have expired.
    pub async fn prune_nonces(&self, now: UnixTime, limit: u32) -> Result<u64, StoreError> {
        self.prune(
            "DELETE FROM sogs_nonce WHERE (user_id, nonce) IN \
             (SELECT user_id, nonce FROM sogs_nonce WHERE expiry < ? ORDER BY expiry LIMIT ?)",
            now,
            limit,
        )
        .await
    }

    /// Forgets some of those not seen in a room since a time.
    pub async fn prune_activity(&self, before: UnixTime, limit: u32) -> Result<u64, StoreError> {
        self.prune(
            "DELETE FROM sogs_room_user WHERE (room_id, user_id) IN (SELECT room_id, user_id \
             FROM sogs_room_user WHERE last_active < ? ORDER BY last_active LIMIT ?)",
            before,
            limit,
        )
        .await
    }

    /// Forgets some notes of what moderators did before a time.
    pub async fn prune_moderation(&self, before: UnixTime, limit: u32) -> Result<u64, StoreError> {
        self.prune(
            "DELETE FROM sogs_moderation WHERE id IN \
             (SELECT id FROM sogs_moderation WHERE done < ? ORDER BY done LIMIT ?)",
            before,
            limit,
        )
        .await
    }

    async fn prune(
        &self,
        sql: &'static str,
        before: UnixTime,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let prune = Prune { sql, before, limit };
        self.change(&Actor::system(), prune).await
    }

    /// Forgets some direct messages that have expired.
    pub async fn prune_inbox(&self, now: UnixTime, limit: u32) -> Result<u64, StoreError> {
        self.change(&Actor::system(), PruneInbox { now, limit })
            .await
    }

    /// Counts who was active in each room since a time; gives in how many rooms that is another
    /// number than before.
    pub async fn recount_active(&self, since: UnixTime) -> Result<u64, StoreError> {
        self.change(&Actor::system(), Recount { since }).await
    }

    /// Forgets some messages of rooms that keep them only for a while; gives how many.
    pub async fn apply_retention(&self, now: UnixTime, limit: u32) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        for room in self.rooms().await? {
            if let Some(retention) = room.retention {
                let before = now.minus(retention);
                forgotten += self.forget_if_old(room.id, before, limit).await?;
            }
        }
        Ok(forgotten)
    }

    /// Asks before it writes: most of the time there is nothing to forget.
    async fn forget_if_old(
        &self,
        room: RoomId,
        before: UnixTime,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let old = super::sql::one(
            self.reads(),
            "SELECT 1 FROM sogs_message WHERE room_id = ? AND posted < ? LIMIT 1",
            values![room, before.millis()],
        );
        match self.heard(old.await)? {
            Some(_) => self.forget_before(room, Some(before), limit).await,
            None => Ok(0),
        }
    }
}

/// A year is long enough for notes of moderators, unless the operator says otherwise.
pub const MODERATION_KEPT: Duration = Duration::from_hours(365 * 24);

struct Prune {
    sql: &'static str,
    before: UnixTime,
    limit: u32,
}

impl Change for Prune {
    type Done = u64;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<u64, Halt> {
        let marks = values![self.before.millis(), i64::from(self.limit)];
        Ok(tx.execute(self.sql, marks).await?)
    }
}

struct PruneInbox {
    now: UnixTime,
    limit: u32,
}

impl Change for PruneInbox {
    type Done = u64;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<u64, Halt> {
        let rows = tx.all(
            "SELECT id, recipient_id, sender_id FROM sogs_inbox WHERE expiry < ? \
             ORDER BY expiry LIMIT ?",
            values![self.now.millis(), i64::from(self.limit)],
        );
        let rows = rows.await?;
        let pruned = rows.len() as u64;
        for mut row in rows {
            let id: i64 = row.next()?;
            tx.execute("DELETE FROM sogs_inbox WHERE id = ?", values![id])
                .await?;
            tx.touch(Touch::Inbox(UserId(row.next()?)));
            tx.touch(Touch::Inbox(UserId(row.next()?)));
        }
        Ok(pruned)
    }
}

struct Recount {
    since: UnixTime,
}

impl Change for Recount {
    type Done = u64;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<u64, Halt> {
        let rows = tx.all(
            "SELECT r.id, r.active_users, (SELECT count(*) FROM sogs_room_user a \
             WHERE a.room_id = r.id AND a.last_active >= ?) FROM sogs_room r",
            values![self.since.millis()],
        );
        let mut changed = 0;
        for mut row in rows.await? {
            let (room, before, now): (_, i64, i64) =
                (RoomId(row.next()?), row.next()?, row.next()?);
            if before != now {
                tx.execute(
                    "UPDATE sogs_room SET active_users = ? WHERE id = ?",
                    values![now, room],
                )
                .await?;
                tx.touch(Touch::Room(room));
                changed += 1;
            }
        }
        Ok(changed)
    }
}
