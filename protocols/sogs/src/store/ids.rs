//! What rows are called by: one type each, so that a room is never taken for a user.

use sea_orm::Value;
use serde::{Deserialize, Serialize};

/// Numbers of rows, given once and never again.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl From<$name> for Value {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }
    )*};
}

ids! {
    /// A direct message.
    DirectMessageId
    /// A file. Numbers are of the server, not of a room.
    FileId
    /// A message. Numbers are of the server, not of a room.
    MessageId
    /// A room.
    RoomId
    /// A user.
    UserId
}

impl UserId {
    /// The server itself, which acts for its operator.
    pub const SYSTEM: Self = Self(0);
}
