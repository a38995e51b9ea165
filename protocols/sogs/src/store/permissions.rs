//! What is set for single users of a room.

use std::collections::BTreeMap;

use relay_core::clock::UnixTime;
use sea_orm::{ConnectionTrait, DbErr};

use super::change::{Actor, Change, Halt, Tx};
use super::overrides::{COLUMNS, in_room, read_override, set_in_room};
use super::person::{self, Person};
use super::pins::moderates;
use super::sql::{self, Columns, values};
use super::{RoomId, StoreError, Tables, UserId, futures, moderation};
use crate::crypto::SessionId;
use crate::wire::permissions::{PermissionChange, UserPermissions};

impl Tables {
    /// What is set for every user of a room for whom something is, by id.
    pub async fn permissions(
        &self,
        room: RoomId,
    ) -> Result<BTreeMap<String, UserPermissions>, StoreError> {
        self.heard(set_in(self.reads(), room).await)
    }

    /// What is set for one user; nothing for somebody unknown.
    pub async fn permissions_of(
        &self,
        room: RoomId,
        id: SessionId,
    ) -> Result<UserPermissions, StoreError> {
        let user = self.named(id).await?;
        Ok(user.map_or_else(UserPermissions::default, |user| user.in_room(room).shown()))
    }

    /// Changes what is set for one user; gives what then is.
    pub async fn set_permissions(
        &self,
        actor: &Actor,
        room: RoomId,
        id: SessionId,
        change: PermissionChange,
        now: UnixTime,
    ) -> Result<UserPermissions, StoreError> {
        let change = Set {
            room,
            actor: actor.user,
            person: self.person(id),
            change,
            now,
        };
        self.change(actor, change).await
    }
}

async fn set_in(
    db: &impl ConnectionTrait,
    room: RoomId,
) -> Result<BTreeMap<String, UserPermissions>, DbErr> {
    let sql = format!(
        "SELECT u.session_id, {COLUMNS} FROM sogs_override o JOIN sogs_user u \
         ON u.id = o.user_id WHERE o.room_id = ?"
    );
    let rows = sql::all(db, &sql, values![room]).await?;
    let read = |mut row: Columns| Ok((row.next()?, read_override(&mut row)?.shown()));
    rows.into_iter().map(read).collect()
}

struct Set {
    room: RoomId,
    actor: UserId,
    person: Person,
    change: PermissionChange,
    now: UnixTime,
}

impl Change for Set {
    type Done = UserPermissions;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<UserPermissions, Halt> {
        moderates(tx, self.room, self.actor).await?;
        let mut shown = None;
        for user in person::rows_of(tx, &self.person, self.now).await? {
            let after = self.set(tx, user).await?;
            shown.get_or_insert(after);
        }
        Ok(shown.unwrap_or_default())
    }
}

impl Set {
    async fn set(&self, tx: &mut Tx<'_>, user: UserId) -> Result<UserPermissions, DbErr> {
        let before = in_room(tx.db, self.room, user).await?;
        let after = before.changed(&self.change);
        set_in_room(tx, self.room, user, before, after).await?;
        if self.change.unschedule {
            futures::unschedule(tx, self.room, user, &self.change).await?;
        }
        let note = moderation::note(self.actor, "permissions.set", self.now);
        note.room(self.room).target(user).write(tx).await?;
        Ok(after.shown())
    }
}
