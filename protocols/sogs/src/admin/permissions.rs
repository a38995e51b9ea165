//! What may be done in a room: by everybody, by single users, now and later.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use relay_admin::server::problem::{Body, Refusal, Segment};

use super::trouble::ids;
use super::types::{Change, Future, RoomPermissions, SetPermissions, UserPermissions};
use super::{Done, Shared, Shown, done};
use crate::crypto::SessionId;
use crate::server::Server;
use crate::store::Room;
use crate::store::change::Actor;
use crate::wire::permissions::{self, FuturePermission, LaterChange, PermissionChange};
use crate::wire::rooms::RoomChange;

pub(super) async fn show(
    State(server): Shared,
    Segment(token): Segment<String>,
) -> Shown<RoomPermissions> {
    let room = server.room_named(&token).await?;
    Ok(Json(server.permissions_shown(&room).await?))
}

pub(super) async fn set(
    State(server): Shared,
    Segment(token): Segment<String>,
    Body(set): Body<SetPermissions>,
) -> Done<RoomPermissions> {
    let room = server.room_named(&token).await?;
    if set.changes().iter().all(|change| *change == Change::Keep) {
        return Err(Refusal::Invalid(
            "say what to allow, deny or clear".to_owned(),
        ));
    }
    match (set.ids.is_empty(), set.delay) {
        (true, None) => server.set_defaults(&room, &set).await?,
        (true, Some(_)) => {
            let reason = "only permissions of single users can change later; name some";
            return Err(Refusal::Invalid(reason.to_owned()));
        }
        (false, None) => server.set_now(&room, &ids(&set.ids)?, &set).await?,
        (false, Some(delay)) => {
            let delay = Duration::from_secs(delay);
            server
                .set_later(&room, &ids(&set.ids)?, &set, delay)
                .await?;
        }
    }
    let whose = if set.ids.is_empty() {
        "everybody".to_owned()
    } else {
        set.ids.join(", ")
    };
    let room = server.room_named(&token).await?;
    let shown = server.permissions_shown(&room).await?;
    done(format!("{}: {whose}", room.token), shown)
}

impl Server {
    async fn permissions_shown(&self, room: &Room) -> Result<RoomPermissions, Refusal> {
        let users = self.tables.permissions(room.id).await?.into_iter();
        let futures = self.tables.futures(room.id).await?.into_iter();
        Ok(RoomPermissions {
            defaults: room.defaults.into(),
            users: users.map(|(id, set)| of_user(id, set)).collect(),
            futures: futures.map(Future::from).collect(),
        })
    }

    async fn set_defaults(&self, room: &Room, set: &SetPermissions) -> Result<(), Refusal> {
        if set.changes().contains(&Change::Clear) {
            let reason = "a room's own permissions cannot be cleared; allow or deny them";
            return Err(Refusal::Invalid(reason.to_owned()));
        }
        let change = RoomChange {
            default_read: set.read.wanted(),
            default_accessible: set.accessible.wanted(),
            default_write: set.write.wanted(),
            default_upload: set.upload.wanted(),
            ..RoomChange::default()
        };
        let (system, now) = (Actor::system(), self.clock.now());
        self.tables
            .change_room(&system, room.id, change, now)
            .await?;
        Ok(())
    }

    async fn set_now(
        &self,
        room: &Room,
        ids: &[SessionId],
        set: &SetPermissions,
    ) -> Result<(), Refusal> {
        let change = PermissionChange {
            read: set.read.into(),
            accessible: set.accessible.into(),
            write: set.write.into(),
            upload: set.upload.into(),
            unschedule: true,
        };
        let (system, now) = (Actor::system(), self.clock.now());
        for id in ids {
            self.tables
                .set_permissions(&system, room.id, *id, change, now)
                .await?;
        }
        Ok(())
    }

    async fn set_later(
        &self,
        room: &Room,
        ids: &[SessionId],
        set: &SetPermissions,
        delay: Duration,
    ) -> Result<(), Refusal> {
        if set.changes().contains(&Change::Clear) || set.accessible != Change::Keep {
            let reason = "later, only reading, writing and uploading can be allowed or denied";
            return Err(Refusal::Invalid(reason.to_owned()));
        }
        let later = LaterChange {
            delay,
            read: set.read.wanted(),
            write: set.write.wanted(),
            upload: set.upload.wanted(),
        };
        let (system, now) = (Actor::system(), self.clock.now());
        for id in ids {
            self.tables
                .schedule(&system, room.id, *id, later, now)
                .await?;
        }
        Ok(())
    }
}

impl SetPermissions {
    const fn changes(&self) -> [Change; 4] {
        [self.read, self.accessible, self.write, self.upload]
    }
}

impl Change {
    const fn wanted(self) -> Option<bool> {
        match self {
            Self::Allow => Some(true),
            Self::Deny => Some(false),
            Self::Keep | Self::Clear => None,
        }
    }
}

impl From<Change> for permissions::Change {
    fn from(change: Change) -> Self {
        match change {
            Change::Keep => Self::Keep,
            Change::Allow => Self::Set(true),
            Change::Deny => Self::Set(false),
            Change::Clear => Self::Clear,
        }
    }
}

pub(super) fn of_user(id: String, set: permissions::UserPermissions) -> UserPermissions {
    UserPermissions {
        id,
        read: set.read,
        accessible: set.accessible,
        write: set.write,
        upload: set.upload,
        moderator: set.moderator,
        admin: set.admin,
        hidden: set.hidden,
        banned: set.banned,
    }
}

impl From<FuturePermission> for Future {
    fn from(future: FuturePermission) -> Self {
        Self {
            at: future.at.0.secs(),
            id: future.session_id.unwrap_or_default(),
            read: future.read,
            write: future.write,
            upload: future.upload,
            banned: future.banned,
        }
    }
}
