//! Reading messages: the newest, those before one, what is new since a number.

use std::sync::Arc;

use sea_orm::Value;

use super::message::{StoredMessage, load};
use super::sql::{self, values};
use super::window::{ToShow, Window, show};
use super::{MessageId, RoomId, StoreError, Tables, UserId};
use crate::domain::counters::Shown;
use crate::domain::whisper::Reader;

/// Part of an answer: messages in order, and how each is shown.
#[derive(Clone, Debug, Default)]
pub struct Page {
    messages: Vec<ToShow>,
}

impl Page {
    /// The messages and how each is shown.
    pub fn messages(&self) -> &[(Arc<StoredMessage>, Shown)] {
        &self.messages
    }

    /// As JSON for a caller, naming at most `reactors` users of each reaction.
    pub fn json(&self, caller: Option<UserId>, reactors: usize) -> String {
        let len = self.messages.iter().map(|(message, _)| message.bytes());
        let mut json = String::with_capacity(2 + len.sum::<usize>());
        json.push('[');
        for (at, (message, shown)) in self.messages.iter().enumerate() {
            if at > 0 {
                json.push(',');
            }
            message.write(*shown, caller, reactors, &mut json);
        }
        json.push(']');
        json
    }

    fn full(messages: Vec<Arc<StoredMessage>>) -> Self {
        let full = |message| (message, Shown::Full);
        Self {
            messages: messages.into_iter().map(full).collect(),
        }
    }
}

/// Who reads `m`, with their number three times and whether they moderate in between.
const VISIBLE: &str = "NOT m.filtered AND ((m.whisper_to IS NULL AND NOT m.whisper_mods) \
    OR m.whisper_to = ? OR (? AND (m.whisper_mods OR m.author_id = ? OR m.whisper_to IS NULL)))";

fn visible(reader: Reader) -> [Value; 3] {
    let (user, moderator) = match reader {
        Reader::Anonymous => (-1, false),
        Reader::User(user) => (user, false),
        Reader::Moderator(user) => (user, true),
    };
    [user.into(), moderator.into(), user.into()]
}

fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

impl Tables {
    /// The newest messages of a room, newest first.
    pub async fn recent(
        &self,
        room: RoomId,
        reader: Reader,
        limit: usize,
    ) -> Result<Page, StoreError> {
        match self.window(room).await?.recent(reader, limit) {
            Some(found) => Ok(Page::full(found)),
            None => self.before(room, reader, MessageId(i64::MAX), limit).await,
        }
    }

    /// Messages of a room before one, newest first.
    pub async fn before(
        &self,
        room: RoomId,
        reader: Reader,
        before: MessageId,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let side = ("m.id < ?", before);
        self.beside(room, reader, side, "m.id DESC", limit).await
    }

    /// Messages of a room after one, oldest first: what the legacy API asks for.
    pub async fn after(
        &self,
        room: RoomId,
        reader: Reader,
        after: MessageId,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let side = ("m.id > ?", after);
        self.beside(room, reader, side, "m.id", limit).await
    }

    async fn beside(
        &self,
        room: RoomId,
        reader: Reader,
        (side, id): (&str, MessageId),
        order: &str,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let condition = format!(
            "m.room_id = ? AND {side} AND m.data IS NOT NULL AND {VISIBLE} \
             ORDER BY {order} LIMIT ?"
        );
        let mut marks = values![room, id];
        marks.extend(visible(reader));
        marks.push(rows(limit).into());
        let found = load(self.reads(), &condition, marks).await;
        Ok(Page::full(self.heard(found)?))
    }

    /// What is new in a room since a number, in order; with changes of reactions alone if asked
    /// for.
    pub async fn since(
        &self,
        room: RoomId,
        reader: Reader,
        since: i64,
        limit: usize,
        reactions: bool,
    ) -> Result<Page, StoreError> {
        let window = self.window(room).await?;
        match window.since(reader, since, limit, reactions) {
            Some(messages) => Ok(Page { messages }),
            None => {
                self.since_stored(room, reader, since, limit, reactions)
                    .await
            }
        }
    }

