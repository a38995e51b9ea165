//! Deleting messages. What is left of one is a tombstone, so that whoever has it learns to forget
//! it; what it said is kept for a while in the history, where nothing but the operator looks.

use relay_core::clock::UnixTime;
use sea_orm::DbErr;

use super::change::{Actor, Change, Halt, Tx};
use super::overrides::{self, standing};
use super::person::{self, Person};
use super::posting::{post_of, touch};
use super::sql::values;
use super::touch::Touch;
use super::{MessageId, RoomId, StoreError, Tables, UserId, moderation, rooms};
use crate::crypto::SessionId;
use crate::domain::moderation::Standing;
use crate::domain::permissions::Need;
use crate::wire::Refusal;
use crate::wire::messages::DeletedEverywhere;

impl Tables {
    /// Deletes a message of one's own, or as a moderator.
    pub async fn delete(
        &self,
        actor: &Actor,
        room: RoomId,
        id: MessageId,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        let change = Delete {
            room,
            actor: actor.user,
            ids: vec![id],
            strict: true,
            now,
        };
        self.change(actor, change).await.map(drop)
    }

    /// Deletes all of these that are there, or none if one of them may not be. Gives how many.
    pub async fn delete_some(
        &self,
        actor: &Actor,
        room: RoomId,
        ids: Vec<MessageId>,
        now: UnixTime,
    ) -> Result<u64, StoreError> {
        let change = Delete {
            room,
            actor: actor.user,
            ids,
            strict: false,
            now,
        };
        self.change(actor, change).await
    }

    /// Deletes everything somebody wrote and uploaded in a room. Gives how many messages.
    pub async fn delete_all(
        &self,
        actor: &Actor,
        room: RoomId,
        author: SessionId,
        now: UnixTime,
    ) -> Result<u64, StoreError> {
        let change = DeleteAll {
            room,
            actor: actor.user,
            author: self.person(author),
            now,
        };
        self.change(actor, change).await
    }

    /// The same in every room where the caller may.
    pub async fn delete_everywhere(
        &self,
        actor: &Actor,
        author: SessionId,
        now: UnixTime,
    ) -> Result<DeletedEverywhere, StoreError> {
        let change = DeleteEverywhere {
            actor: actor.user,
            author: self.person(author),
            now,
        };
        self.change(actor, change).await
    }
}

struct Delete {
    room: RoomId,
    actor: UserId,
    ids: Vec<MessageId>,
    /// Whether one that is not there is refused.
    strict: bool,
    now: UnixTime,
}

impl Change for Delete {
    type Done = u64;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<u64, Halt> {
        let standing = standing(tx, self.room, self.actor).await?;
        if !standing.permissions.allow(Need::Write) {
            return Err(Refusal::Denied.into());
        }
        let mut ids = Vec::with_capacity(self.ids.len());
        for id in &self.ids {
            match self.check(tx, &standing, *id).await {
                Ok(own) => ids.push((*id, own)),
                Err(Halt::Refused(Refusal::NotFound)) if !self.strict => {}
                Err(halt) => return Err(halt),
            }
        }
        let mut deleted = 0;
        for (id, own) in ids {
            deleted += erase(tx, self.room, Which::One(id), self.now).await?;
            touch(tx, self.room, id).await?;
            if !own {
                let note = moderation::note(self.actor, "message.delete", self.now);
                note.room(self.room).message(id).write(tx).await?;
            }
        }
        Ok(deleted)
    }
}

impl Delete {
    /// Whether it may be; if so, whether it is one's own.
    async fn check(
        &self,
        tx: &Tx<'_>,
        standing: &overrides::Standing,
        id: MessageId,
    ) -> Result<bool, Halt> {
        let post = post_of(tx, self.room, id).await?;
        post.may_delete(&standing.permissions, self.actor.0)?;
        Ok(post.audience.author == self.actor.0)
    }
}

struct DeleteAll {
    room: RoomId,
    actor: UserId,
    author: Person,
    now: UnixTime,
}

impl Change for DeleteAll {
    type Done = u64;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<u64, Halt> {
        let authors = authors(tx, &self.author).await?;
        if !may_delete_all(tx, self.room, self.actor, &authors).await? {
            return Err(Refusal::Denied.into());
        }
        match erase_authors(tx, self.room, self.actor, &authors, self.now).await? {
            0 => Err(Refusal::NotFound.into()),
            deleted => Ok(deleted),
        }
    }
}

/// The rows of somebody who may have written something.
async fn authors(tx: &Tx<'_>, author: &Person) -> Result<Vec<UserId>, Halt> {
    let authors = person::known(tx.db, author).await?;
    if authors.is_empty() {
        return Err(Refusal::NotFound.into());
    }
    Ok(authors)
}

