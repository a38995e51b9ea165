//! Rights that wait for their owner: given to a `05` id, on a server where people come with a
//! blinded one.

use std::collections::BTreeSet;

use relay_core::clock::UnixTime;
use sea_orm::{ConnectionTrait, DbErr};

use super::change::{Actor, Change, Halt, Tx};
use super::sql::{self, values};
use super::touch::Touch;
use super::{RoomId, StoreError, Tables, UserId, overrides, rooms, users};
use crate::crypto::SessionId;
use crate::domain::identity::{Named, merge_overrides, merge_roles, pending_key, resolve};
use crate::domain::permissions::GlobalRole;

/// Somebody who was named.
#[derive(Clone, Copy)]
pub(crate) struct Person(Named);

impl Tables {
    /// Works out who may be meant; which of them it is, the transaction finds.
    pub(crate) fn person(&self, id: SessionId) -> Person {
        let inner = &self.inner;
        Person(resolve(id, inner.naming, &inner.blinding, |_| false))
    }

    /// Files the rights of all `05` ids under the blinded ids they may come with. For the start
    /// of a server that has begun to ask for blinded ids. Gives how many were filed.
    pub async fn file_pending(&self) -> Result<u64, StoreError> {
        let unfiled = self.heard(unfiled(self.reads()).await)?;
        let file = |(user, id): (UserId, String)| match self.person(id.parse().ok()?).0 {
            Named::Pending { abs, .. } => Some((user, abs)),
            Named::Row(_) => None,
        };
        let file: Vec<_> = unfiled.into_iter().filter_map(file).collect();
        if file.is_empty() {
            return Ok(0);
        }
        self.change(&Actor::system(), File(file)).await
    }
}

/// `05` ids for whom something is set and that wait for nobody yet.
async fn unfiled(db: &impl ConnectionTrait) -> Result<Vec<(UserId, String)>, DbErr> {
    let rows = sql::all(
        db,
        "SELECT u.id, u.session_id FROM sogs_user u WHERE u.session_id LIKE '05%' \
         AND NOT EXISTS (SELECT 1 FROM sogs_pending p WHERE p.user_id = u.id) \
         AND (u.banned OR u.moderator OR u.admin \
         OR EXISTS (SELECT 1 FROM sogs_override o WHERE o.user_id = u.id) \
         OR EXISTS (SELECT 1 FROM sogs_future_change f WHERE f.user_id = u.id) \
         OR EXISTS (SELECT 1 FROM sogs_future_ban b WHERE b.user_id = u.id))",
        values![],
    );
    let read = |mut row: sql::Columns| Ok((UserId(row.next()?), row.next()?));
    rows.await?.into_iter().map(read).collect()
}

/// The row of somebody, if there is one. Of the two blinded ids of a `05` id that one counts which
/// has signed something: the other can be named, but nobody comes with it.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    person: &Person,
) -> Result<Option<UserId>, DbErr> {
    match person.0 {
        Named::Row(id) => users::find(db, &id).await,
        Named::Pending { row, abs } => match seen(db, &abs).await? {
            Some(user) => Ok(Some(user)),
            None => users::find(db, &row).await,
        },
    }
}

/// The row of somebody, made if there is none; if its owner has not come yet, what is set for it
/// will wait for them.
pub(crate) async fn row_of(
    tx: &mut Tx<'_>,
    person: &Person,
    now: UnixTime,
) -> Result<UserId, DbErr> {
    let (row, abs) = match person.0 {
        Named::Row(id) => return users::row_of(tx, &id, now).await,
        Named::Pending { row, abs } => (row, abs),
    };
    if let Some(user) = seen(tx.db, &abs).await? {
        return Ok(user);
    }
    let user = users::row_of(tx, &row, now).await?;
    file(tx, user, &abs).await?;
    Ok(user)
}

