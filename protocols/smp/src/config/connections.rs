//! `[smp.connections]`: versions and time limits on the wire.

use relay_core::config::Span;
use relay_core::net::KeepAlive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::wire::{Version, VersionRange};

/// Questions to a silent client before it is given up.
const PROBES: u32 = 4;

/// Connections, and how the protocol is spoken on them.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectionConfig {
    /// Lowest version of the protocol that is offered. From 7 on, clients that do not negotiate by
    /// ALPN (apps before v5.8) are refused.
    pub min_version: u16,

    /// Highest version of the protocol that is offered.
    pub max_version: u16,

    /// Time for the handshake of the protocol; that of TLS has its limit in `[limits]`.
    #[schemars(extend("x-reload" = true))]
    pub handshake_timeout: Span,

    /// How long a client may say nothing before its connection is closed; one with subscriptions
    /// may be silent for ever. 0 closes none.
    #[schemars(extend("x-reload" = true))]
    pub idle_timeout: Span,

    /// Time between two searches for idle clients.
    #[schemars(extend("x-reload" = true))]
    pub idle_check_interval: Span,

    /// How long events of ended subscriptions (another connection took the queue over, or deleted
    /// it) gather before they are sent together.
    #[schemars(extend("x-reload" = true))]
    pub end_interval: Span,

    /// How long a block may take to arrive once it has begun. 0 waits for ever.
    #[schemars(extend("x-reload" = true))]
    pub block_timeout: Span,

    /// How long the other side may take to accept a block (16 KiB) that is sent to it; who is
    /// slower, or reads nothing, loses the connection. 0 waits for ever.
    #[schemars(extend("x-reload" = true))]
    pub write_timeout: Span,

    /// Silence after which TCP asks whether the other side is still there; four questions without
    /// an answer, `keepalive_interval` apart, end a connection. 0 never asks.
    #[schemars(extend("x-reload" = true))]
    pub keepalive_idle: Span,

    /// Time between two such questions.
    #[schemars(extend("x-reload" = true))]
    pub keepalive_interval: Span,
}

impl ConnectionConfig {
    /// When TCP asks silent clients, if it does.
    pub fn keep_alive(&self) -> Option<KeepAlive> {
        let idle = self.keepalive_idle.get();
        (!idle.is_zero()).then_some(KeepAlive {
            idle,
            interval: self.keepalive_interval.get(),
            probes: PROBES,
        })
    }

    /// The versions offered; `None` when they are not among those this build speaks.
    pub fn versions(&self) -> Option<VersionRange> {
        let (min, max) = (Version(self.min_version), Version(self.max_version));
        let spoken = VersionRange::SERVER;
        VersionRange::new(min, max).filter(|_| spoken.contains(min) && spoken.contains(max))
    }
}

impl Default for ConnectionConfig {
    fn default() -> Self {
        Self {
            min_version: VersionRange::SERVER.min().0,
            max_version: VersionRange::SERVER.max().0,
            handshake_timeout: Span::secs(120),
            idle_timeout: Span::secs(6 * 3600),
            idle_check_interval: Span::secs(3600),
            end_interval: Span::millis(100),
            block_timeout: Span::secs(120),
            write_timeout: Span::secs(120),
            keepalive_idle: Span::secs(30),
            keepalive_interval: Span::secs(15),
        }
    }
}
