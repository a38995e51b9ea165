//! Users: who they are and what they may do.
//!
//! A row is made when somebody's signature was verified for the first time ([`Tables::admit`]), or
//! when somebody with the right to do so names them. Rows are never deleted.

use std::sync::Arc;

use futures_util::FutureExt;
use relay_core::clock::UnixTime;
use sea_orm::{ConnectionTrait, DbErr};

use super::change::{Actor, Change, Halt, Tx};
use super::overrides::{self, ROLE_COLUMNS, read_override, read_role};
use super::rooms::Room;
use super::sql::{self, values};
use super::touch::Touch;
use super::{RoomId, StoreError, Tables, UserId, pending, person};
use crate::crypto::SessionId;
use crate::domain::identity::pending_key;
use crate::domain::permissions::{GlobalRole, Override, Permissions};
use crate::domain::whisper::Reader;
use crate::private::private_debug;

/// A user, and what is set for them everywhere.
#[derive(Clone)]
pub struct User {
    /// Their number.
    pub id: UserId,
    /// Their id, as it is shown.
    pub session_id: String,
    /// When they came, or were first named.
    pub created: UnixTime,
    /// When they last signed something, to within minutes; 0 if they never did.
    pub last_active: UnixTime,
    /// What holds on the whole server.
    pub role: GlobalRole,
    overrides: Box<[(RoomId, Override)]>,
}

private_debug!(User);

impl User {
    /// What is set for them in a room.
    pub fn in_room(&self, room: RoomId) -> Override {
        let set = self.overrides.iter().find(|(id, _)| *id == room);
        set.map_or_else(Override::default, |(_, set)| *set)
    }

    /// What they may do in a room.
    pub fn permissions(&self, room: &Room) -> Permissions {
        Permissions::of(room.defaults, self.role, self.in_room(room.id))
    }

    /// What they are as a reader of a room.
    pub fn reader(&self, room: &Room) -> Reader {
        if self.permissions(room).moderates() {
            Reader::Moderator(self.id.0)
        } else {
            Reader::User(self.id.0)
        }
    }

    /// The rooms where something is set for them.
    pub fn overrides(&self) -> &[(RoomId, Override)] {
        &self.overrides
    }
}

impl Tables {
    /// The user whose signature was just verified, made if new. Rights that waited for them under
    /// another id become theirs. Whether they are banned is for the caller to see.
    pub async fn admit(&self, id: SessionId, now: UnixTime) -> Result<Arc<User>, StoreError> {
        let user = match self.inner.cache.ids.get(&id) {
            Some(user) => user,
            None => self.meet(id, now).boxed().await?,
        };
        self.user(user).await?.ok_or(StoreError::gone())
    }

    async fn meet(&self, id: SessionId, now: UnixTime) -> Result<UserId, StoreError> {
        let user = match self.heard(settled(self.reads(), &id).await)? {
            Some(user) => user,
            None => self.change(&Actor::system(), Admit { id, now }).await?,
        };
        self.inner.cache.ids.insert(id, user);
        Ok(user)
    }

    /// A user by number.
    pub async fn user(&self, id: UserId) -> Result<Option<Arc<User>>, StoreError> {
        match self.inner.cache.users.get_value_or_guard_async(&id).await {
            Ok(user) => Ok(Some(user)),
            Err(place) => {
                let user = self
                    .heard(load(self.reads(), id).boxed().await)?
                    .map(Arc::new);
                if let Some(user) = &user {
                    // If the place is gone, a commit has changed the user meanwhile.
                    let _ = place.insert(Arc::clone(user));
                }
                Ok(user)
            }
        }
    }

    /// Who is meant by an id, if the server knows them. A `05` id may mean somebody who comes with
    /// a blinded one.
    pub async fn named(&self, id: SessionId) -> Result<Option<Arc<User>>, StoreError> {
        let person = self.person(id);
        match self.heard(person::find(self.reads(), &person).await)? {
            Some(user) => self.user(user).await,
            None => Ok(None),
        }
    }

