//! What can go wrong for a client.

use std::io;

use crate::session::HandshakeFailure;
use crate::wire::{Error, TooLarge};

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The server cannot be reached.
    #[error("no connection: {0}")]
    Io(#[from] io::Error),
    /// TLS failed: another server, or none that speaks the protocol's TLS.
    #[error(transparent)]
    Tls(#[from] crate::tls::HandshakeError),
    /// TLS cannot be set up here.
    #[error("TLS cannot be set up: {0}")]
    Setup(#[from] rustls::Error),
    /// It took too long.
    #[error("no connection in time")]
    TimedOut,
    /// The server is another, or speaks no version we do.
    #[error("the handshake failed: {0}")]
    Handshake(#[from] HandshakeFailure),
    /// The server closed the connection during the handshake.
    #[error("the server closed the connection during the handshake")]
    Closed,
}

/// Why a command has no answer, or not the one asked for.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The server refused.
    #[error("refused")]
    Refused(Error),
    /// The server answered with something else.
    #[error("unexpected answer {0}")]
    Unexpected(&'static str),
    /// No answer came in time; whether the command was done is not known.
    #[error("no answer in time")]
    TimedOut,
    /// The connection ended; whether the command was done is not known.
    #[error("the connection ended")]
    Closed,
    /// The command fits into no block.
    #[error("the command is too large")]
    TooLarge,
    /// The key cannot authorize on this connection: an X25519 key needs the server's.
    #[error("the key cannot authorize here")]
    Key,
    /// What the server sent does not decrypt.
    #[error("the message does not decrypt")]
    Unopened,
}

impl From<TooLarge> for CallError {
    fn from(_: TooLarge) -> Self {
        Self::TooLarge
    }
}
