//! Who moderates: in rooms, and on the whole server.

use std::collections::HashSet;

use relay_core::clock::UnixTime;
use sea_orm::DbErr;

use super::change::{Actor, All, Change, Halt, Tx};
use super::overrides::{self, ROLE_COLUMNS, read_role, standing};
use super::person::{self, Person};
use super::room_edit::token_of;
use super::sql::{self, Columns, values};
use super::{RoomId, StoreError, Tables, UserId, moderation};
use crate::crypto::SessionId;
use crate::domain::moderation::{change_global_role, change_room_role};
use crate::domain::permissions::{GlobalRole, Need};
use crate::wire::Refusal;
use crate::wire::moderation::{Role, RoleChange, RoleChanged, Scope};

impl Tables {
    /// Gives or takes a role. Somebody who is banned cannot get one.
    pub async fn set_role(
        &self,
        actor: &Actor,
        id: SessionId,
        change: RoleChange,
        now: UnixTime,
    ) -> Result<RoleChanged, StoreError> {
        let change = self.setting_role(actor, id, change, now);
        self.change(actor, change).await
    }

    /// Gives or takes the same role of all of some people, or of none.
    pub async fn set_role_of_all(
        &self,
        actor: &Actor,
        ids: &[SessionId],
        change: RoleChange,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        let each = ids.iter();
        let each = each.map(|id| self.setting_role(actor, *id, change.clone(), now));
        self.change(actor, All(each.collect())).await.map(drop)
    }

    fn setting_role(
        &self,
        actor: &Actor,
        id: SessionId,
        change: RoleChange,
        now: UnixTime,
    ) -> SetRole {
        SetRole {
            actor: actor.user,
            person: self.person(id),
            change,
            now,
        }
    }

    /// Everybody with a role on the whole server, by id, but for the server itself.
    pub async fn global_moderators(&self) -> Result<Vec<(String, GlobalRole)>, StoreError> {
        let sql = format!(
            "SELECT u.session_id, {ROLE_COLUMNS} FROM sogs_user u \
             WHERE u.moderator AND u.id <> ? ORDER BY u.session_id"
        );
        let rows = sql::all(self.reads(), &sql, values![UserId::SYSTEM]).await;
        let read = |mut row: Columns| Ok((row.next()?, read_role(&mut row)?));
        let rows = self.heard(rows)?;
        self.heard(rows.into_iter().map(read).collect())
    }
}

/// The rooms a scope means to somebody who must have a right in each of them; refused if they
/// lack it in one, if one is named twice or is not there, and if none is left.
pub(crate) async fn rooms_of(
    tx: &Tx<'_>,
    actor: UserId,
    scope: &Scope,
    need: Need,
) -> Result<Vec<RoomId>, Halt> {
    let all = tx.all(
        "SELECT id, token_folded FROM sogs_room ORDER BY id",
        values![],
    );
    let read = |mut row: Columns| Ok((RoomId(row.next()?), row.next::<String>()?));
    let all: Vec<_> = all
        .await?
        .into_iter()
        .map(read)
        .collect::<Result<_, DbErr>>()?;
    let mut rooms = Vec::new();
    match scope {
        Scope::Global => return Err(Refusal::Malformed.into()),
        Scope::Everywhere => {
            for (room, _) in &all {
                if standing(tx, *room, actor).await?.permissions.allow(need) {
                    rooms.push(*room);
                }
            }
        }
        Scope::Rooms(tokens) => {
            let mut seen = HashSet::new();
            for token in tokens {
                let token = token.to_ascii_lowercase();
                let room = all.iter().find(|(_, folded)| *folded == token);
                let (room, _) = room.ok_or(Refusal::Denied)?;
                let may = standing(tx, *room, actor).await?.permissions.allow(need);
                if !may || !seen.insert(*room) {
                    return Err(Refusal::Denied.into());
                }
                rooms.push(*room);
            }
        }
    }
    if rooms.is_empty() {
        return Err(Refusal::Denied.into());
    }
    Ok(rooms)
}

struct SetRole {
    actor: UserId,
    person: Person,
    change: RoleChange,
    now: UnixTime,
}

impl Change for SetRole {
    type Done = RoleChanged;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<RoleChanged, Halt> {
        if self.change.scope == Scope::Global {
            return self.on_server(tx).await;
        }
        let rooms = rooms_of(tx, self.actor, &self.change.scope, Need::Administer).await?;
        let mut changed = RoleChanged::default();
        for user in self.rows(tx).await? {
            for room in &rooms {
                self.in_room(tx, *room, user).await?;
            }
        }
        for room in rooms {
            let token = token_of(tx, room).await?;
            changed
                .info_updates
                .insert(token, info_updates(tx, room).await?);
        }
        Ok(changed)
    }
}

impl SetRole {
    /// Whom it concerns. Who loses a role loses it under every id they may be known by.
    async fn rows(&self, tx: &mut Tx<'_>) -> Result<Vec<UserId>, DbErr> {
        let mut rows = person::rows_of(tx, &self.person, self.now).await?;
        if self.change.role == Role::Neither {
            let other = person::waiting_row(tx.db, &self.person).await?;
            rows.extend(other.filter(|other| !rows.contains(other)));
        }
        Ok(rows)
    }

    async fn in_room(&self, tx: &mut Tx<'_>, room: RoomId, user: UserId) -> Result<(), Halt> {
        let before = overrides::in_room(tx.db, room, user).await?;
        let after = change_room_role(before, self.change.role, self.change.visible);
        let after = after.map_err(|_| Refusal::Malformed)?;
        overrides::set_in_room(tx, room, user, before, after).await?;
        let note = moderation::note(self.actor, self.action(), self.now);
        Ok(note.room(room).target(user).write(tx).await?)
    }

    async fn on_server(&self, tx: &mut Tx<'_>) -> Result<RoleChanged, Halt> {
        if !overrides::role(tx.db, self.actor).await?.admin {
            return Err(Refusal::Denied.into());
        }
        for user in self.rows(tx).await? {
            let before = overrides::role(tx.db, user).await?;
            let after = change_global_role(before, self.change.role, self.change.visible);
            let after = after.map_err(|_| Refusal::Malformed)?;
            overrides::set_role(tx, user, before, after).await?;
            let note = moderation::note(self.actor, self.action(), self.now);
            note.target(user).write(tx).await?;
        }
        let rooms = tx.all("SELECT token, info_updates FROM sogs_room", values![]);
        let read = |mut row: Columns| Ok((row.next()?, row.next()?));
        let info_updates = rooms.await?.into_iter().map(read);
        Ok(RoleChanged {
            info_updates: info_updates.collect::<Result<_, DbErr>>()?,
        })
    }

    const fn action(&self) -> &'static str {
        match self.change.role {
            Role::Admin => "role.admin",
            Role::Moderator | Role::PlainModerator => "role.moderator",
            Role::NotAdmin => "role.not_admin",
            Role::Neither => "role.none",
        }
    }
}

async fn info_updates(tx: &Tx<'_>, room: RoomId) -> Result<i64, DbErr> {
    tx.scalar(
        "SELECT info_updates FROM sogs_room WHERE id = ?",
        values![room],
    )
    .await
}
