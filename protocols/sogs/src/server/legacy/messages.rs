//! Messages: by number, the deleted ones apart.

use super::{Request, nothing, ok};
use crate::domain::permissions::Need;
use crate::server::entrance::At;
use crate::server::{Answered, Signed};
use crate::store::{MessageId, RoomId, StoredMessage};
use crate::wire::messages::NewMessage;
use crate::wire::{Base64, Refusal, legacy};

impl Request<'_> {
    pub(super) async fn messages(&self) -> Answered {
        let (signed, at) = self.allowed(Need::Read).await?;
        let from = self.ask.target.integer("from_server_id")?;
        let messages = self.since(&signed, &at, from, self.limit()?).await?;
        ok(legacy::Messages { messages })
    }

    pub(super) async fn deleted_messages(&self) -> Answered {
        let (_, at) = self.allowed(Need::Read).await?;
        let from = self.ask.target.integer("from_server_id")?;
        let ids = self.deletions(&at, from, self.limit()?).await?;
        ok(legacy::DeletedMessages { ids })
    }

    pub(super) async fn post(&self) -> Answered {
        let (signed, at) = self.allowed(Need::Write).await?;
        let most = usize::try_from(self.config.messages.max_size.get()).unwrap_or(usize::MAX);
        let new = NewMessage {
            content: legacy::parse_message(&self.ask.body, most)?,
            whisper_to: None,
            whisper_mods: false,
        };
        let posted = self.server.say(&at, &signed, new, self.ask.now).await?;
        let message = shown(&posted).ok_or(Refusal::Broken)?;
        ok(legacy::Posted { message })
    }

    pub(super) async fn delete_messages(&self) -> Answered {
        let ids = legacy::parse_ids(&self.ask.body)?;
        self.delete(ids).await
    }

    /// Deletes all of them that are there, or none if one of them may not be.
    pub(super) async fn delete(&self, ids: Vec<i64>) -> Answered {
        let (signed, room) = (self.signed().await?, self.room().await?);
        let ids = ids.into_iter().map(MessageId).collect();
        let (tables, now) = (&self.server.tables, self.ask.now);
        tables.delete_some(&signed.actor, room.id, ids, now).await?;
        nothing()
    }

    /// Messages after one in order, or else the newest first.
    pub(super) async fn since(
        &self,
        signed: &Signed,
        at: &At,
        from: Option<i64>,
        limit: usize,
    ) -> Result<Vec<legacy::Message>, Refusal> {
        let (tables, room) = (&self.server.tables, at.id());
        tables.saw_in(room, signed.user.id, self.ask.now);
        let page = match from {
            None => tables.recent(room, at.reader, limit).await?,
            Some(from) => {
                let from = self.moved(room, from).await?;
                tables.after(room, at.reader, from, limit).await?
            }
        };
        let messages = page.messages().iter();
        Ok(messages.filter_map(|(message, _)| shown(message)).collect())
    }

    /// Deletions after one in order, or else the newest first.
    pub(super) async fn deletions(
        &self,
        at: &At,
        from: Option<i64>,
        limit: usize,
    ) -> Result<Vec<legacy::Deletion>, Refusal> {
        let tables = &self.server.tables;
        let deletions = tables.deletions(at.id(), at.reader, from, limit).await?;
        let shown = |(seqno, id): (i64, MessageId)| legacy::Deletion::new(seqno, id.0);
        Ok(deletions.into_iter().map(shown).collect())
    }

    /// What a message is called now that a client knows from before its room was imported.
    async fn moved(&self, room: RoomId, from: i64) -> Result<MessageId, Refusal> {
        Ok(match self.server.tables.imported_messages(room).await? {
            Some((last, by)) if from <= last.0 => MessageId(from.saturating_add(by)),
            _ => MessageId(from),
        })
    }

    fn limit(&self) -> Result<usize, Refusal> {
        let most = i64::from(legacy::MAX_LIST);
        let limit = self.ask.target.integer("limit")?.unwrap_or(most);
        Ok(usize::try_from(limit.clamp(1, most)).unwrap_or(1))
    }
}

fn shown(message: &StoredMessage) -> Option<legacy::Message> {
    let said = message.said()?;
    Some(legacy::Message {
        server_id: message.id.0,
        public_key: said.session_id,
        timestamp: message.posted,
        data: Base64(said.data),
        signature: Base64(said.signature),
    })
}
