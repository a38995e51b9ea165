//! What is set for users, as rows: in rooms and on the server.

use sea_orm::{ConnectionTrait, DbErr};

use super::change::{Halt, Tx};
use super::sql::{self, Columns, values};
use super::touch::Touch;
use super::{RoomId, UserId};
use crate::domain::permissions::{GlobalRole, Override, Permissions};
use crate::wire::Refusal;
use crate::wire::refusal::AuthError;
use crate::wire::rooms::Defaults;

/// What [`read_override`] reads, of `o`.
pub(crate) const COLUMNS: &str = "o.banned, o.moderator, o.admin, o.visible, o.can_read, \
    o.can_access, o.can_write, o.can_upload";

/// What [`read_role`] reads, of `u`.
pub(crate) const ROLE_COLUMNS: &str = "u.banned, u.moderator, u.admin, u.visible";

/// What [`read_defaults`] reads, of `r`.
pub(crate) const DEFAULT_COLUMNS: &str = "r.can_read, r.can_access, r.can_write, r.can_upload";

/// Also of a row that an outer join left empty.
pub(crate) fn read_override(row: &mut Columns) -> Result<Override, DbErr> {
    let mut flag = || row.next::<Option<bool>>();
    Ok(Override {
        banned: flag()?.unwrap_or(false),
        moderator: flag()?.unwrap_or(false),
        admin: flag()?.unwrap_or(false),
        visible: flag()?.unwrap_or(true),
        read: flag()?,
        accessible: flag()?,
        write: flag()?,
        upload: flag()?,
    })
}

pub(crate) fn read_role(row: &mut Columns) -> Result<GlobalRole, DbErr> {
    Ok(GlobalRole {
        banned: row.next()?,
        moderator: row.next()?,
        admin: row.next()?,
        visible: row.next()?,
    })
}

pub(crate) fn read_defaults(row: &mut Columns) -> Result<Defaults, DbErr> {
    Ok(Defaults {
        read: row.next()?,
        accessible: row.next()?,
        write: row.next()?,
        upload: row.next()?,
    })
}

/// What is set for a user in a room.
pub(crate) async fn in_room(
    db: &impl ConnectionTrait,
    room: RoomId,
    user: UserId,
) -> Result<Override, DbErr> {
    let sql = format!("SELECT {COLUMNS} FROM sogs_override o WHERE room_id = ? AND user_id = ?");
    match sql::one(db, &sql, values![room, user]).await? {
        Some(mut row) => read_override(&mut row),
        None => Ok(Override::default()),
    }
}

/// What holds for a user on the server.
pub(crate) async fn role(db: &impl ConnectionTrait, user: UserId) -> Result<GlobalRole, DbErr> {
    let sql = format!("SELECT {ROLE_COLUMNS} FROM sogs_user u WHERE u.id = ?");
    match sql::one(db, &sql, values![user]).await? {
        Some(mut row) => read_role(&mut row),
        None => Ok(GlobalRole::default()),
    }
}

/// Sets what holds for a user in a room. A row that says nothing goes; a role that is gained,
/// lost or shown otherwise is news about the room.
pub(crate) async fn set_in_room(
    tx: &mut Tx<'_>,
    room: RoomId,
    user: UserId,
    before: Override,
    after: Override,
) -> Result<(), DbErr> {
    if after.is_empty() {
        tx.execute(
            "DELETE FROM sogs_override WHERE room_id = ? AND user_id = ?",
            values![room, user],
        )
        .await?;
    } else {
        tx.execute(
            "INSERT INTO sogs_override (room_id, user_id, banned, moderator, admin, visible, \
             can_read, can_access, can_write, can_upload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
             ON CONFLICT (room_id, user_id) DO UPDATE SET banned = excluded.banned, \
             moderator = excluded.moderator, admin = excluded.admin, visible = excluded.visible, \
             can_read = excluded.can_read, can_access = excluded.can_access, \
             can_write = excluded.can_write, can_upload = excluded.can_upload",
            values![
                room,
                user,
                after.banned,
                after.moderator,
                after.admin,
                after.visible,
                after.read,
                after.accessible,
                after.write,
                after.upload
            ],
        )
        .await?;
    }
    tx.touch(Touch::User(user));
    if after.banned && !before.banned {
        tx.execute(
            "DELETE FROM sogs_room_user WHERE room_id = ? AND user_id = ?",
            values![room, user],
        )
        .await?;
    }
    if shown_role(before) != shown_role(after) {
        super::rooms::info_changed(tx, room, 1).await?;
    }
    Ok(())
}

/// What the roster of a room tells of somebody.
fn shown_role(set: Override) -> Option<(bool, bool)> {
    set.moderator.then_some((set.admin, set.visible))
}

/// Sets what holds for a user on the server. Moderators of the server are moderators of every
/// room, so a change of one is news about all.
pub(crate) async fn set_role(
    tx: &mut Tx<'_>,
    user: UserId,
    before: GlobalRole,
    after: GlobalRole,
) -> Result<(), DbErr> {
    tx.execute(
        "UPDATE sogs_user SET banned = ?, moderator = ?, admin = ?, visible = ? WHERE id = ?",
        values![
            after.banned,
            after.moderator,
            after.admin,
            after.visible,
            user
        ],
    )
    .await?;
    tx.touch(Touch::User(user));
    let shown = |role: GlobalRole| role.moderator.then_some((role.admin, role.visible));
    if shown(before) != shown(after) {
        tx.execute(
            "UPDATE sogs_room SET info_updates = info_updates + 1",
            values![],
        )
        .await?;
        tx.touch(Touch::EveryRoom);
    }
    Ok(())
}

/// What decides what somebody may do in a room, as the transaction finds it.
pub(crate) struct Standing {
    pub(crate) session_id: String,
    pub(crate) role: GlobalRole,
    pub(crate) set: Override,
    pub(crate) permissions: Permissions,
}

/// What [`read_standing`] reads first.
pub(crate) fn standing_columns() -> String {
    format!("u.session_id, {DEFAULT_COLUMNS}, {ROLE_COLUMNS}, {COLUMNS}")
}

/// Where it comes from, with room and user for the marks.
pub(crate) const STANDING_TABLES: &str = "sogs_room r CROSS JOIN sogs_user u \
    LEFT JOIN sogs_override o ON o.room_id = r.id AND o.user_id = u.id \
    WHERE r.id = ? AND u.id = ?";

/// Looks it up; refuses a room or user that is gone, and whoever is banned from the server.
pub(crate) async fn standing(tx: &Tx<'_>, room: RoomId, user: UserId) -> Result<Standing, Halt> {
    let sql = format!("SELECT {} FROM {STANDING_TABLES}", standing_columns());
    let row = tx.one(&sql, values![room, user]).await?;
    read_standing(&mut row.ok_or(Refusal::NotFound)?)
}

/// Reads it; refuses whoever is banned from the server.
pub(crate) fn read_standing(row: &mut Columns) -> Result<Standing, Halt> {
    let session_id = row.next()?;
    let defaults = read_defaults(row)?;
    let role = read_role(row)?;
    let set = read_override(row)?;
    if role.banned {
        return Err(Refusal::Auth(AuthError::Banned).into());
    }
    Ok(Standing {
        session_id,
        role,
        set,
        permissions: Permissions::of(defaults, role, set),
    })
}
