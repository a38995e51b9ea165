//! Pinning messages, which admins do.

use super::entrance::At;
use super::pipeline::answer::Answer;
use super::{Answered, Ask, Server};
use crate::domain::permissions::Need;
use crate::store::{Actor, MessageId};
use crate::wire::Refusal;

impl Server {
    /// Pins a message, or pins it anew.
    pub(super) async fn pin(&self, at: &At, id: i64, ask: &Ask) -> Answered {
        let actor = pinning(at, ask)?;
        let pinned = self.tables.pin(actor, at.id(), MessageId(id), ask.now);
        Ok(Answer::json(&pinned.await?))
    }

    /// Unpins one message, or all.
    pub(super) async fn unpin(&self, at: &At, id: Option<i64>, ask: &Ask) -> Answered {
        let actor = pinning(at, ask)?;
        let lifetimes = self.config.get().lifetimes_in(&at.room.token);
        let room = at.id();
        match id {
            Some(id) => {
                let unpinned = self.tables.unpin(actor, room, MessageId(id), lifetimes);
                Ok(Answer::json(&unpinned.await?))
            }
            None => {
                let unpinned = self.tables.unpin_all(actor, room, lifetimes);
                Ok(Answer::json(&unpinned.await?))
            }
        }
    }
}

/// Anonymous callers are refused like everybody else here.
fn pinning<'a>(at: &At, ask: &'a Ask) -> Result<&'a Actor, Refusal> {
    at.need(Need::Administer, Refusal::AdminRequired)?;
    Ok(&ask.caller.user()?.actor)
}
