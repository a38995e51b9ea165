//! Reactions. Each that comes or goes is a change of its message.

use relay_core::clock::UnixTime;
use sea_orm::DbErr;

use super::change::{Actor, Change, Halt, Tx};
use super::overrides::standing;
use super::pins::moderates;
use super::posting::{post_of, touch};
use super::sql::{self, Columns, values};
use super::{MessageId, RoomId, StoreError, Tables, UserId, moderation, rooms};
use crate::domain::permissions::Need;
use crate::domain::reactions::Emoji;
use crate::wire::Refusal;
use crate::wire::json::Seconds;
use crate::wire::reactions::{Added, Reactors, Removed};

impl Tables {
    /// Reacts to a message.
    pub async fn react(
        &self,
        actor: &Actor,
        room: RoomId,
        id: MessageId,
        emoji: Emoji,
        now: UnixTime,
    ) -> Result<Added, StoreError> {
        let change = React {
            room,
            actor: actor.user,
            id,
            emoji,
            now,
        };
        self.change(actor, change).await
    }

    /// Takes one's own reaction back.
    pub async fn unreact(
        &self,
        actor: &Actor,
        room: RoomId,
        id: MessageId,
        emoji: Emoji,
    ) -> Result<Removed<bool>, StoreError> {
        let change = Unreact {
            room,
            actor: actor.user,
            id,
            emoji,
        };
        self.change(actor, change).await
    }

    /// Removes everybody's reactions to a message: all, or those of one kind.
    pub async fn clear_reactions(
        &self,
        actor: &Actor,
        room: RoomId,
        id: MessageId,
        emoji: Option<Emoji>,
        now: UnixTime,
    ) -> Result<Removed<u64>, StoreError> {
        let change = Clear {
            room,
            actor: actor.user,
            id,
            emoji,
            now,
        };
        self.change(actor, change).await
    }

