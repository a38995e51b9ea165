//! The session: what happens on a connection between TLS and the commands.
//!
//! Sans-IO: blocks go in, blocks come out, and nothing here reads a socket, a clock or the
//! system's randomness. Both sides live here, so that a test connects them without either.
//!
//! ```text
//! server                                        client
//! ServerHandshake::start   -- ServerHello -->   ClientHandshake::receive
//! ServerHandshake::receive <-- ClientHello --
//! Channel                  <==== blocks ====>   Channel
//! ```
//!
//! - A handshake that fails ends the connection, and the peer is not told why; only a service
//!   is answered.
//! - After it nothing a peer sends ends the session: a bad block is a value, for one `ERR BLOCK`.
//! - Blocks must leave in the order in which [`Channel::pack`] made them: their keys move on.

mod channel;
mod client;
mod pace;
mod server;

#[cfg(test)]
pub(crate) mod tests;

pub use channel::{Channel, Facts, Opener, Packed, Packer};
pub use client::{ClientHandshake, ClientSession, Expected, ServerIdentity};
pub use pace::{Idle, Rate};
pub use server::{Offer, Refused, ServerHandshake, ServerSession};

/// Why a handshake came to nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeFailure {
    /// The message does not parse.
    #[error("the hello is malformed")]
    Malformed,
    /// The client wants another server, or the server is another than the client wants.
    #[error("the peer has or wants another identity")]
    Identity,
    /// No version is spoken by both.
    #[error("no common version")]
    Version,
    /// The server names another session than TLS agreed on: somebody is in between.
    #[error("the session id is not that of this connection")]
    SessionId,
    /// The server shows no session key.
    #[error("the server shows no session key")]
    NoKey,
    /// The session key is not signed by the certificate's key.
    #[error("the session key's signature is wrong")]
    Signature,
    /// The session keys have no secret in common.
    #[error("the session keys have no common secret")]
    Secret,
    /// The client wants to be a service, which this server does not know.
    #[error("services are not served")]
    Service,
    /// The certificates do not fit into a hello.
    #[error("the certificates do not fit into a block")]
    TooLarge,
}

impl HandshakeFailure {
    /// A word for metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Identity => "identity",
            Self::Version => "version",
            Self::SessionId => "session_id",
            Self::NoKey => "no_key",
            Self::Signature => "signature",
            Self::Secret => "secret",
            Self::Service => "service",
            Self::TooLarge => "too_large",
        }
    }
}

impl From<crate::wire::Malformed> for HandshakeFailure {
    fn from(_: crate::wire::Malformed) -> Self {
        Self::Malformed
    }
}

impl From<crate::wire::TooLarge> for HandshakeFailure {
    fn from(_: crate::wire::TooLarge) -> Self {
        Self::TooLarge
    }
}
