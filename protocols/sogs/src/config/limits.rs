//! `[sogs.limits]` and `[sogs.new_users]`: what keeps abuse down.

use relay_core::config::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Rate;

/// `[sogs.limits]`.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitConfig {
    /// Posts and edits of one user in one room.
    pub posts: Rate,

    /// Posts and edits in one room, of all users together.
    pub room_posts: Rate,

    /// Shortest time between two posts of one user in one room, moderators excepted; off at `0s`.
    pub slow_mode: Span,

    /// Changes of reactions of one user.
    pub reactions: Rate,

    /// Changes of reactions in one room, of all users together.
    pub room_reactions: Rate,

    /// Uploads of one user.
    pub uploads: Rate,

    /// Uploads into one room, of all users together.
    pub room_uploads: Rate,

    /// Parts of one batch or sequence.
    pub batch: usize,
}

impl Default for LimitConfig {
    fn default() -> Self {
        Self {
            posts: Rate::secs(5, 16),
            room_posts: Rate::OFF,
            slow_mode: Span::secs(0),
            reactions: Rate::secs(50, 10),
            room_reactions: Rate::OFF,
            uploads: Rate::OFF,
            room_uploads: Rate::OFF,
            batch: 200,
        }
    }
}

/// `[sogs.new_users]`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewUserConfig {
    /// How long this server must have known a user who posts.
    pub post_after: Span,

    /// How long it must have known a user who reacts.
    pub react_after: Span,

    /// How long it must have known a user who uploads.
    pub upload_after: Span,

    /// How long it must have known a user who sends direct messages.
    pub direct_message_after: Span,
}
