//! What is set for single users of a room, now and later; moderators see and set it.

use axum::http::Method;

use super::entrance::At;
use super::pipeline::answer::Answer;
use super::{Answered, Ask, Server};
use crate::crypto::SessionId;
use crate::wire::permissions::{LaterChange, PermissionChange};

impl Server {
    /// What is set, of all or of one; or sets it.
    pub(super) async fn room_permissions(
        &self,
        at: &At,
        id: Option<SessionId>,
        ask: &Ask,
    ) -> Answered {
        at.moderates(ask)?;
        let Some(id) = id else {
            return Ok(Answer::json(&self.tables.permissions(at.id()).await?));
        };
        if ask.method == Method::GET {
            let set = self.tables.permissions_of(at.id(), id).await?;
            return Ok(Answer::json(&set));
        }
        let (actor, change) = (
            &ask.caller.user()?.actor,
            PermissionChange::parse(&ask.body)?,
        );
        let set = self
            .tables
            .set_permissions(actor, at.id(), id, change, ask.now);
        Ok(Answer::json(&set.await?))
    }

    /// What is scheduled, of all or of one; or schedules it.
    pub(super) async fn futures(&self, at: &At, id: Option<SessionId>, ask: &Ask) -> Answered {
        at.moderates(ask)?;
        let Some(id) = id else {
            return Ok(Answer::json(&self.tables.futures(at.id()).await?));
        };
        if ask.method == Method::GET {
            let scheduled = self.tables.futures_of(at.id(), id).await?;
            return Ok(Answer::json(&scheduled));
        }
        let (actor, later) = (&ask.caller.user()?.actor, LaterChange::parse(&ask.body)?);
        let scheduled = self.tables.schedule(actor, at.id(), id, later, ask.now);
        Ok(Answer::json(&scheduled.await?))
    }
}
