//! Single messages, whatever room they are in.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use relay_admin::server::problem::{Refusal, Segment};
use relay_core::clock::UnixTime;

use super::types::Message;
use super::{Done, Shared, Shown, done};
use crate::server::Server;
use crate::store::change::Actor;
use crate::store::{MessageId, Room, StoredMessage};
use crate::wire::content::MessageText;
use crate::wire::padding;

pub(super) async fn show(State(server): Shared, Segment(id): Segment<i64>) -> Shown<Message> {
    let (room, message) = server.find_message(id).await?;
    Ok(Json(shown(&room, &message)))
}

pub(super) async fn delete(State(server): Shared, Segment(id): Segment<i64>) -> Done<Message> {
    let (room, message) = server.find_message(id).await?;
    let (system, now) = (Actor::system(), server.clock.now());
    server
        .tables
        .delete(&system, room.id, MessageId(id), now)
        .await?;
    done(format!("{} {id}", room.token), shown(&room, &message))
}

impl Server {
    async fn find_message(&self, id: i64) -> Result<(Arc<Room>, Arc<StoredMessage>), Refusal> {
        let gone = || Refusal::NotFound(format!("there is no message {id}, or not any more"));
        let found = self.tables.message_anywhere(MessageId(id)).await?;
        let (room, message) = found.ok_or_else(gone)?;
        let room = self.tables.room_by_id(room).await?;
        Ok((room.ok_or_else(gone)?, message))
    }
}

fn shown(room: &Room, message: &StoredMessage) -> Message {
    let said = message.said();
    let content = said.as_ref().map(|said| padding::strip(&said.data));
    let text = content.and_then(MessageText::parse).unwrap_or_default();
    Message {
        id: message.id.0,
        room: room.token.clone(),
        author: said.map_or_else(String::new, |said| said.session_id),
        posted: message.posted.secs(),
        edited: message.edited.map(UnixTime::secs),
        whisper: message.post.audience.is_whisper(),
        filtered: message.post.filtered,
        name: text.display_name,
        text: text.body,
    }
}
