//! What memory holds of the database: rooms, users, the newest messages, and how far everybody's
//! direct messages go. An idle room's poll asks the database nothing.
//!
//! Nothing here is ever older than the last commit that was answered. Commits say what they touched
//! ([`Cache::touched`], in commit order) before anybody hears of them; whoever reads the database at
//! that time cannot put the older value back, because its place is gone.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache as Places;

use super::message::StoredMessage;
use super::rooms::{Room, RoomList};
use super::touch::Touch;
use super::users::User;
use super::window::Window;
use super::{RoomId, UserId};
use crate::crypto::SessionId;
use crate::private::private_debug;

/// How much memory may hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CacheLimits {
    /// Users.
    pub users: usize,
    /// Bytes of messages.
    pub message_bytes: u64,
    /// Newest messages of a room.
    pub room_messages: usize,
}

impl Default for CacheLimits {
    fn default() -> Self {
        Self {
            users: 20_000,
            message_bytes: 24 << 20,
            room_messages: 128,
        }
    }
}

/// Rooms are made by operators only, so this is no limit but to nonsense.
const ROOMS: usize = 10_000;

/// About how much a room's messages take without what they say.
const WINDOW_OVERHEAD: u64 = 512;

/// How far somebody's direct messages go: the highest numbers, 0 if there are none.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Newest {
    pub(crate) inbox: i64,
    pub(crate) outbox: i64,
}

#[derive(Clone)]
pub(super) struct Bytes;

impl Weighter<RoomId, Arc<Window>> for Bytes {
    fn weight(&self, _: &RoomId, window: &Arc<Window>) -> u64 {
        window.bytes() as u64 + WINDOW_OVERHEAD
    }
}

/// What memory holds.
pub(crate) struct Cache {
    /// How many messages a window begins with.
    pub(super) window_size: usize,
    pub(super) list: Places<(), Arc<RoomList>>,
    pub(super) rooms: Places<RoomId, Arc<Room>>,
    /// Whose signature was verified, and their rights fetched. Numbers of users never change.
    pub(super) ids: Places<SessionId, UserId>,
    pub(super) users: Places<UserId, Arc<User>>,
    pub(super) windows: Places<RoomId, Arc<Window>, Bytes>,
    pub(super) boxes: Places<UserId, Newest>,
}

private_debug!(Cache);

impl Cache {
    pub(crate) fn new(limits: CacheLimits) -> Self {
        let windows = usize::try_from(limits.message_bytes / (128 << 10)).unwrap_or(usize::MAX);
        Self {
            window_size: limits.room_messages.max(1),
            list: Places::new(1),
            rooms: Places::new(ROOMS),
            ids: Places::new(limits.users),
            users: Places::new(limits.users),
            windows: Places::with_weighter(windows.max(64), limits.message_bytes, Bytes),
            boxes: Places::new(limits.users),
        }
    }

    /// Corrects what memory holds. Called in commit order, before the commit is answered.
    pub(crate) fn touched(&self, touch: &Touch) {
        match touch {
            Touch::Rooms => {
                self.list.remove(&());
                // What was set for users in a room that is gone went with it.
                self.users.clear();
            }
            Touch::Room(room) => {
                self.rooms.remove(room);
            }
            // Values in the making have a place, too; both are gone then.
            Touch::EveryRoom => self.rooms.clear(),
            Touch::Message(room, message) => {
                self.advance(*room, message.sequence.seqno());
                self.renew(*room, message);
            }
            Touch::Messages(room, sequence) => {
                self.advance(*room, *sequence);
                self.windows.remove(room);
            }
            Touch::User(user) => {
                self.users.remove(user);
            }
            Touch::Inbox(user) => {
                self.boxes.remove(user);
            }
        }
    }

    fn advance(&self, id: RoomId, sequence: i64) {
        match self.rooms.peek(&id) {
            Some(room) => room.advance(sequence),
            None => drop(self.rooms.remove(&id)),
        }
    }

    fn renew(&self, room: RoomId, message: &Arc<StoredMessage>) {
        match self.windows.peek(&room) {
            Some(window) => {
                let window = Arc::new(window.with(message));
                self.windows.insert(room, window);
            }
            None => drop(self.windows.remove(&room)),
        }
    }
}
