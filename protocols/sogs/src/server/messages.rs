//! `/room/{token}/messages/…` and single messages.

use axum::http::{Method, StatusCode};

use super::entrance::At;
use super::pipeline::answer::Answer;
use super::pipeline::endpoint::Which;
use super::{Answered, Ask, Server};
use crate::domain::counters::Shown;
use crate::store::{MessageId, StoredMessage};
use crate::wire::Refusal;

impl Server {
    /// The newest messages, those before one, or what is new.
    pub(super) async fn messages(&self, at: &At, which: Which, ask: &Ask) -> Answered {
        at.may_read()?;
        let lists = self.config.get().messages.lists();
        let query = ask.target.messages_query(lists)?;
        self.saw(at, ask);
        let (room, reader, limit) = (at.id(), at.reader, query.limit);
        let page = match which {
            Which::Before(id) => {
                let id = MessageId(id);
                self.tables.before(room, reader, id, limit).await?
            }
            Which::Recent => self.tables.recent(room, reader, limit).await?,
            Which::Since(seqno) => {
                let reactions = query.reaction_updates;
                self.tables
                    .since(room, reader, seqno, limit, reactions)
                    .await?
            }
        };
        let json = page.json(ask.caller.row(), query.reactors);
        Ok(Answer::json_bytes(StatusCode::OK, json))
    }

    /// One message: read, edited or deleted.
    pub(super) async fn one_message(&self, at: &At, id: i64, ask: &Ask) -> Answered {
        match ask.method {
            Method::PUT => self.edit(at, MessageId(id), ask).await,
            Method::DELETE => self.delete(at, MessageId(id), ask).await,
            _ => self.read_message(at, MessageId(id), ask).await,
        }
    }

    async fn read_message(&self, at: &At, id: MessageId, ask: &Ask) -> Answered {
        at.may_read()?;
        let lists = self.config.get().messages.lists();
        let query = ask.target.messages_query(lists)?;
        self.saw(at, ask);
        let message = self.tables.message(at.id(), at.reader, id).await?;
        let message = message.ok_or(Refusal::NotFound)?;
        Ok(one(StatusCode::OK, &message, ask, query.reactors))
    }
}

/// One message as an answer.
pub(super) fn one(
    status: StatusCode,
    message: &StoredMessage,
    ask: &Ask,
    reactors: usize,
) -> Answer {
    let mut json = String::new();
    message.write(Shown::Full, ask.caller.row(), reactors, &mut json);
    Answer::json_bytes(status, json)
}