    pub(super) async fn since_stored(
        &self,
        room: RoomId,
        reader: Reader,
        since: i64,
        limit: usize,
        reactions: bool,
    ) -> Result<Page, StoreError> {
        let news = if reactions { "m.seqno" } else { "m.seqno_data" };
        let condition = format!(
            "m.room_id = ? AND m.seqno > ? AND {news} > ? \
             AND (m.data IS NOT NULL OR (? > 0 AND m.seqno_creation <= ?)) AND {VISIBLE} \
             ORDER BY m.seqno, m.id LIMIT ?"
        );
        let mut marks = values![room, since, since, since, since];
        marks.extend(visible(reader));
        marks.push(rows(limit).into());
        let found = self.heard(load(self.reads(), &condition, marks).await)?;
        let found = found.iter();
        let messages = found.filter_map(|message| show(message, reader, since, reactions));
        Ok(Page {
            messages: messages.collect(),
        })
    }

    /// Deletions in a room for the legacy API, as (number, message): those after a number in
    /// order, or else the newest first.
    pub async fn deletions(
        &self,
        room: RoomId,
        reader: Reader,
        after: Option<i64>,
        limit: usize,
    ) -> Result<Vec<(i64, MessageId)>, StoreError> {
        let order = if after.is_some() { "ASC" } else { "DESC" };
        let sql = format!(
            "SELECT m.seqno, m.id FROM sogs_message m WHERE m.room_id = ? AND m.data IS NULL \
             AND m.seqno > ? AND {VISIBLE} ORDER BY m.seqno {order}, m.id {order} LIMIT ?"
        );
        let mut marks = values![room, after.unwrap_or(-1)];
        marks.extend(visible(reader));
        marks.push(rows(limit).into());
        let found = self.heard(sql::all(self.reads(), &sql, marks).await)?;
        let read = |mut row: sql::Columns| Ok((row.next()?, MessageId(row.next()?)));
        self.heard(found.into_iter().map(read).collect())
    }

    /// One message, if the reader may read it.
    pub async fn message(
        &self,
        room: RoomId,
        reader: Reader,
        id: MessageId,
    ) -> Result<Option<Arc<StoredMessage>>, StoreError> {
        let found = load(
            self.reads(),
            "m.id = ? AND m.room_id = ?",
            values![id, room],
        );
        let found = self.heard(found.await)?.pop();
        Ok(found.filter(|message| message.visible(reader)))
    }

    /// One message, whatever room it is in and whoever may read it; `None` if it was deleted.
    pub async fn message_anywhere(
        &self,
        id: MessageId,
    ) -> Result<Option<(RoomId, Arc<StoredMessage>)>, StoreError> {
        let room = sql::one(
            self.reads(),
            "SELECT room_id FROM sogs_message WHERE id = ?",
            values![id],
        );
        let Some(mut row) = self.heard(room.await)? else {
            return Ok(None);
        };
        let room = RoomId(self.heard(row.next())?);
        let there = "m.id = ? AND m.data IS NOT NULL";
        let found = self.heard(load(self.reads(), there, values![id]).await)?;
        Ok(found.into_iter().next().map(|message| (room, message)))
    }

    async fn window(&self, room: RoomId) -> Result<Arc<Window>, StoreError> {
        match self
            .inner
            .cache
            .windows
            .get_value_or_guard_async(&room)
            .await
        {
            Ok(window) => Ok(window),
            Err(place) => {
                let size = self.inner.cache.window_size;
                let newest = load(
                    self.reads(),
                    "m.room_id = ? ORDER BY m.seqno DESC, m.id DESC LIMIT ?",
                    values![room, rows(size)],
                );
                let newest = self.heard(newest.await)?;
                let complete = newest.len() < size;
                let window = Arc::new(Window::new(newest, size, complete));
                // If the place is gone, a commit has changed the room meanwhile.
                let _ = place.insert(Arc::clone(&window));
                Ok(window)
            }
        }
    }
}