async fn file(tx: &mut Tx<'_>, user: UserId, abs: &SessionId) -> Result<u64, DbErr> {
    tx.execute(
        "INSERT INTO sogs_pending (blinded_abs, user_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
        values![abs.to_string(), user],
    )
    .await
}

async fn seen(db: &impl ConnectionTrait, abs: &SessionId) -> Result<Option<UserId>, DbErr> {
    let row = sql::one(
        db,
        "SELECT id FROM sogs_user WHERE session_id IN (?, ?) AND last_active > 0 \
         ORDER BY last_active DESC LIMIT 1",
        values![abs.to_string(), abs.neg().to_string()],
    );
    row.await?.map(|mut row| row.next().map(UserId)).transpose()
}

struct File(Vec<(UserId, SessionId)>);

impl Change for File {
    type Done = u64;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<u64, Halt> {
        let mut filed = 0;
        for (user, abs) in &self.0 {
            filed += file(tx, *user, abs).await?;
        }
        Ok(filed)
    }
}

/// Gives a user, whose signature was just verified, the rights that waited for them.
pub(crate) async fn settle(tx: &mut Tx<'_>, id: &SessionId, user: UserId) -> Result<(), DbErr> {
    let Some(key) = pending_key(id) else {
        return Ok(());
    };
    let waiting = tx.returning(
        "DELETE FROM sogs_pending WHERE blinded_abs = ? RETURNING user_id",
        values![key.to_string()],
    );
    let Some(mut row) = waiting.await? else {
        return Ok(());
    };
    let pending = UserId(row.next()?);
    if pending == user {
        return Ok(());
    }
    merge_server(tx, pending, user).await?;
    for room in rooms_of(tx, pending).await? {
        merge_room(tx, room, pending, user).await?;
    }
    for table in ["sogs_future_change", "sogs_future_ban"] {
        let sql = format!("UPDATE {table} SET user_id = ? WHERE user_id = ?");
        tx.execute(&sql, values![user, pending]).await?;
    }
    Ok(())
}

async fn merge_server(tx: &mut Tx<'_>, pending: UserId, user: UserId) -> Result<(), DbErr> {
    let waiting = overrides::role(tx.db, pending).await?;
    if waiting == GlobalRole::default() {
        return Ok(());
    }
    let before = overrides::role(tx.db, user).await?;
    overrides::set_role(tx, pending, waiting, GlobalRole::default()).await?;
    overrides::set_role(tx, user, before, merge_roles(waiting, before)).await
}

async fn rooms_of(tx: &Tx<'_>, user: UserId) -> Result<BTreeSet<RoomId>, DbErr> {
    let rooms = tx.all(
        "SELECT room_id FROM sogs_override WHERE user_id = ?",
        values![user],
    );
    let read = |mut row: sql::Columns| row.next().map(RoomId);
    rooms.await?.into_iter().map(read).collect()
}

async fn merge_room(
    tx: &mut Tx<'_>,
    room: RoomId,
    pending: UserId,
    user: UserId,
) -> Result<(), DbErr> {
    let waiting = overrides::in_room(tx.db, room, pending).await?;
    let before = overrides::in_room(tx.db, room, user).await?;
    tx.execute(
        "DELETE FROM sogs_override WHERE room_id = ? AND user_id = ?",
        values![room, pending],
    )
    .await?;
    tx.touch(Touch::User(pending));
    if waiting.moderator {
        // The id that is shown changes, even where nothing else does.
        rooms::info_changed(tx, room, 1).await?;
    }
    let after = merge_overrides(waiting, before);
    overrides::set_in_room(tx, room, user, before, after).await
}

/// The row under a `05` id where rights wait, or waited, for somebody.
pub(crate) async fn waiting_row(
    db: &impl ConnectionTrait,
    person: &Person,
) -> Result<Option<UserId>, DbErr> {
    match person.0 {
        Named::Row(_) => Ok(None),
        Named::Pending { row, .. } => users::find(db, &row).await,
    }
}
