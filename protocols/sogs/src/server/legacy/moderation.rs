//! Moderators and bans, of one room at a time.

use std::sync::Arc;

use super::{Request, nothing, ok};
use crate::crypto::SessionId;
use crate::domain::permissions::Need;
use crate::server::entrance::At;
use crate::server::{Answered, Signed};
use crate::store::User;
use crate::wire::moderation::{Ban, Role, RoleChange, Scope};
use crate::wire::{Refusal, legacy};

impl Request<'_> {
    pub(super) async fn moderators(&self) -> Answered {
        let (_, at) = self.allowed(Need::Read).await?;
        let roster = at.room.roster.clone();
        let moderators = roster.seen_by(at.permissions.moderates()).all();
        ok(legacy::Moderators { moderators })
    }

    /// A visible admin: the old API knows no other.
    pub(super) async fn add_moderator(&self) -> Answered {
        let (signed, at) = self.allowed(Need::Administer).await?;
        let id = legacy::parse_public_key(&self.ask.body)?;
        self.set_role(&signed, &at, id, Role::Admin).await
    }

    pub(super) async fn remove_moderator(&self, id: SessionId) -> Answered {
        let (signed, at) = self.allowed(Need::Administer).await?;
        self.known(id).await?;
        self.set_role(&signed, &at, id, Role::Neither).await
    }

    pub(super) async fn ban(&self) -> Answered {
        let (signed, at) = self.allowed(Need::Moderate).await?;
        let id = legacy::parse_public_key(&self.ask.body)?;
        self.set_ban(&signed, &at, id).await?;
        nothing()
    }

    pub(super) async fn unban(&self, id: SessionId) -> Answered {
        let (signed, at) = self.allowed(Need::Moderate).await?;
        if !self.known(id).await?.in_room(at.id()).banned {
            return Err(Refusal::NotFound);
        }
        let (tables, now) = (&self.server.tables, self.ask.now);
        tables.unban(&signed.actor, id, this(&at), now).await?;
        nothing()
    }

    /// First the ban: who is banned posts nothing more while the rest is deleted.
    pub(super) async fn ban_and_delete_all(&self) -> Answered {
        let (signed, at) = self.allowed(Need::Moderate).await?;
        let id = legacy::parse_public_key(&self.ask.body)?;
        self.set_ban(&signed, &at, id).await?;
        let (tables, now) = (&self.server.tables, self.ask.now);
        let deleted = tables.delete_all(&signed.actor, at.id(), id, now).await;
        match deleted.map_err(Refusal::from) {
            // There was nothing to delete.
            Ok(_) | Err(Refusal::NotFound) => nothing(),
            Err(refusal) => Err(refusal),
        }
    }

    /// Everybody who is banned for moderators, oneself for others.
    pub(super) async fn block_list(&self) -> Answered {
        let (signed, room) = (self.signed().await?, self.room().await?);
        let banned_members = if signed.user.in_room(room.id).banned {
            vec![signed.user.session_id.clone()]
        } else if signed.user.permissions(&room).moderates() {
            self.server.tables.banned_from(room.id).await?
        } else {
            Vec::new()
        };
        ok(legacy::BlockList { banned_members })
    }

    async fn set_role(&self, signed: &Signed, at: &At, id: SessionId, role: Role) -> Answered {
        let change = RoleChange {
            scope: this(at),
            role,
            visible: true,
        };
        let (tables, now) = (&self.server.tables, self.ask.now);
        tables.set_role(&signed.actor, id, change, now).await?;
        nothing()
    }

    async fn set_ban(&self, signed: &Signed, at: &At, id: SessionId) -> Result<(), Refusal> {
        let ban = Ban {
            scope: this(at),
            timeout: None,
        };
        let (tables, now) = (&self.server.tables, self.ask.now);
        Ok(tables.ban(&signed.actor, id, ban, now).await?)
    }

    async fn known(&self, id: SessionId) -> Result<Arc<User>, Refusal> {
        self.server.tables.named(id).await?.ok_or(Refusal::NotFound)
    }
}

fn this(at: &At) -> Scope {
    Scope::Rooms(vec![at.room.token.clone()])
}