    /// Who reacted to a message with something, the oldest first; all if there is no limit.
    pub async fn reactors(
        &self,
        room: RoomId,
        id: MessageId,
        emoji: &Emoji,
        limit: Option<usize>,
    ) -> Result<Reactors, StoreError> {
        let regular = sql::one(
            self.reads(),
            "SELECT 1 FROM sogs_message WHERE id = ? AND room_id = ? AND data IS NOT NULL \
             AND NOT filtered AND whisper_to IS NULL AND NOT whisper_mods",
            values![id, room],
        );
        if self.heard(regular.await)?.is_none() {
            return Err(Refusal::NotFound.into());
        }
        let limit = limit.map_or(i64::MAX, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
        let rows = sql::all(
            self.reads(),
            "SELECT u.session_id, r.reacted FROM sogs_reaction r \
             JOIN sogs_user u ON u.id = r.user_id WHERE r.message_id = ? AND r.emoji = ? \
             ORDER BY r.reacted, r.user_id LIMIT ?",
            values![id, emoji.as_str(), limit],
        );
        let read = |mut row: Columns| Ok((row.next()?, Seconds(row.time()?)));
        let rows = self.heard(rows.await)?;
        self.heard(rows.into_iter().map(read).collect())
    }
}

/// Refuses who may not read the room, and messages that nobody reacts to.
async fn may_react(tx: &Tx<'_>, room: RoomId, user: UserId, id: MessageId) -> Result<(), Halt> {
    let standing = standing(tx, room, user).await?;
    if !standing.permissions.allow(Need::Read) {
        return Err(Refusal::ReadRequired.into());
    }
    regular(tx, room, id).await
}

async fn regular(tx: &Tx<'_>, room: RoomId, id: MessageId) -> Result<(), Halt> {
    let post = post_of(tx, room, id).await?;
    post.is_regular()
        .then_some(())
        .ok_or(Refusal::NotFound.into())
}

/// Notes so many changes of a message's reactions; gives its number now.
async fn changed(tx: &mut Tx<'_>, room: RoomId, id: MessageId, seqno: i64) -> Result<i64, DbErr> {
    tx.execute(
        "UPDATE sogs_message SET seqno = ?, seqno_reactions = ? WHERE id = ?",
        values![seqno, seqno, id],
    )
    .await?;
    touch(tx, room, id).await
}

async fn seqno(tx: &Tx<'_>, id: MessageId) -> Result<i64, DbErr> {
    tx.scalar("SELECT seqno FROM sogs_message WHERE id = ?", values![id])
        .await
}

struct React {
    room: RoomId,
    actor: UserId,
    id: MessageId,
    emoji: Emoji,
    now: UnixTime,
}

impl Change for React {
    type Done = Added;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<Added, Halt> {
        may_react(tx, self.room, self.actor, self.id).await?;
        let row = tx.one(
            "SELECT min(kind_order), max(CASE WHEN user_id = ? THEN 1 ELSE 0 END), max(reacted) \
             FROM sogs_reaction WHERE message_id = ? AND emoji = ?",
            values![self.actor, self.id, self.emoji.as_str()],
        );
        let (kind, mine, last): (Option<i64>, Option<i32>, Option<i64>) = match row.await? {
            Some(mut row) => (row.next()?, row.next()?, row.next()?),
            None => (None, None, None),
        };
        if mine == Some(1) {
            let seqno = seqno(tx, self.id).await?;
            return Ok(Added {
                added: false,
                seqno,
            });
        }
        // Later than the one before, also within a millisecond: reactors are shown in order.
        let reacted = self.now.millis().max(last.map_or(0, |last| last + 1));
        let drawn = rooms::draw(tx, self.room, 1).await?;
        tx.execute(
            "INSERT INTO sogs_reaction (message_id, emoji, user_id, kind_order, reacted) \
             VALUES (?, ?, ?, ?, ?)",
            values![
                self.id,
                self.emoji.as_str(),
                self.actor,
                kind.unwrap_or(drawn),
                reacted
            ],
        )
        .await?;
        let seqno = changed(tx, self.room, self.id, drawn).await?;
        Ok(Added { added: true, seqno })
    }
}

struct Unreact {
    room: RoomId,
    actor: UserId,
    id: MessageId,
    emoji: Emoji,
}

impl Change for Unreact {
    type Done = Removed<bool>;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<Removed<bool>, Halt> {
        may_react(tx, self.room, self.actor, self.id).await?;
        let removed = tx.execute(
            "DELETE FROM sogs_reaction WHERE message_id = ? AND emoji = ? AND user_id = ?",
            values![self.id, self.emoji.as_str(), self.actor],
        );
        let removed = removed.await? > 0;
        let seqno = if removed {
            let drawn = rooms::draw(tx, self.room, 1).await?;
            changed(tx, self.room, self.id, drawn).await?
        } else {
            seqno(tx, self.id).await?
        };
        Ok(Removed { removed, seqno })
    }
}

struct Clear {
    room: RoomId,
    actor: UserId,
    id: MessageId,
    emoji: Option<Emoji>,
    now: UnixTime,
}

impl Change for Clear {
    type Done = Removed<u64>;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<Removed<u64>, Halt> {
        moderates(tx, self.room, self.actor).await?;
        regular(tx, self.room, self.id).await?;
        let removed = match &self.emoji {
            Some(emoji) => {
                tx.execute(
                    "DELETE FROM sogs_reaction WHERE message_id = ? AND emoji = ?",
                    values![self.id, emoji.as_str()],
                )
                .await?
            }
            None => {
                tx.execute(
                    "DELETE FROM sogs_reaction WHERE message_id = ?",
                    values![self.id],
                )
                .await?
            }
        };
        if removed == 0 {
            let seqno = seqno(tx, self.id).await?;
            return Ok(Removed { removed, seqno });
        }
        let count = i64::try_from(removed).unwrap_or(i64::MAX);
        let drawn = rooms::draw(tx, self.room, count).await?;
        let seqno = changed(tx, self.room, self.id, drawn).await?;
        let note = moderation::note(self.actor, "reactions.clear", self.now);
        note.room(self.room).message(self.id).write(tx).await?;
        Ok(Removed { removed, seqno })
    }
}