    /// The server's own user, which acts for the operator. Written at every start, so that it
    /// follows a changed key.
    pub async fn prepare_system_user(
        &self,
        server_public_hex: &str,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        let session_id = format!("ff{server_public_hex}");
        self.change(&Actor::system(), SystemUser { session_id, now })
            .await
    }
}

/// The row of a verified id, if nothing waits to be merged into it.
async fn settled(db: &impl ConnectionTrait, id: &SessionId) -> Result<Option<UserId>, DbErr> {
    let filed = pending_key(id).map_or_else(String::new, |key| key.to_string());
    let row = sql::one(
        db,
        "SELECT id FROM sogs_user WHERE session_id = ? AND last_active > 0 \
         AND NOT EXISTS (SELECT 1 FROM sogs_pending WHERE blinded_abs = ?)",
        values![id.to_string(), filed],
    );
    row.await?.map(|mut row| row.next().map(UserId)).transpose()
}

async fn load(db: &impl ConnectionTrait, id: UserId) -> Result<Option<User>, DbErr> {
    let sql = format!(
        "SELECT u.session_id, u.created, u.last_active, {ROLE_COLUMNS} FROM sogs_user u \
         WHERE u.id = ?"
    );
    let Some(mut row) = sql::one(db, &sql, values![id]).await? else {
        return Ok(None);
    };
    let sql = format!(
        "SELECT o.room_id, {} FROM sogs_override o WHERE o.user_id = ?",
        overrides::COLUMNS
    );
    let set = sql::all(db, &sql, values![id]).await?;
    let set = set.into_iter().map(|mut row| {
        let room = RoomId(row.next()?);
        Ok((room, read_override(&mut row)?))
    });
    Ok(Some(User {
        id,
        session_id: row.next()?,
        created: row.time()?,
        last_active: row.time()?,
        role: read_role(&mut row)?,
        overrides: set.collect::<Result<_, DbErr>>()?,
    }))
}

/// Makes or finds the row of an id.
pub(crate) async fn row_of(
    tx: &mut Tx<'_>,
    id: &SessionId,
    now: UnixTime,
) -> Result<UserId, DbErr> {
    if let Some(user) = find(tx.db, id).await? {
        return Ok(user);
    }
    let row = tx.returning(
        "INSERT INTO sogs_user (session_id, created, last_active) VALUES (?, ?, 0) \
         ON CONFLICT (session_id) DO UPDATE SET session_id = excluded.session_id RETURNING id",
        values![id.to_string(), now.millis()],
    );
    let mut row = row.await?.ok_or_else(nothing_returned)?;
    row.next().map(UserId)
}

/// The row of exactly this id.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    id: &SessionId,
) -> Result<Option<UserId>, DbErr> {
    let row = sql::one(
        db,
        "SELECT id FROM sogs_user WHERE session_id = ?",
        values![id.to_string()],
    );
    row.await?.map(|mut row| row.next().map(UserId)).transpose()
}

/// A statement that always gives a row gave none.
pub(crate) fn nothing_returned() -> DbErr {
    DbErr::Custom("nothing returned".to_owned())
}

struct Admit {
    id: SessionId,
    now: UnixTime,
}

impl Change for Admit {
    type Done = UserId;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<UserId, Halt> {
        let user = row_of(tx, &self.id, self.now).await?;
        tx.execute(
            "UPDATE sogs_user SET last_active = ? WHERE id = ?",
            values![self.now.millis(), user],
        )
        .await?;
        tx.touch(Touch::User(user));
        pending::settle(tx, &self.id, user).await?;
        Ok(user)
    }
}

struct SystemUser {
    session_id: String,
    now: UnixTime,
}

impl Change for SystemUser {
    type Done = ();

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Halt> {
        tx.execute(
            "INSERT INTO sogs_user (id, session_id, created, last_active, moderator, admin) \
             VALUES (?, ?, ?, 0, TRUE, TRUE) ON CONFLICT (id) DO UPDATE SET \
             session_id = excluded.session_id, banned = FALSE, moderator = TRUE, admin = TRUE, \
             visible = FALSE",
            values![UserId::SYSTEM, self.session_id.as_str(), self.now.millis()],
        )
        .await?;
        tx.touch(Touch::User(UserId::SYSTEM));
        Ok(())
    }
}
