//! What can be measured of an SMP relay.

use clap::ValueEnum;
use rand::CryptoRng;
use relay_smp::client::QueueKey;

/// What a client does.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Scenario {
    /// SEND until OK, to queues nobody reads.
    Send,
    /// A message from end to end through a proxy (`--proxy`): PFWD, PRES, MSG, ACK, OK.
    Proxy,
    /// A message from end to end: SEND, OK, MSG, ACK, OK. Two connections, a sender's and a recipient's.
    Deliver,
    /// Deliveries, and with every fiftieth both sides are new: connections, queue, keys.
    Mixed,
    /// A connection: TLS and the protocol's handshake.
    Connect,
    /// A connection, and all its queues subscribed to in as few blocks as hold them.
    Subscribe,
    /// Connections with their subscriptions, held: what they cost in memory.
    Idle,
    /// All clients connect and subscribe at the same moment.
    Storm,
}

/// How senders authorize what they send.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum SenderKey {
    /// Signatures: what today's apps use.
    Ed25519,
    /// Authenticators, which nobody can show around.
    X25519,
}

impl Scenario {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Proxy => "proxy",
            Self::Deliver => "deliver",
            Self::Mixed => "mixed",
            Self::Connect => "connect",
            Self::Subscribe => "subscribe",
            Self::Idle => "idle",
            Self::Storm => "storm",
        }
    }

    /// Queues of a client, where nobody says otherwise.
    pub(crate) fn queues(self) -> usize {
        match self {
            Self::Send => 64,
            Self::Proxy | Self::Deliver | Self::Mixed => 1,
            Self::Connect => 0,
            Self::Subscribe => 1000,
            Self::Idle | Self::Storm => 10,
        }
    }

    /// Whether everybody acts once, all at the same time.
    pub(crate) fn is_burst(self) -> bool {
        matches!(self, Self::Idle | Self::Storm)
    }
}

impl SenderKey {
    pub(crate) fn generate(self, rng: &mut impl CryptoRng) -> QueueKey {
        match self {
            Self::Ed25519 => QueueKey::ed25519(rng),
            Self::X25519 => QueueKey::x25519(rng),
        }
    }
}
