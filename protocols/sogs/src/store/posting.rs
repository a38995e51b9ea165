//! Posting.

use std::sync::Arc;

use relay_core::clock::UnixTime;
use sea_orm::DbErr;

use super::change::{Actor, Change, Halt, Tx};
use super::message::{self, Row, StoredMessage};
use super::overrides::{STANDING_TABLES, Standing, read_standing, standing_columns};
use super::person::{self, Person};
use super::sql::{Columns, values};
use super::touch::Touch;
use super::users::nothing_returned;
use super::{MessageId, RoomId, StoreError, Tables, UserId, files, rooms, users};
use crate::crypto::SessionId;
use crate::domain::counters::MessageSequence;
use crate::domain::files::Lifetimes;
use crate::domain::permissions::Need;
use crate::domain::posts::{Post, may_post};
use crate::domain::rate::RateLimit;
use crate::domain::whisper::Audience;
use crate::private::private_debug;
use crate::wire::messages::NewMessage;
use crate::wire::{Refusal, padding};

/// What a post or an edit needs to know of the server's settings.
#[derive(Clone, Copy, Debug)]
pub struct Posting {
    /// How fast somebody may post in a room.
    pub limit: RateLimit,
    /// How long files stay.
    pub lifetimes: Lifetimes,
    /// What time it is.
    pub now: UnixTime,
}

/// What the server says by itself after a post that a filter caught.
#[derive(Clone, Eq, PartialEq)]
pub struct Reply {
    /// As whom.
    pub author: SessionId,
    /// What, padded.
    pub data: Vec<u8>,
    /// Of the author.
    pub signature: [u8; 64],
    /// Whether to everybody, and not only to whom it replies.
    pub public: bool,
}

private_debug!(Reply);

/// What filters made of a post.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Filtered {
    /// Whether it is kept from everybody.
    pub hidden: bool,
    /// What the server says to it.
    pub reply: Option<Reply>,
}

impl Tables {
    /// Posts a message.
    pub async fn post(
        &self,
        actor: &Actor,
        room: RoomId,
        new: NewMessage,
        filtered: Filtered,
        posting: Posting,
    ) -> Result<Arc<StoredMessage>, StoreError> {
        let change = NewPost {
            room,
            author: actor.user,
            to: new.whisper_to.map(|id| self.person(id)),
            new,
            filtered,
            posting,
        };
        self.change(actor, change).await
    }

    /// Says something to somebody, or to everybody, without being asked whether it may: what the
    /// server itself has to say.
    pub async fn say(
        &self,
        room: RoomId,
        reply: Reply,
        to: UserId,
        now: UnixTime,
    ) -> Result<Arc<StoredMessage>, StoreError> {
        let say = Say {
            room,
            reply,
            to,
            now,
        };
        self.change(&Actor::system(), say).await
    }
}

struct NewPost {
    room: RoomId,
    author: UserId,
    to: Option<Person>,
    new: NewMessage,
    filtered: Filtered,
    posting: Posting,
}

impl Change for NewPost {
    type Done = Arc<StoredMessage>;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<Self::Done, Halt> {
        let (standing, pace) = poster(tx, self.room, self.author, &self.posting).await?;
        let posting = &self.posting;
        pace.check(&standing, posting, |posted| {
            may_post(
                &standing.permissions,
                self.new.is_whisper(),
                posting.limit,
                posted,
            )
        })?;
        let to = match &self.to {
            Some(person) => Some(
                person::find(tx.db, person)
                    .await?
                    .ok_or(Refusal::NotFound)?,
            ),
            None => None,
        };
        let draft = Draft {
            room: self.room,
            session_id: standing.session_id,
            data: &self.new.content.data,
            signature: &self.new.content.signature,
            posted: posting.now,
            post: Post {
                audience: Audience {
                    author: self.author.0,
                    to: to.map(|user| user.0),
                    moderators: self.new.whisper_mods,
                },
                deleted: false,
                filtered: self.filtered.hidden,
            },
        };
        let message = insert(tx, draft).await?;
        let files = &self.new.content.files;
        files::attach(tx, message.id, self.room, self.author, files, posting).await?;
        if let Some(reply) = &self.filtered.reply {
            say(tx, self.room, reply, self.author, posting.now).await?;
        }
        Ok(message)
    }

    fn weight(&self) -> usize {
        512 + self.new.content.data.len()
    }
}

/// How fast somebody posts in a room. Edits count like posts; deletions do not.
pub(crate) struct Pace {
    /// The room's pause between two posts.
    slow: Option<i64>,
    last: Option<i64>,
    /// Since the limit counts.
    posted: u64,
}

/// What somebody about to post may do, and how fast they have posted: all in one question, because
/// every one costs as much as the rest of a post.
pub(crate) async fn poster(
    tx: &Tx<'_>,
    room: RoomId,
    author: UserId,
    posting: &Posting,
) -> Result<(Standing, Pace), Halt> {
    let from = posting.limit.counts_from(posting.now).millis();
    let row = tx
        .one(&question(posting.limit), values![from, from, room, author])
        .await?;
    let mut row = row.ok_or(Refusal::NotFound)?;
    let standing = read_standing(&mut row)?;
    let (slow, last) = (row.next()?, row.next()?);
    let posted = u64::try_from(row.next::<i64>()?).unwrap_or(0);
    let pace = Pace { slow, last, posted };
    Ok((standing, pace))
}

