//! Deleting: one message, or everything somebody wrote.

use super::entrance::At;
use super::pipeline::answer::Answer;
use super::{Answered, Ask, Server};
use crate::crypto::SessionId;
use crate::store::MessageId;
use crate::wire::Refusal;

impl Server {
    /// Deletes a message of the caller's own, or as a moderator.
    pub(super) async fn delete(&self, at: &At, id: MessageId, ask: &Ask) -> Answered {
        let actor = &ask.caller.user()?.actor;
        self.tables.delete(actor, at.id(), id, ask.now).await?;
        Ok(Answer::done())
    }

    /// Deletes everything somebody wrote in a room; it is not found if there is nothing.
    pub(super) async fn delete_all(&self, at: &At, author: SessionId, ask: &Ask) -> Answered {
        let actor = &ask.caller.user()?.actor;
        let deleted = self.tables.delete_all(actor, at.id(), author, ask.now);
        match deleted.await? {
            0 => Err(Refusal::NotFound),
            _ => Ok(Answer::done()),
        }
    }

    /// Deletes everything somebody wrote in all rooms where the caller may.
    pub(super) async fn delete_everywhere(&self, author: SessionId, ask: &Ask) -> Answered {
        let actor = &ask.caller.user()?.actor;
        let deleted = self.tables.delete_everywhere(actor, author, ask.now);
        Ok(Answer::json(&deleted.await?))
    }
}
