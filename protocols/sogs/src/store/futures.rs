//! Permissions and bans that are to change later.

use std::collections::BTreeSet;

use relay_core::clock::UnixTime;
use sea_orm::DbErr;

use super::change::{Actor, Change, Halt, Tx};
use super::overrides::{self, DEFAULT_COLUMNS, read_defaults};
use super::person::{self, Person};
use super::pins::moderates;
use super::sql::{self, Columns, values};
use super::{RoomId, StoreError, Tables, UserId, moderation};
use crate::crypto::SessionId;
use crate::domain::futures::{
    FutureBan, FutureChange, apply_changes, apply_global_bans, apply_room_bans,
};
use crate::wire::Refusal;
use crate::wire::json::Seconds;
use crate::wire::permissions::{FuturePermission, LaterChange, PermissionChange};
use crate::wire::rooms::Defaults;

/// How many users are looked at in one pass over what is due.
const USERS_AT_ONCE: i64 = 200;

impl Tables {
    /// What is scheduled in a room, by time.
    pub async fn futures(&self, room: RoomId) -> Result<Vec<FuturePermission>, StoreError> {
        self.scheduled(room, None).await
    }

    /// What is scheduled in a room for one user, by time, without naming them.
    pub async fn futures_of(
        &self,
        room: RoomId,
        id: SessionId,
    ) -> Result<Vec<FuturePermission>, StoreError> {
        match self.named(id).await? {
            Some(user) => self.scheduled(room, Some(user.id)).await,
            None => Ok(Vec::new()),
        }
    }

    async fn scheduled(
        &self,
        room: RoomId,
        user: Option<UserId>,
    ) -> Result<Vec<FuturePermission>, StoreError> {
        let rows = sql::all(
            self.reads(),
            "SELECT s.due, u.session_id, s.can_read, s.can_write, s.can_upload, s.banned FROM (\
             SELECT due, user_id, can_read, can_write, can_upload, NULL AS banned, id \
             FROM sogs_future_change WHERE room_id = ? UNION ALL \
             SELECT due, user_id, NULL, NULL, NULL, banned, id FROM sogs_future_ban \
             WHERE room_id = ?) s JOIN sogs_user u ON u.id = s.user_id \
             WHERE ? OR s.user_id = ? ORDER BY s.due, s.id",
            values![room, room, user.is_none(), user.map(|user| user.0)],
        );
        let read = |mut row: Columns| {
            let at = Seconds(row.time()?);
            let id: String = row.next()?;
            Ok(FuturePermission {
                at,
                session_id: user.is_none().then_some(id),
                read: row.next()?,
                write: row.next()?,
                upload: row.next()?,
                banned: row.next()?,
            })
        };
        let rows = self.heard(rows.await)?;
        self.heard(rows.into_iter().map(read).collect())
    }

    /// Schedules a change; gives everything that is scheduled for the user then.
    pub async fn schedule(
        &self,
        actor: &Actor,
        room: RoomId,
        id: SessionId,
        later: LaterChange,
        now: UnixTime,
    ) -> Result<Vec<FuturePermission>, StoreError> {
        let change = Schedule {
            room,
            actor: actor.user,
            person: self.person(id),
            later,
            now,
        };
        let user = self.change(actor, change).await?;
        self.scheduled(room, Some(user)).await
    }

    /// Applies what is due, for some users; gives for how many. To be called until that is 0.
    pub async fn apply_due(&self, now: UnixTime) -> Result<u64, StoreError> {
        self.change(&Actor::system(), ApplyDue { now }).await
    }
}

struct Schedule {
    room: RoomId,
    actor: UserId,
    person: Person,
    later: LaterChange,
    now: UnixTime,
}

impl Change for Schedule {
    type Done = UserId;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<UserId, Halt> {
        moderates(tx, self.room, self.actor).await?;
        let future = FutureChange {
            at: self.now.plus(self.later.delay),
            read: self.later.read,
            write: self.later.write,
            upload: self.later.upload,
        };
        let users = person::rows_of(tx, &self.person, self.now).await?;
        for user in &users {
            insert(tx, self.room, *user, future).await?;
            let note = moderation::note(self.actor, "permissions.schedule", self.now);
            note.room(self.room).target(*user).write(tx).await?;
        }
        Ok(*users.first().ok_or(Refusal::NotFound)?)
    }
}

async fn insert(
    tx: &mut Tx<'_>,
    room: RoomId,
    user: UserId,
    future: FutureChange,
) -> Result<(), DbErr> {
    tx.execute(
        "INSERT INTO sogs_future_change (room_id, user_id, due, can_read, can_write, can_upload) \
         VALUES (?, ?, ?, ?, ?, ?)",
        values![
            room,
            user,
            future.at.millis(),
            future.read,
            future.write,
            future.upload
        ],
    )
    .await?;
    Ok(())
}

