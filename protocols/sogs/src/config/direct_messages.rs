//! `[sogs.direct_messages]`: messages from user to user.

use std::time::Duration;

use relay_core::config::{ByteSize, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Rate;

/// `[sogs.direct_messages]`.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct DirectMessageConfig {
    /// Whether users may send messages to each other. Switched off, what was sent stays readable
    /// until it expires.
    pub enabled: bool,

    /// How long they are kept; `0s` is for ever.
    pub expiry: Span,

    /// The largest message.
    pub max_size: ByteSize,

    /// Whether users who are banned from rooms may send any.
    pub refuse_banned: RefuseBanned,

    /// Messages of one sender.
    pub rate: Rate,

    /// Messages of one sender to one recipient.
    pub rate_per_recipient: Rate,

    /// Different recipients of one sender.
    pub recipients: Rate,

    /// Most unexpired messages waiting for one recipient; 0 is no limit.
    pub max_inbox: u64,
}

/// Whose direct messages are refused, besides those of users banned from the whole server.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RefuseBanned {
    /// Nobody's.
    #[default]
    Never,
    /// Those of users banned from any room.
    AnyRoom,
    /// Those of users banned from all rooms.
    AllRooms,
}

impl Default for DirectMessageConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            expiry: Span::secs(15 * 24 * 60 * 60),
            max_size: ByteSize::kib(100),
            refuse_banned: RefuseBanned::Never,
            rate: Rate::OFF,
            rate_per_recipient: Rate::OFF,
            recipients: Rate::OFF,
            max_inbox: 0,
        }
    }
}

impl DirectMessageConfig {
    /// How long they are kept; for ever if `None`.
    pub fn lifetime(&self) -> Option<Duration> {
        super::check::unless_zero(self.expiry)
    }
}
