//! Rooms: made, shown, changed, emptied and deleted.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use relay_admin::server::problem::{Body, Refusal, Segment};

use super::types::{Count, Defaults, NewRoom, Room, RoomEdit, RoomInFigures};
use super::{Done, Shared, Shown, done};
use crate::domain::token::RoomToken;
use crate::server::Server;
use crate::store::change::Actor;
use crate::store::{self, room_edit};
use crate::wire::rooms::{self, Description, RoomChange};

pub(super) async fn list(State(server): Shared) -> Shown<Vec<Room>> {
    let rooms = server.tables.rooms().await?;
    Ok(Json(rooms.iter().map(|room| server.shown(room)).collect()))
}

pub(super) async fn show(
    State(server): Shared,
    Segment(token): Segment<String>,
) -> Shown<RoomInFigures> {
    let room = server.room_named(&token).await?;
    let figures = server
        .tables
        .room_stats(room.id, server.clock.now())
        .await?;
    Ok(Json(RoomInFigures {
        room: server.shown(&room),
        messages: figures.messages,
        message_bytes: figures.message_bytes,
        files: figures.files,
        file_bytes: figures.file_bytes,
        reactions: figures.reactions,
        top_reactions: figures.top_reactions,
        active: figures.active,
        banned: figures.banned,
    }))
}

pub(super) async fn add(State(server): Shared, Body(new): Body<NewRoom>) -> Done<Room> {
    let token: RoomToken = new.token.parse().map_err(|_| {
        let reason = "is no token: 1 to 64 of A-Z a-z 0-9 _ - are";
        Refusal::Invalid(format!("`{}` {reason}", new.token))
    })?;
    if server.tables.room(token.as_str()).await?.is_some() {
        let reason = "already; change it with `relayctl sogs room edit`";
        return Err(Refusal::Conflict(format!(
            "there is a room `{token}` {reason}"
        )));
    }
    let room = room_edit::NewRoom {
        name: new.name.unwrap_or_else(|| token.to_string()),
        token,
        description: new.description.filter(|text| !text.is_empty()),
        defaults: new.defaults.into(),
    };
    let token = room.token.clone();
    server.tables.create_room(room, server.clock.now()).await?;
    let room = server.room_named(token.as_str()).await?;
    done(room.token.clone(), server.shown(&room))
}

pub(super) async fn edit(
    State(server): Shared,
    Segment(token): Segment<String>,
    Body(edit): Body<RoomEdit>,
) -> Done<Room> {
    let room = server.room_named(&token).await?;
    if edit
        .name
        .as_deref()
        .is_some_and(|name| name.trim().is_empty())
    {
        return Err(Refusal::Invalid("a room needs a name".to_owned()));
    }
    let description = edit
        .description
        .map(|text| Description(Some(text).filter(|t| !t.is_empty())));
    let change = RoomChange {
        name: edit.name,
        description,
        ..RoomChange::default()
    };
    if change != RoomChange::default() {
        let system = Actor::system();
        let changed = server
            .tables
            .change_room(&system, room.id, change, server.clock.now());
        changed.await?;
    }
    let policy = room_edit::RoomPolicy {
        retention: edit.retention.map(unless_zero),
        slow_mode: edit.slow_mode.map(unless_zero),
    };
    if policy != room_edit::RoomPolicy::default() {
        server.tables.set_policy(room.id, policy).await?;
    }
    let room = server.room_named(&token).await?;
    done(room.token.clone(), server.shown(&room))
}

pub(super) async fn delete(State(server): Shared, Segment(token): Segment<String>) -> Done<Room> {
    let room = server.room_named(&token).await?;
    server.tables.delete_room(room.id).await?;
    done(room.token.clone(), server.shown(&room))
}

pub(super) async fn clear(State(server): Shared, Segment(token): Segment<String>) -> Done<Count> {
    let room = server.room_named(&token).await?;
    let count = server.tables.clear_room(room.id).await?;
    done(room.token.clone(), Count { count })
}

fn unless_zero(secs: u64) -> Option<Duration> {
    (secs > 0).then(|| Duration::from_secs(secs))
}

impl Server {
    fn shown(&self, room: &store::Room) -> Room {
        let roster = room.roster.clone();
        let hidden = roster.hidden_admins.len() + roster.hidden_moderators.len();
        let seconds = |length: Option<Duration>| length.map(|length| length.as_secs());
        Room {
            token: room.token.clone(),
            name: room.name.clone(),
            description: room.description.clone(),
            url: self.link(&room.token),
            created: room.created.secs(),
            active_users: room.active_users,
            defaults: room.defaults.into(),
            retention: seconds(room.retention),
            slow_mode: seconds(room.slow_mode),
            moderators: [roster.moderators, roster.hidden_moderators].concat(),
            admins: [roster.admins, roster.hidden_admins].concat(),
            hidden,
        }
    }
}

impl From<Defaults> for rooms::Defaults {
    fn from(defaults: Defaults) -> Self {
        Self {
            read: defaults.read,
            accessible: defaults.accessible,
            write: defaults.write,
            upload: defaults.upload,
        }
    }
}

impl From<rooms::Defaults> for Defaults {
    fn from(defaults: rooms::Defaults) -> Self {
        Self {
            read: defaults.read,
            accessible: defaults.accessible,
            write: defaults.write,
            upload: defaults.upload,
        }
    }
}
