//! Moderators and bans, of one room at a time.

use std::sync::Arc;

use super::{Outcome, Request, Who, nothing, of_store, ok};
use crate::crypto::SessionId;
use crate::domain::permissions::Need;
use crate::store::{Actor, Room, User};
use crate::wire::moderation::{Ban, Role, RoleChange, Scope};
use crate::wire::{Refusal, legacy};

impl<P> Request<'_, P> {
    pub(super) async fn moderators(&self) -> Outcome {
        let (who, room) = self.allowed(Need::Read).await?;
        let moderates = who.user.permissions(&room).moderates();
        let moderators = room.roster.clone().seen_by(moderates).all();
        ok(legacy::Moderators { moderators })
    }

    /// A visible admin: the old API knows no other.
    pub(super) async fn add_moderator(&self) -> Outcome {
        let (who, room) = self.allowed(Need::Administer).await?;
        let id = legacy::parse_public_key(&self.call.body)?;
        self.set_role(&who, &room, id, Role::Admin).await
    }

    pub(super) async fn remove_moderator(&self, id: SessionId) -> Outcome {
        let (who, room) = self.allowed(Need::Administer).await?;
        self.known(id).await?;
        self.set_role(&who, &room, id, Role::Neither).await
    }

    pub(super) async fn ban(&self) -> Outcome {
        let (who, room) = self.allowed(Need::Moderate).await?;
        let id = legacy::parse_public_key(&self.call.body)?;
        self.set_ban(&who.actor, &room, id).await?;
        nothing()
    }

    pub(super) async fn unban(&self, id: SessionId) -> Outcome {
        let (who, room) = self.allowed(Need::Moderate).await?;
        if !self.known(id).await?.in_room(room.id).banned {
            return Err(Refusal::NotFound);
        }
        let unban = self
            .legacy
            .tables
            .unban(&who.actor, id, this(&room), self.call.now);
        unban.await.map_err(of_store)?;
        nothing()
    }

    /// First the ban: who is banned posts nothing more while the rest is deleted.
    pub(super) async fn ban_and_delete_all(&self) -> Outcome {
        let (who, room) = self.allowed(Need::Moderate).await?;
        let id = legacy::parse_public_key(&self.call.body)?;
        self.set_ban(&who.actor, &room, id).await?;
        let deleted = self
            .legacy
            .tables
            .delete_all(&who.actor, room.id, id, self.call.now);
        match deleted.await.map_err(of_store) {
            // There was nothing to delete.
            Ok(_) | Err(Refusal::NotFound) => nothing(),
            Err(refusal) => Err(refusal),
        }
    }

    /// Everybody who is banned for moderators, oneself for others.
    pub(super) async fn block_list(&self) -> Outcome {
        let (who, room) = (self.who().await?, self.room().await?);
        let banned_members = if who.user.in_room(room.id).banned {
            vec![who.user.session_id.clone()]
        } else if who.user.permissions(&room).moderates() {
            let banned = self.legacy.tables.banned_from(room.id).await;
            banned.map_err(of_store)?
        } else {
            Vec::new()
        };
        ok(legacy::BlockList { banned_members })
    }

    async fn set_role(&self, who: &Who, room: &Room, id: SessionId, role: Role) -> Outcome {
        let change = RoleChange {
            scope: this(room),
            role,
            visible: true,
        };
        let set = self
            .legacy
            .tables
            .set_role(&who.actor, id, change, self.call.now);
        set.await.map_err(of_store)?;
        nothing()
    }

    async fn set_ban(&self, actor: &Actor, room: &Room, id: SessionId) -> Result<(), Refusal> {
        let ban = Ban {
            scope: this(room),
            timeout: None,
        };
        let banned = self.legacy.tables.ban(actor, id, ban, self.call.now);
        banned.await.map_err(of_store)
    }

    async fn known(&self, id: SessionId) -> Result<Arc<User>, Refusal> {
        let user = self.legacy.tables.named(id).await.map_err(of_store)?;
        user.ok_or(Refusal::NotFound)
    }
}

fn this(room: &Room) -> Scope {
    Scope::Rooms(vec![room.token.clone()])
}
