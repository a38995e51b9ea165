//! Rooms: made, shown, changed, emptied and deleted.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use relay_admin::server::problem::{Body, Refusal, Segment};

use super::types::{Count, Defaults, NewRoom, Room, RoomEdit, RoomInFigures};
use super::{Done, Shared, Shown, done};
use crate::domain::token::RoomToken;
use crate::files::{ReceiveError, Room as Space};
use crate::server::Server;
use crate::store::change::Actor;
use crate::store::files::NewFile;
use crate::store::{self, room_edit};
use crate::wire::decode_base64;
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
    let image = match edit.image {
        Some(image) => Some(server.keep_image(&room, &image).await?),
        None => None,
    };
    let change = RoomChange {
        name: edit.name,
        description,
        image,
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
    /// Keeps an image as a file of the room. Nothing shows it yet, so it is forgotten like any
    /// upload if it does not become the room's.
    async fn keep_image(&self, room: &store::Room, image: &str) -> Result<i64, Refusal> {
        let bytes = decode_base64(image);
        let bytes = bytes.ok_or_else(|| Refusal::Invalid("the image is not base64".to_owned()))?;
        let (config, now) = (self.config.get(), self.clock.now());
        let space = Space {
            max_size: config.max_file_size_in(&room.token).get(),
            keep_free: config.files.keep_free.get(),
        };
        let disk = |error: ReceiveError| Refusal::Unavailable(error.to_string());
        let received = self.files.receive_bytes(bytes.into(), space).await;
        let placed = received.map_err(disk)?.place().await.map_err(disk)?;
        let row = NewFile {
            size: placed.size(),
            filename: None,
            path: placed.path().to_string(),
            uploaded: now,
            expiry: Some(config.files.lifetimes().on_upload(now)),
        };
        let added = self.tables.add_file(&Actor::system(), room.id, row).await?;
        placed.keep();
        Ok(added.0)
    }

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
