//! `[smp.limits]`: what one client, and all together, may use.

use relay_core::config::ByteSize;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What one client, and all together, may use. `[limits]` has those on connections.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitConfig {
    /// Handshakes in progress at the same time; who comes after that waits for a place.
    pub max_handshakes: usize,

    /// Queues that one address (one /64 network, with IPv6) may create in a minute; what goes
    /// beyond is answered late. Addresses in `limits.unlimited_from` are not counted. 0 for no
    /// limit.
    #[schemars(extend("x-reload" = true))]
    pub new_queues_per_minute: u32,

    /// Commands of one connection in a second; what goes beyond is read late. 0 for no limit.
    #[schemars(extend("x-reload" = true))]
    pub commands_per_second: u32,

    /// Memory for what waits to be sent to one connection. A client that reads slowly gets its
    /// messages from the database when it has caught up.
    #[schemars(extend("x-reload" = true))]
    pub out_bytes_per_connection: ByteSize,

    /// The same for all connections together.
    #[schemars(extend("x-reload" = true))]
    pub out_bytes: ByteSize,

    /// Memory for records of queues in use, so that they are not read for every message.
    pub queue_cache: ByteSize,
}

impl Default for LimitConfig {
    fn default() -> Self {
        Self {
            max_handshakes: 256,
            new_queues_per_minute: 3000,
            commands_per_second: 100_000,
            out_bytes_per_connection: ByteSize::kib(512),
            out_bytes: ByteSize::mib(256),
            queue_cache: ByteSize::mib(64),
        }
    }
}