/// Of the times from which posts and edits count, the room and the author. More than the limit are
/// not worth counting. A plus keeps SQLite from looking for edits through all that somebody ever
/// posted.
pub(super) fn question(limit: RateLimit) -> String {
    let most = limit.count;
    format!(
        "SELECT {}, r.slow_mode, \
         (SELECT max(p.posted) FROM sogs_message p WHERE p.room_id = r.id \
         AND p.author_id = u.id), \
         (SELECT count(*) FROM (SELECT 1 FROM sogs_message c WHERE c.room_id = r.id \
         AND c.author_id = u.id AND c.posted >= ? LIMIT {most}) AS posts) + \
         (SELECT count(*) FROM (SELECT 1 FROM sogs_history h \
         JOIN sogs_message e ON e.id = h.message_id WHERE h.replaced >= ? AND +e.room_id = r.id \
         AND +e.author_id = u.id AND e.data IS NOT NULL LIMIT {most}) AS edits) \
         FROM {STANDING_TABLES}",
        standing_columns()
    )
}

impl Pace {
    /// Refuses who may not post, or posts too fast.
    pub(crate) fn check(
        &self,
        standing: &Standing,
        posting: &Posting,
        may: impl Fn(u64) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        may(0)?;
        if standing.permissions.allow(Need::Administer) {
            return Ok(());
        }
        let too_soon = match (self.slow, self.last) {
            (Some(slow), Some(last)) => last.saturating_add(slow) > posting.now.millis(),
            _ => false,
        };
        if too_soon && !standing.permissions.moderates() {
            return Err(Refusal::RateLimited);
        }
        may(self.posted)
    }
}

/// A message about to be written.
struct Draft<'a> {
    room: RoomId,
    session_id: String,
    /// Padded.
    data: &'a [u8],
    signature: &'a [u8; 64],
    posted: UnixTime,
    post: Post,
}

async fn insert(tx: &mut Tx<'_>, draft: Draft<'_>) -> Result<Arc<StoredMessage>, DbErr> {
    let seqno = rooms::draw(tx, draft.room, 1).await?;
    let Draft {
        data,
        signature,
        post,
        ..
    } = draft;
    let audience = post.audience;
    let row = tx.returning(
        "INSERT INTO sogs_message (room_id, author_id, posted, seqno, seqno_data, \
         seqno_creation, filtered, whisper_to, whisper_mods, data_size, signature, data) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        values![
            draft.room,
            audience.author,
            draft.posted.millis(),
            seqno,
            seqno,
            seqno,
            post.filtered,
            audience.to,
            audience.moderators,
            i64::try_from(data.len()).unwrap_or(i64::MAX),
            signature.to_vec(),
            padding::strip(data).to_vec()
        ],
    );
    let id = MessageId(row.await?.ok_or_else(nothing_returned)?.next()?);
    let whisper_to = match audience.to {
        Some(user) => Some(session_id(tx, UserId(user)).await?),
        None => None,
    };
    let row = Row {
        id,
        session_id: draft.session_id,
        posted: draft.posted,
        edited: None,
        sequence: MessageSequence {
            creation: seqno,
            data: seqno,
            reactions: 0,
        },
        post,
        whisper_to,
        content: Some((data.to_vec(), signature.to_vec())),
    };
    let message = Arc::new(row.with(Vec::new()));
    tx.touch(Touch::Message(draft.room, Arc::clone(&message)));
    Ok(message)
}

async fn session_id(tx: &Tx<'_>, user: UserId) -> Result<String, DbErr> {
    tx.scalar(
        "SELECT session_id FROM sogs_user WHERE id = ?",
        values![user],
    )
    .await
}

struct Say {
    room: RoomId,
    reply: Reply,
    to: UserId,
    now: UnixTime,
}

impl Change for Say {
    type Done = Arc<StoredMessage>;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<Self::Done, Halt> {
        say(tx, self.room, &self.reply, self.to, self.now).await
    }
}

async fn say(
    tx: &mut Tx<'_>,
    room: RoomId,
    reply: &Reply,
    to: UserId,
    now: UnixTime,
) -> Result<Arc<StoredMessage>, Halt> {
    let author = users::row_of(tx, &reply.author, now).await?;
    let draft = Draft {
        room,
        session_id: reply.author.to_string(),
        data: &reply.data,
        signature: &reply.signature,
        posted: now,
        post: Post {
            audience: Audience {
                author: author.0,
                to: (!reply.public).then_some(to.0),
                moderators: false,
            },
            deleted: false,
            filtered: false,
        },
    };
    Ok(insert(tx, draft).await?)
}

/// A message of a room, as far as it matters what may be done with it.
pub(crate) async fn post_of(tx: &Tx<'_>, room: RoomId, id: MessageId) -> Result<Post, Halt> {
    let row = tx.one(
        "SELECT author_id, whisper_to, whisper_mods, data IS NULL, filtered FROM sogs_message \
         WHERE id = ? AND room_id = ?",
        values![id, room],
    );
    let mut row: Columns = row.await?.ok_or(Refusal::NotFound)?;
    Ok(Post {
        audience: Audience {
            author: row.next()?,
            to: row.next()?,
            moderators: row.next()?,
        },
        deleted: row.next()?,
        filtered: row.next()?,
    })
}

/// After the commit, memory has the message as it is now.
pub(crate) async fn touch(tx: &mut Tx<'_>, room: RoomId, id: MessageId) -> Result<i64, DbErr> {
    let message = message::load(tx.db, "m.id = ?", values![id]).await?.pop();
    let message = message.ok_or_else(nothing_returned)?;
    let seqno = message.sequence.seqno();
    tx.touch(Touch::Message(room, message));
    Ok(seqno)
}
