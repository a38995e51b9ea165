//! Reactions: who may read may react.

use axum::http::Method;

use super::entrance::At;
use super::pipeline::answer::Answer;
use super::{Answered, Ask, Server};
use crate::domain::reactions::Emoji;
use crate::store::MessageId;

impl Server {
    /// Adds a reaction of the caller's, or takes it back.
    pub(super) async fn reaction(&self, at: &At, id: i64, emoji: Emoji, ask: &Ask) -> Answered {
        let signed = ask.caller.user()?;
        at.may_read()?;
        self.limits.react(at, signed, &self.config.get(), ask.now)?;
        let (room, id) = (at.id(), MessageId(id));
        self.metrics.reactions.inc();
        if ask.method == Method::DELETE {
            let removed = self.tables.unreact(&signed.actor, room, id, emoji);
            return Ok(Answer::json(&removed.await?));
        }
        let added = self.tables.react(&signed.actor, room, id, emoji, ask.now);
        Ok(Answer::json(&added.await?))
    }

    /// Removes everybody's reactions, or all of one kind.
    pub(super) async fn clear_reactions(
        &self,
        at: &At,
        id: i64,
        emoji: Option<Emoji>,
        ask: &Ask,
    ) -> Answered {
        at.moderates(ask)?;
        let actor = &ask.caller.user()?.actor;
        let (room, id) = (at.id(), MessageId(id));
        let cleared = self.tables.clear_reactions(actor, room, id, emoji, ask.now);
        Ok(Answer::json(&cleared.await?))
    }

    /// Who reacted with something, the oldest first.
    pub(super) async fn reactors(&self, at: &At, id: i64, emoji: &Emoji, ask: &Ask) -> Answered {
        at.may_read()?;
        let limit = ask.target.reactors_limit()?;
        let limit = limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let reactors = self.tables.reactors(at.id(), MessageId(id), emoji, limit);
        Ok(Answer::json(&reactors.await?))
    }
}
