//! What a commit made stale of what memory holds.
//!
//! Whoever writes to the same database from elsewhere must let [`super::cache::Cache`] know in
//! these words, with [`Touch::Messages`] for [`Touch::Message`].

use std::sync::Arc;

use super::message::StoredMessage;
use super::{RoomId, UserId};

/// Something that changed.
#[derive(Clone)]
pub(crate) enum Touch {
    /// Which rooms there are.
    Rooms,
    /// What a room tells about itself.
    Room(RoomId),
    /// What every room tells about itself.
    EveryRoom,
    /// One message, and what it is now. The last commit of a room carries its highest number.
    Message(RoomId, Arc<StoredMessage>),
    /// Many messages of a room, up to this number.
    Messages(RoomId, i64),
    /// What somebody may do, anywhere.
    User(UserId),
    /// Somebody's direct messages.
    Inbox(UserId),
}
