//! `[smp.queues]` and `[smp.notifications]`: how much is kept, and for how long.

use relay_core::config::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Queues and their messages.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueueConfig {
    /// Messages a queue holds. The sender of one more is told that the quota is exceeded, and
    /// must wait until the recipient has read them all.
    #[schemars(extend("x-reload" = true))]
    pub quota: u32,

    /// How long a message waits for its recipient.
    #[schemars(extend("x-reload" = true))]
    pub message_lifetime: Span,

    /// Time between two searches for messages that have expired.
    pub expiry_interval: Span,

    /// Whether the first search begins with the start.
    pub expire_on_start: bool,

    /// Whether the expired messages of a queue are also removed whenever one is sent to it.
    #[schemars(extend("x-reload" = true))]
    pub expire_on_send: bool,
}

/// Notifications for the servers that wake sleeping phones.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct NotificationConfig {
    /// How long a notification waits for the notification server.
    #[schemars(extend("x-reload" = true))]
    pub lifetime: Span,

    /// Time between two searches for notifications that have expired.
    pub expiry_interval: Span,

    /// How long notifications gather before they are sent together.
    #[schemars(extend("x-reload" = true))]
    pub delivery_interval: Span,
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self {
            quota: 128,
            message_lifetime: Span::secs(21 * 24 * 3600),
            expiry_interval: Span::secs(2 * 3600),
            expire_on_start: true,
            expire_on_send: false,
        }
    }
}

impl Default for NotificationConfig {
    fn default() -> Self {
        Self {
            lifetime: Span::secs(24 * 3600),
            expiry_interval: Span::secs(3600),
            delivery_interval: Span::millis(1500),
        }
    }
}
