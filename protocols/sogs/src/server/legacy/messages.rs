//! Messages: by number, the deleted ones apart.

use std::sync::Arc;

use super::{Outcome, Posts, Request, of_store, ok};
use crate::domain::permissions::Need;
use crate::store::{MessageId, Room, StoredMessage, User};
use crate::wire::messages::NewMessage;
use crate::wire::{Base64, Refusal, legacy};

impl<P: Posts> Request<'_, P> {
    pub(super) async fn messages(&self) -> Outcome {
        let (who, room) = self.allowed(Need::Read).await?;
        let from = self.call.target.integer("from_server_id")?;
        let messages = self.since(&who.user, &room, from, self.limit()?).await?;
        ok(legacy::Messages { messages })
    }

    pub(super) async fn deleted_messages(&self) -> Outcome {
        let (who, room) = self.allowed(Need::Read).await?;
        let from = self.call.target.integer("from_server_id")?;
        let ids = self
            .deletions(&who.user, &room, from, self.limit()?)
            .await?;
        ok(legacy::DeletedMessages { ids })
    }

    pub(super) async fn post(&self) -> Outcome {
        let (who, room) = self.allowed(Need::Write).await?;
        let most = usize::try_from(self.config.messages.max_size.get()).unwrap_or(usize::MAX);
        let new = NewMessage {
            content: legacy::parse_message(&self.call.body, most)?,
            whisper_to: None,
            whisper_mods: false,
        };
        let message = self.posts.post(&who, &room, new, self.call.now).await?;
        let message = shown(&message).ok_or(Refusal::Broken)?;
        ok(legacy::Posted { message })
    }

    pub(super) async fn delete_messages(&self) -> Outcome {
        let ids = legacy::parse_ids(&self.call.body)?;
        self.delete(ids).await
    }

    /// Deletes all of them that are there, or none if one of them may not be.
    pub(super) async fn delete(&self, ids: Vec<i64>) -> Outcome {
        let (who, room) = (self.who().await?, self.room().await?);
        let ids = ids.into_iter().map(MessageId).collect();
        let deleted = self
            .legacy
            .tables
            .delete_some(&who.actor, room.id, ids, self.call.now);
        deleted.await.map_err(of_store)?;
        super::nothing()
    }

    /// Messages after one in order, or else the newest first.
    pub(super) async fn since(
        &self,
        user: &User,
        room: &Room,
        from: Option<i64>,
        limit: usize,
    ) -> Result<Vec<legacy::Message>, Refusal> {
        let (tables, reader) = (&self.legacy.tables, user.reader(room));
        let page = match from {
            None => tables.recent(room.id, reader, limit).await,
            Some(from) => {
                let from = self.moved(room, from).await?;
                tables.after(room.id, reader, from, limit).await
            }
        };
        let page = page.map_err(of_store)?;
        tables.saw_in(room.id, user.id, self.call.now);
        let messages = page.messages().iter();
        Ok(messages.filter_map(|(message, _)| shown(message)).collect())
    }

    /// Deletions after one in order, or else the newest first.
    pub(super) async fn deletions(
        &self,
        user: &User,
        room: &Room,
        from: Option<i64>,
        limit: usize,
    ) -> Result<Vec<legacy::Deletion>, Refusal> {
        let reader = user.reader(room);
        let deletions = self.legacy.tables.deletions(room.id, reader, from, limit);
        let deletions = deletions.await.map_err(of_store)?.into_iter();
        Ok(deletions
            .map(|(seqno, id)| legacy::Deletion::new(seqno, id.0))
            .collect())
    }

    /// What a message is called now that a client knows from before its room was imported.
    async fn moved(&self, room: &Room, from: i64) -> Result<MessageId, Refusal> {
        let imported = self.legacy.tables.imported_messages(room.id).await;
        Ok(match imported.map_err(of_store)? {
            Some((last, by)) if from <= last.0 => MessageId(from.saturating_add(by)),
            _ => MessageId(from),
        })
    }

    fn limit(&self) -> Result<usize, Refusal> {
        let most = i64::from(legacy::MAX_LIST);
        let limit = self.call.target.integer("limit")?.unwrap_or(most);
        Ok(usize::try_from(limit.clamp(1, most)).unwrap_or(1))
    }
}

fn shown(message: &Arc<StoredMessage>) -> Option<legacy::Message> {
    let said = message.said()?;
    Some(legacy::Message {
        server_id: message.id.0,
        public_key: said.session_id,
        timestamp: message.posted,
        data: Base64(said.data),
        signature: Base64(said.signature),
    })
}
