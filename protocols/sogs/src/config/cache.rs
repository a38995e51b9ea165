//! `[sogs.cache]`: memory for what is asked often.

use relay_core::config::ByteSize;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[sogs.cache]`.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CacheConfig {
    /// Newest messages of each room that are kept in memory.
    pub messages_per_room: usize,

    /// Memory for messages, of all rooms together.
    pub messages: ByteSize,

    /// Users whose rights, and whose newest direct messages, are kept in memory.
    pub users: usize,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            messages_per_room: 128,
            messages: ByteSize::mib(16),
            users: 20_000,
        }
    }
}