/// Whether somebody may delete everything one person wrote in a room.
async fn may_delete_all(
    tx: &Tx<'_>,
    room: RoomId,
    actor: UserId,
    authors: &[UserId],
) -> Result<bool, Halt> {
    let by = standing(tx, room, actor).await?;
    if authors.contains(&actor) {
        return Ok(true);
    }
    for author in authors {
        let target = Standing::of(
            overrides::role(tx.db, *author).await?,
            overrides::in_room(tx.db, room, *author).await?,
        );
        if !Standing::of(by.role, by.set).may_delete_all_of(target) {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn erase_authors(
    tx: &mut Tx<'_>,
    room: RoomId,
    actor: UserId,
    authors: &[UserId],
    now: UnixTime,
) -> Result<u64, DbErr> {
    let mut deleted = 0;
    for author in authors {
        deleted += erase_author(tx, room, actor, *author, now).await?;
    }
    Ok(deleted)
}

async fn erase_author(
    tx: &mut Tx<'_>,
    room: RoomId,
    actor: UserId,
    author: UserId,
    now: UnixTime,
) -> Result<u64, DbErr> {
    let deleted = erase(tx, room, Which::By(author), now).await?;
    if deleted == 0 {
        return Ok(0);
    }
    tx.execute(
        "UPDATE sogs_file SET expiry = 0 WHERE room_id = ? AND uploader_id = ? \
         AND id NOT IN (SELECT image_id FROM sogs_room WHERE image_id IS NOT NULL)",
        values![room, author],
    )
    .await?;
    if actor != author {
        let note = moderation::note(actor, "message.delete_all", now);
        let detail = format!("{deleted} messages");
        note.room(room)
            .target(author)
            .detail(detail)
            .write(tx)
            .await?;
    }
    Ok(deleted)
}

struct DeleteEverywhere {
    actor: UserId,
    author: Person,
    now: UnixTime,
}

impl Change for DeleteEverywhere {
    type Done = DeletedEverywhere;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<DeletedEverywhere, Halt> {
        let authors = authors(tx, &self.author).await?;
        let mut done = DeletedEverywhere::default();
        for mut row in tx
            .all("SELECT id, token FROM sogs_room ORDER BY id", values![])
            .await?
        {
            let room = RoomId(row.next()?);
            let by = standing(tx, room, self.actor).await?;
            if !by.permissions.allow(Need::Access)
                || !may_delete_all(tx, room, self.actor, &authors).await?
            {
                continue;
            }
            let deleted = erase_authors(tx, room, self.actor, &authors, self.now).await?;
            done.total += deleted;
            done.rooms.insert(row.next()?, deleted);
        }
        Ok(done)
    }
}

/// Which messages of a room.
#[derive(Clone, Copy)]
enum Which {
    One(MessageId),
    By(UserId),
}

impl Which {
    /// The condition on `m`, with the room and one more mark.
    const fn condition(self) -> &'static str {
        match self {
            Self::One(_) => "m.room_id = ? AND m.id = ? AND m.data IS NOT NULL",
            Self::By(_) => "m.room_id = ? AND m.author_id = ? AND m.data IS NOT NULL",
        }
    }

    /// The same once they are tombstones.
    const fn buried(self) -> &'static str {
        match self {
            Self::One(_) => "m.room_id = ? AND m.id = ? AND m.data IS NULL",
            Self::By(_) => "m.room_id = ? AND m.author_id = ? AND m.data IS NULL",
        }
    }

    const fn value(self) -> i64 {
        match self {
            Self::One(id) => id.0,
            Self::By(user) => user.0,
        }
    }
}

/// Makes tombstones; gives how many.
async fn erase(tx: &mut Tx<'_>, room: RoomId, which: Which, now: UnixTime) -> Result<u64, DbErr> {
    let condition = which.condition();
    let marks = || values![room, which.value()];
    let count = format!("SELECT count(*) FROM sogs_message m WHERE {condition}");
    let count: i64 = tx.scalar(&count, marks()).await?;
    if count == 0 {
        return Ok(0);
    }
    let these = format!("message_id IN (SELECT m.id FROM sogs_message m WHERE {condition})");
    let unpin = format!("DELETE FROM sogs_pin WHERE {these}");
    let unpinned = tx.execute(&unpin, marks()).await?;
    if unpinned > 0 {
        rooms::info_changed(tx, room, unpinned).await?;
    }
    let expire = format!("UPDATE sogs_file SET expiry = 0 WHERE {these}");
    tx.execute(&expire, marks()).await?;
    bury(tx, room, which, now).await?;
    let forget = format!(
        "DELETE FROM sogs_reaction WHERE message_id IN (SELECT m.id FROM sogs_message m WHERE {})",
        which.buried()
    );
    tx.execute(&forget, marks()).await?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// A deletion is a change of the room, and so is the end of each of its reactions before.
const CHANGES: &str = "1 + (SELECT count(*) FROM sogs_reaction r WHERE r.message_id = m.id)";

async fn bury(tx: &mut Tx<'_>, room: RoomId, which: Which, now: UnixTime) -> Result<(), DbErr> {
    let condition = which.condition();
    let keep = format!(
        "INSERT INTO sogs_history (message_id, replaced, data_size, signature, data) \
         SELECT m.id, ?, m.data_size, m.signature, m.data FROM sogs_message m WHERE {condition}"
    );
    tx.execute(&keep, values![now.millis(), room, which.value()])
        .await?;
    let count =
        format!("SELECT CAST(sum({CHANGES}) AS BIGINT) FROM sogs_message m WHERE {condition}");
    let count: i64 = tx.scalar(&count, values![room, which.value()]).await?;
    let last = rooms::draw(tx, room, count).await?;
    let erase = format!(
        "UPDATE sogs_message SET data = NULL, data_size = NULL, signature = NULL, edited = ?, \
         seqno = ? + n.place, seqno_data = ? + n.place FROM (SELECT m.id AS id, \
         CAST(sum({CHANGES}) OVER (ORDER BY m.id) AS BIGINT) AS place \
         FROM sogs_message m WHERE {condition}) n \
         WHERE sogs_message.id = n.id"
    );
    let base = last - count;
    tx.execute(
        &erase,
        values![now.millis(), base, base, room, which.value()],
    )
    .await?;
    if let Which::By(_) = which {
        tx.touch(Touch::Messages(room, last));
    }
    Ok(())
}
