//! Rooms, their images, and how many people they have.

use serde_json::json;

use super::caller::entered;
use super::{Request, ok};
use crate::domain::permissions::{Need, Permissions};
use crate::domain::token::RoomToken;
use crate::server::Answered;
use crate::store::Room;
use crate::wire::rooms::RoomChange;
use crate::wire::{Base64, Refusal, legacy};

impl Request<'_> {
    /// Those that everybody may know of.
    pub(super) async fn rooms(&self) -> Answered {
        let rooms = self.server.tables.rooms().await?;
        let rooms = rooms.iter().filter(|room| open(room));
        ok(legacy::Rooms {
            rooms: rooms.map(|room| shown(room)).collect(),
        })
    }

    /// Hides those that not everybody may know of, which the old servers did not.
    pub(super) async fn one_room(&self, token: &RoomToken) -> Answered {
        let room = self.room_by(token.as_str()).await?;
        if !open(&room) {
            return Err(Refusal::NotFound);
        }
        ok(legacy::OneRoom { room: shown(&room) })
    }

    pub(super) async fn image(&self, token: &RoomToken) -> Answered {
        let room = self.room_by(token.as_str()).await?;
        let image = room.image.filter(|_| open(&room));
        let bytes = self.bytes(room.id, image.ok_or(Refusal::NotFound)?).await?;
        ok(legacy::Download {
            result: Base64(bytes.into()),
        })
    }

    pub(super) async fn set_image(&self, token: &RoomToken) -> Answered {
        let (signed, room) = (self.signed().await?, self.room_by(token.as_str()).await?);
        let (signed, at) = entered(room, signed, Need::Administer)?;
        let id = self.keep(&signed, &at).await?;
        let change = RoomChange {
            image: Some(id),
            ..RoomChange::default()
        };
        let (tables, now) = (&self.server.tables, self.ask.now);
        tables
            .change_room(&signed.actor, at.id(), change, now)
            .await?;
        ok(json!({ "result": id, "room_id": at.room.token }))
    }

    pub(super) async fn member_count(&self) -> Answered {
        let (_, at) = self.allowed(Need::Access).await?;
        ok(legacy::MemberCount {
            member_count: at.room.active_users,
        })
    }
}

fn open(room: &Room) -> bool {
    Permissions::anonymous(room.defaults).allow(Need::Access)
}

fn shown(room: &Room) -> legacy::Room {
    legacy::Room {
        id: room.token.clone(),
        name: room.name.clone(),
    }
}
