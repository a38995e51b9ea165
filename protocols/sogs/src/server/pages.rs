//! What browsers are shown: what everybody may see.

use std::sync::Arc;

use axum::body::Bytes;

use super::Server;
use crate::domain::permissions::{Need, Permissions};
use crate::domain::token::RoomToken;
use crate::domain::whisper::Reader;
use crate::store::{Room, StoreError, StoredMessage};
use crate::web::{Note, RoomCard, Source, Unavailable};

/// The largest room image that is shown.
const MAX_IMAGE: u64 = 10 << 20;

/// The server as browsers see it.
#[derive(Clone, Debug)]
pub struct Pages(pub Arc<Server>);

impl Source for Pages {
    async fn rooms(&self) -> Result<Vec<RoomCard>, Unavailable> {
        let rooms = self.0.tables.rooms().await?;
        Ok(rooms.iter().filter_map(|room| card(room)).collect())
    }

    async fn room(&self, token: &RoomToken) -> Result<Option<RoomCard>, Unavailable> {
        let room = self.0.tables.room(token.as_str()).await?;
        Ok(room.and_then(|room| card(&room)))
    }

    async fn recent(&self, room: &RoomCard, limit: usize) -> Result<Vec<Note>, Unavailable> {
        let Some(room) = self.0.tables.room(room.token.as_str()).await? else {
            return Ok(Vec::new());
        };
        if !everybody(&room).allow(Need::Read) {
            return Ok(Vec::new());
        }
        let page = self
            .0
            .tables
            .recent(room.id, Reader::Anonymous, limit)
            .await?;
        let notes = page
            .messages()
            .iter()
            .filter_map(|(message, _)| note(message));
        Ok(notes.collect())
    }

    async fn image(&self, room: &RoomCard) -> Result<Option<Bytes>, Unavailable> {
        let server = &self.0;
        let Some(room) = server.tables.room(room.token.as_str()).await? else {
            return Ok(None);
        };
        let Some(image) = room.image else {
            return Ok(None);
        };
        let file = server
            .tables
            .file(room.id, image, server.clock.now())
            .await?;
        let path = file.and_then(|file| file.path.parse().ok());
        let Some(path) = path else {
            return Ok(None);
        };
        let download = server.files.read(&path).await.map_err(|_| Unavailable)?;
        let bytes = download.into_bytes(MAX_IMAGE).await;
        bytes.map(Some).map_err(|_| Unavailable)
    }
}

fn everybody(room: &Room) -> Permissions {
    Permissions::anonymous(room.defaults)
}

/// A room, if everybody may know of it.
fn card(room: &Room) -> Option<RoomCard> {
    let permissions = everybody(room);
    if !permissions.allow(Need::Access) {
        return None;
    }
    Some(RoomCard {
        token: room.token.parse().ok()?,
        name: room.name.clone(),
        description: room.description.clone(),
        image: room.image.map(|image| image.0),
        active_users: room.active_users,
        message_sequence: room.message_sequence(),
        read: permissions.allow(Need::Read),
        write: permissions.allow(Need::Write),
    })
}

fn note(message: &StoredMessage) -> Option<Note> {
    let said = message.said()?;
    Some(Note::new(&said.session_id, &said.data, message.posted))
}

impl From<StoreError> for Unavailable {
    fn from(_: StoreError) -> Self {
        Self
    }
}
