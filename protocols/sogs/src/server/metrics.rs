//! Figures of what is done on the server.

use relay_core::telemetry::metrics::{IntCounter, Metrics};

/// The figures.
#[derive(Clone, Debug)]
pub struct ServerMetrics {
    /// Messages posted.
    pub posts: IntCounter,
    /// Messages whose signature is not their author's, if that is looked at.
    pub forged: IntCounter,
    /// Polls of rooms.
    pub polls: IntCounter,
    /// Reactions added or taken back.
    pub reactions: IntCounter,
    /// Files uploaded.
    pub uploads: IntCounter,
    /// Bytes of them.
    pub uploaded_bytes: IntCounter,
    /// Files downloaded.
    pub downloads: IntCounter,
    /// Direct messages sent.
    pub direct_messages: IntCounter,
}

impl ServerMetrics {
    /// Registers them.
    pub fn new(metrics: &Metrics) -> Self {
        let counter = |name, help| metrics.counter(name, help);
        Self {
            posts: counter("relayd_sogs_posts_total", "Messages posted."),
            forged: counter(
                "relayd_sogs_forged_messages_total",
                "Messages whose signature is not their author's; only if that is looked at.",
            ),
            polls: counter("relayd_sogs_polls_total", "Polls of rooms."),
            reactions: counter(
                "relayd_sogs_reactions_total",
                "Reactions added or taken back.",
            ),
            uploads: counter("relayd_sogs_uploads_total", "Files uploaded."),
            uploaded_bytes: counter(
                "relayd_sogs_uploaded_bytes_total",
                "Bytes of files uploaded.",
            ),
            downloads: counter("relayd_sogs_downloads_total", "Files downloaded."),
            direct_messages: counter("relayd_sogs_direct_messages_total", "Direct messages sent."),
        }
    }
}
