//! What the pages are made from.

use axum::body::Bytes;

use super::Note;
use crate::domain::token::RoomToken;

/// Whoever knows the rooms, as everybody may see them.
pub trait Source: Send + Sync + 'static {
    /// All rooms that are open to everybody, by token.
    fn rooms(&self) -> impl Future<Output = Result<Vec<RoomCard>, Unavailable>> + Send;

    /// One room, if everybody may know of it.
    fn room(
        &self,
        token: &RoomToken,
    ) -> impl Future<Output = Result<Option<RoomCard>, Unavailable>> + Send;

    /// Its newest messages that everybody may read, the newest first. The room can be read by
    /// everybody.
    fn recent(
        &self,
        room: &RoomCard,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Note>, Unavailable>> + Send;

    /// The bytes of its image, if it has one.
    fn image(
        &self,
        room: &RoomCard,
    ) -> impl Future<Output = Result<Option<Bytes>, Unavailable>> + Send;
}

/// It cannot be told now, for reasons of the server's own.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not available at the moment")]
pub struct Unavailable;

/// A room, as everybody may see it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RoomCard {
    /// Of the room.
    pub token: RoomToken,
    /// What it is called.
    pub name: String,
    /// What it is about.
    pub description: Option<String>,
    /// The file that is its image.
    pub image: Option<i64>,
    /// Users seen lately.
    pub active_users: i64,
    /// Changes with its messages.
    pub message_sequence: i64,
    /// Whether everybody may read.
    pub read: bool,
    /// Whether everybody who joins may write.
    pub write: bool,
}

impl RoomCard {
    pub(super) fn image_url(&self) -> Option<String> {
        self.image
            .map(|image| format!("/r/{}/image?v={image}", self.token))
    }

    /// What stands in place of an image.
    pub(super) fn initial(&self) -> String {
        let letter = self.name.chars().find(|c| c.is_alphanumeric());
        letter.unwrap_or('#').to_string()
    }

    /// One of eight colours, always the same for a room.
    pub(super) fn hue(&self) -> u8 {
        let folded = self.token.folded();
        folded
            .bytes()
            .fold(7_u8, |hue, byte| hue.wrapping_mul(31).wrapping_add(byte))
            % 8
    }

    pub(super) fn people(&self) -> String {
        match self.active_users {
            ..=0 => "nobody here lately".to_owned(),
            1 => "1 active member".to_owned(),
            many => format!("{many} active members"),
        }
    }
}