/// Drops what is scheduled of permissions that were just set.
pub(crate) async fn unschedule(
    tx: &mut Tx<'_>,
    room: RoomId,
    user: UserId,
    change: &PermissionChange,
) -> Result<(), DbErr> {
    let futures = take_changes(tx, room, user, i64::MAX).await?;
    for future in futures {
        if let Some(rest) = future.unscheduled(change) {
            insert(tx, room, user, rest).await?;
        }
    }
    Ok(())
}

/// Takes the changes out that are due by a time.
async fn take_changes(
    tx: &mut Tx<'_>,
    room: RoomId,
    user: UserId,
    until: i64,
) -> Result<Vec<FutureChange>, DbErr> {
    let rows = tx.all(
        "SELECT due, can_read, can_write, can_upload FROM sogs_future_change \
         WHERE room_id = ? AND user_id = ? AND due <= ? ORDER BY due, id",
        values![room, user, until],
    );
    let read = |mut row: Columns| {
        Ok(FutureChange {
            at: row.time()?,
            read: row.next()?,
            write: row.next()?,
            upload: row.next()?,
        })
    };
    let futures: Vec<_> = rows
        .await?
        .into_iter()
        .map(read)
        .collect::<Result<_, DbErr>>()?;
    if !futures.is_empty() {
        tx.execute(
            "DELETE FROM sogs_future_change WHERE room_id = ? AND user_id = ? AND due <= ?",
            values![room, user, until],
        )
        .await?;
    }
    Ok(futures)
}

/// Takes the bans out that are due by a time, of a room or of the server.
async fn take_bans(
    tx: &mut Tx<'_>,
    room: Option<RoomId>,
    user: UserId,
    until: i64,
) -> Result<Vec<FutureBan>, DbErr> {
    let room = room.map(|room| room.0);
    let these = "user_id = ? AND due <= ? AND (room_id = ? OR (? AND room_id IS NULL))";
    let marks = || values![user, until, room, room.is_none()];
    let sql = format!("SELECT due, banned FROM sogs_future_ban WHERE {these} ORDER BY due, id");
    let read = |mut row: Columns| {
        Ok(FutureBan {
            at: row.time()?,
            banned: row.next()?,
        })
    };
    let rows = tx.all(&sql, marks()).await?;
    let futures: Vec<_> = rows.into_iter().map(read).collect::<Result<_, DbErr>>()?;
    if !futures.is_empty() {
        let sql = format!("DELETE FROM sogs_future_ban WHERE {these}");
        tx.execute(&sql, marks()).await?;
    }
    Ok(futures)
}

struct ApplyDue {
    now: UnixTime,
}

impl Change for ApplyDue {
    type Done = u64;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<u64, Halt> {
        let rows = tx.all(
            "SELECT room_id, user_id FROM sogs_future_change WHERE due <= ? UNION \
             SELECT room_id, user_id FROM sogs_future_ban WHERE due <= ? LIMIT ?",
            values![self.now.millis(), self.now.millis(), USERS_AT_ONCE],
        );
        let read = |mut row: Columns| {
            let room: Option<i64> = row.next()?;
            Ok((room.map(RoomId), UserId(row.next()?)))
        };
        let due: BTreeSet<_> = rows
            .await?
            .into_iter()
            .map(read)
            .collect::<Result<_, DbErr>>()?;
        for (room, user) in &due {
            match room {
                Some(room) => self.in_room(tx, *room, *user).await?,
                None => self.on_server(tx, *user).await?,
            }
        }
        Ok(due.len() as u64)
    }
}

impl ApplyDue {
    async fn in_room(&self, tx: &mut Tx<'_>, room: RoomId, user: UserId) -> Result<(), DbErr> {
        let Some(defaults) = defaults(tx, room).await? else {
            return Ok(());
        };
        let until = self.now.millis();
        let mut changes = take_changes(tx, room, user, until).await?;
        let mut bans = take_bans(tx, Some(room), user, until).await?;
        let before = overrides::in_room(tx.db, room, user).await?;
        let after = apply_changes(before, defaults, &mut changes, self.now);
        let after = apply_room_bans(after, &mut bans, self.now);
        overrides::set_in_room(tx, room, user, before, after).await
    }

    async fn on_server(&self, tx: &mut Tx<'_>, user: UserId) -> Result<(), DbErr> {
        let mut bans = take_bans(tx, None, user, self.now.millis()).await?;
        let before = overrides::role(tx.db, user).await?;
        let after = apply_global_bans(before, &mut bans, self.now);
        overrides::set_role(tx, user, before, after).await
    }
}

async fn defaults(tx: &Tx<'_>, room: RoomId) -> Result<Option<Defaults>, DbErr> {
    let sql = format!("SELECT {DEFAULT_COLUMNS} FROM sogs_room r WHERE r.id = ?");
    let row = tx.one(&sql, values![room]).await?;
    row.map(|mut row| read_defaults(&mut row)).transpose()
}
