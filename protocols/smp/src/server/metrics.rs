//! What is counted of sessions. Commands and messages are the engine's.

use relay_core::telemetry::metrics::{IntCounter, IntCounterVec, IntGauge, Metrics};

use crate::session::HandshakeFailure;

/// Figures of all sessions.
#[derive(Debug)]
pub(crate) struct SessionMetrics {
    /// Sessions open now.
    pub(super) open: IntGauge,
    /// Blocks received.
    pub(super) blocks_in: IntCounter,
    /// Blocks sent.
    pub(super) blocks_out: IntCounter,
    /// Blocks that could not be decrypted or split.
    pub(super) blocks_bad: IntCounter,
    established: IntCounterVec,
    refused: IntCounterVec,
    closed: IntCounterVec,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum End {
    /// The client closed the connection, or it broke.
    Client,
    /// The client was silent for too long.
    Idle,
    /// A block did not arrive in time.
    SlowBlock,
    /// The client did not read what was sent to it.
    SlowReader,
    /// The daemon stops.
    Stop,
}

impl SessionMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let blocks = metrics.counters(
            "relayd_smp_blocks_total",
            "Blocks received and sent after handshakes, by direction; bad ones came in.",
            &["direction"],
        );
        let closed = metrics.counters(
            "relayd_smp_sessions_closed_total",
            "Sessions that ended, by reason.",
            &["reason"],
        );
        for end in End::ALL {
            closed.with_label_values(&[end.label()]);
        }
        Self {
            open: metrics.gauge("relayd_smp_sessions", "Sessions open now."),
            blocks_in: blocks.with_label_values(&["in"]),
            blocks_out: blocks.with_label_values(&["out"]),
            blocks_bad: blocks.with_label_values(&["bad"]),
            established: metrics.counters(
                "relayd_smp_sessions_total",
                "Sessions established, by version of the protocol.",
                &["version"],
            ),
            refused: metrics.counters(
                "relayd_smp_handshakes_refused_total",
                "Handshakes of the protocol that came to nothing, by reason.",
                &["reason"],
            ),
            closed,
        }
    }

    /// A handshake came to nothing.
    pub(super) fn refused(&self, failure: HandshakeFailure) {
        self.refused_as(failure.label());
    }

    /// The same where the client is to blame for more than its hello.
    pub(super) fn refused_as(&self, reason: &str) {
        self.refused.with_label_values(&[reason]).inc();
    }

    /// A session began; it is open until the guard is dropped.
    pub(super) fn began(&self, version: crate::wire::Version) -> Open {
        let version = version.to_string();
        self.established.with_label_values(&[&version]).inc();
        self.open.inc();
        Open(self.open.clone())
    }

    /// A session ended.
    pub(super) fn ended(&self, end: End) {
        self.closed.with_label_values(&[end.label()]).inc();
    }
}

/// A session that counts as open.
#[derive(Debug)]
pub(super) struct Open(IntGauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl End {
    const ALL: [Self; 5] = [
        Self::Client,
        Self::Idle,
        Self::SlowBlock,
        Self::SlowReader,
        Self::Stop,
    ];

    fn label(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Idle => "idle",
            Self::SlowBlock => "slow_block",
            Self::SlowReader => "slow_reader",
            Self::Stop => "stop",
        }
    }
}
