//! `/user/{id}/…`: roles and bans, in rooms or on the whole server.

use super::pipeline::answer::Answer;
use super::pipeline::endpoint::Moderation;
use super::{Answered, Ask, Server};
use crate::crypto::SessionId;
use crate::wire::moderation::{Ban, RoleChange, Scope};

impl Server {
    pub(super) async fn moderate(&self, id: SessionId, what: Moderation, ask: &Ask) -> Answered {
        let (actor, body, now) = (&ask.caller.user()?.actor, &ask.body, ask.now);
        match what {
            Moderation::Ban => {
                let ban = Ban::parse(body)?;
                self.tables.ban(actor, id, ban, now).await?;
                Ok(Answer::done())
            }
            Moderation::Role => {
                let change = RoleChange::parse(body)?;
                let changed = self.tables.set_role(actor, id, change, now).await?;
                Ok(Answer::json(&changed))
            }
            Moderation::Unban => {
                let scope = Scope::parse(body)?;
                self.tables.unban(actor, id, scope, now).await?;
                Ok(Answer::done())
            }
        }
    }
}
