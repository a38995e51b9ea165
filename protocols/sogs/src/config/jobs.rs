//! `[sogs.jobs]`: how often background jobs run.

use relay_core::config::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[sogs.jobs]`.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct JobConfig {
    /// Permissions and bans that begin or end by themselves take effect (`sogs.futures`).
    pub futures: Span,

    /// Active users are counted, and who was not seen for long is forgotten (`sogs.activity`).
    pub activity: Span,

    /// Expired files are deleted (`sogs.files`).
    pub files: Span,

    /// Expired direct messages are deleted (`sogs.inbox`).
    pub inbox: Span,

    /// Expired nonces are forgotten (`sogs.nonces`).
    pub nonces: Span,

    /// Old versions of edited and deleted messages are forgotten (`sogs.history`).
    pub history: Span,

    /// Messages older than a room keeps them are deleted (`sogs.retention`).
    pub retention: Span,

    /// Files on disk that a crash left without a place in the database are deleted
    /// (`sogs.orphans`); it also runs at start.
    pub orphans: Span,
}

impl Default for JobConfig {
    fn default() -> Self {
        Self {
            futures: Span::secs(10),
            activity: Span::secs(10),
            files: Span::secs(10),
            inbox: Span::secs(10),
            nonces: Span::secs(60),
            history: Span::secs(60),
            retention: Span::secs(10 * 60),
            orphans: Span::secs(6 * 60 * 60),
        }
    }
}

impl JobConfig {
    /// Every interval, with its key.
    pub(super) const fn all(&self) -> [(&'static str, Span); 8] {
        [
            ("futures", self.futures),
            ("activity", self.activity),
            ("files", self.files),
            ("inbox", self.inbox),
            ("nonces", self.nonces),
            ("history", self.history),
            ("retention", self.retention),
            ("orphans", self.orphans),
        ]
    }
}
