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
use crate::domain::identity::{merge_overrides, merge_roles, pending_key};
use crate::domain::permissions::GlobalRole;

impl Tables {
    /// Files the rights of all `05` ids under the blinded ids they may come with. For the start
    /// of a server that has begun to ask for blinded ids, or to take those of the second blinding.
    /// Gives how many were filed.
    pub async fn file_pending(&self) -> Result<u64, StoreError> {
        let waiting = self.heard(waiting(self.reads()).await)?;
        let file = |waiting: Waiting| {
            let (abs, twin) = self.person(waiting.session_id.parse().ok()?).waits()?;
            let (user, filed) = (waiting.user, waiting.filed);
            (!filed || twin.is_some()).then_some(ToFile {
                user,
                abs,
                twin,
                filed,
            })
        };
        let file: Vec<_> = waiting.into_iter().filter_map(file).collect();
        if file.is_empty() {
            return Ok(0);
        }
        self.change(&Actor::system(), File(file)).await
    }
}

/// A `05` id for which something is set.
struct Waiting {
    user: UserId,
    session_id: String,
    filed: bool,
}

async fn waiting(db: &impl ConnectionTrait) -> Result<Vec<Waiting>, DbErr> {
    let rows = sql::all(
        db,
        "SELECT u.id, u.session_id, \
         EXISTS (SELECT 1 FROM sogs_pending p WHERE p.user_id = u.id) \
         FROM sogs_user u WHERE u.session_id LIKE '05%' \
         AND (u.banned OR u.moderator OR u.admin \
         OR EXISTS (SELECT 1 FROM sogs_override o WHERE o.user_id = u.id) \
         OR EXISTS (SELECT 1 FROM sogs_future_change f WHERE f.user_id = u.id) \
         OR EXISTS (SELECT 1 FROM sogs_future_ban b WHERE b.user_id = u.id))",
        values![],
    );
    let read = |mut row: sql::Columns| {
        Ok(Waiting {
            user: UserId(row.next()?),
            session_id: row.next()?,
            filed: row.next()?,
        })
    };
    rows.await?.into_iter().map(read).collect()
}

pub(super) async fn file(tx: &mut Tx<'_>, user: UserId, abs: &SessionId) -> Result<u64, DbErr> {
    tx.execute(
        "INSERT INTO sogs_pending (blinded_abs, user_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
        values![abs.to_string(), user],
    )
    .await
}

/// Rights to be filed under one id, and shared with another.
struct ToFile {
    user: UserId,
    abs: SessionId,
    twin: Option<SessionId>,
    filed: bool,
}

struct File(Vec<ToFile>);

impl Change for File {
    type Done = u64;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<u64, Halt> {
        let mut filed = 0;
        for waiting in &self.0 {
            if let Some(twin) = &waiting.twin
                && (!waiting.filed || users::find(tx.db, twin).await?.is_none())
            {
                share(tx, waiting.user, twin).await?;
            }
            if !waiting.filed {
                filed += file(tx, waiting.user, &waiting.abs).await?;
            }
        }
        Ok(filed)
    }
}

/// Gives the `25` id of a `05` id what is set for that. Done once only: what is set for one of the
/// two from then on is not undone by another start.
async fn share(tx: &mut Tx<'_>, user: UserId, twin: &SessionId) -> Result<(), DbErr> {
    let created = "SELECT created FROM sogs_user WHERE id = ?";
    let created: i64 = tx.scalar(created, values![user]).await?;
    let twin = users::row_of(tx, twin, UnixTime::from_millis(created)).await?;
    let waiting = overrides::role(tx.db, user).await?;
    let before = overrides::role(tx.db, twin).await?;
    overrides::set_role(tx, twin, before, merge_roles(waiting, before)).await?;
    for room in rooms_of(tx, user).await? {
        let waiting = overrides::in_room(tx.db, room, user).await?;
        let before = overrides::in_room(tx.db, room, twin).await?;
        overrides::set_in_room(tx, room, twin, before, merge_overrides(waiting, before)).await?;
    }
    for (table, columns) in FUTURES {
        let sql = format!(
            "INSERT INTO {table} (user_id, {columns}) SELECT ?, {columns} FROM {table} \
             WHERE user_id = ? ORDER BY id"
        );
        tx.execute(&sql, values![twin, user]).await?;
    }
    Ok(())
}

/// What is planned for somebody, as tables and their columns.
const FUTURES: [(&str, &str); 2] = [
    (
        "sogs_future_change",
        "room_id, due, can_read, can_write, can_upload",
    ),
    ("sogs_future_ban", "room_id, due, banned"),
];

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
    for (table, _) in FUTURES {
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
