//! Rooms, their images, and how many people they have.

use serde_json::json;

use super::{Outcome, Request, of_store, ok};
use crate::domain::permissions::{Need, Permissions};
use crate::domain::token::RoomToken;
use crate::store::Room;
use crate::wire::rooms::RoomChange;
use crate::wire::{Base64, Refusal, legacy};

impl<P> Request<'_, P> {
    /// Those that everybody may know of.
    pub(super) async fn rooms(&self) -> Outcome {
        let rooms = self.legacy.tables.rooms().await.map_err(of_store)?;
        let rooms = rooms.iter().filter(|room| open(room));
        ok(legacy::Rooms {
            rooms: rooms.map(|room| shown(room)).collect(),
        })
    }

    /// Hides those that not everybody may know of, which the old servers did not.
    pub(super) async fn one_room(&self, token: &RoomToken) -> Outcome {
        let room = self.room_by(token.as_str()).await?;
        if !open(&room) {
            return Err(Refusal::NotFound);
        }
        ok(legacy::OneRoom { room: shown(&room) })
    }

    pub(super) async fn image(&self, token: &RoomToken) -> Outcome {
        let room = self.room_by(token.as_str()).await?;
        let image = room.image.filter(|_| open(&room));
        let bytes = self.bytes(&room, image.ok_or(Refusal::NotFound)?).await?;
        ok(legacy::Download {
            result: Base64(bytes.into()),
        })
    }

    pub(super) async fn set_image(&self, token: &RoomToken) -> Outcome {
        let (who, room) = (self.who().await?, self.room_by(token.as_str()).await?);
        if !who.user.permissions(&room).allow(Need::Administer) {
            return Err(Refusal::Denied);
        }
        let id = self.keep(&who.actor, &room).await?;
        let change = RoomChange {
            image: Some(id),
            ..RoomChange::default()
        };
        let changed = self
            .legacy
            .tables
            .change_room(&who.actor, room.id, change, self.call.now);
        changed.await.map_err(of_store)?;
        ok(json!({ "result": id, "room_id": room.token }))
    }

    pub(super) async fn member_count(&self) -> Outcome {
        let (_, room) = self.allowed(Need::Access).await?;
        ok(legacy::MemberCount {
            member_count: room.active_users,
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
