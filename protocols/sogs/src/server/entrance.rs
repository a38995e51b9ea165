//! Entering a room: which one it is, and what the caller is there.
//!
//! A room the caller may not know of is not found, whatever they ask for in it.

use std::sync::Arc;

use super::{Ask, Server};
use crate::domain::permissions::{Need, Permissions};
use crate::domain::whisper::Reader;
use crate::store::{Room, RoomId};
use crate::wire::Refusal;

/// A caller in a room.
pub(super) struct At {
    pub(super) room: Arc<Room>,
    pub(super) permissions: Permissions,
    pub(super) reader: Reader,
}

impl Server {
    /// Lets a caller into a room they may know of.
    pub(super) async fn enter(&self, token: &str, ask: &Ask) -> Result<At, Refusal> {
        let room = self.tables.room(token).await?.ok_or(Refusal::NotFound)?;
        let permissions = ask.caller.permissions(&room);
        let banned = ask.caller.known().is_some_and(|signed| {
            let set = signed.user.in_room(room.id);
            set.banned
        });
        // The banned know what they are banned from, and are told that they may not.
        if !permissions.allow(Need::Access) && !banned {
            return Err(Refusal::NotFound);
        }
        Ok(At {
            reader: ask.caller.reader(&room),
            permissions,
            room,
        })
    }
}

impl At {
    /// The room's number.
    pub(super) fn id(&self) -> RoomId {
        self.room.id
    }

    /// Refuses who may not read.
    pub(super) fn may_read(&self) -> Result<(), Refusal> {
        self.need(Need::Read, Refusal::ReadRequired)
    }

    /// Refuses who does not moderate.
    pub(super) fn moderates(&self, ask: &Ask) -> Result<(), Refusal> {
        ask.caller.user()?;
        self.need(Need::Moderate, Refusal::ModeratorRequired)
    }

    /// Refuses who is no admin.
    pub(super) fn administers(&self, ask: &Ask) -> Result<(), Refusal> {
        ask.caller.user()?;
        self.need(Need::Administer, Refusal::AdminRequired)
    }

    pub(super) fn need(&self, need: Need, refusal: Refusal) -> Result<(), Refusal> {
        let allowed = self.permissions.allow(need);
        allowed.then_some(()).ok_or(refusal)
    }
}
