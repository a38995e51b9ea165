//! The protocol's TLS: 1.3 and 1.2, ChaCha20-Poly1305 only, X448 and X25519, Ed448 and Ed25519,
//! and no session is ever resumed.
//!
//! The client's Finished message (`tls-unique`) is the [`SessionId`] that both sides sign in
//! every command, so a connection without a certain one is refused. rustls hands it out nowhere;
//! the module `finished` says how it is had all the same.
//!
//! - [`Acceptor`]: the server's side, with an identity that can be replaced while serving.
//! - [`Connector`]: the client's side, which knows a server by its fingerprint.

mod accept;
mod alpn;
mod connect;
mod finished;
mod provider;
mod sign;
mod verify;
mod x448;

#[cfg(test)]
mod tests;

use std::io;

pub use self::accept::{Accepted, Acceptor};
pub use self::alpn::Alpn;
pub use self::connect::{ClientIdentity, Connected, Connector};
pub use self::finished::SessionId;
pub use self::provider::Offer;
pub use self::x448::X448Group;

/// Why there is no connection. It says nothing of the other side's data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The other side was too slow.
    #[error("the TLS handshake took too long")]
    Timeout,
    /// It was neither two Finished messages nor one: no session id that both sides agree on.
    #[error("the TLS handshake was not a full one")]
    NoSessionId,
    /// TLS could not be agreed on.
    #[error("the TLS handshake failed: {0}")]
    Tls(rustls::Error),
    /// The connection broke.
    #[error("the connection broke during the TLS handshake: {0}")]
    Io(io::ErrorKind),
}

impl From<io::Error> for HandshakeError {
    /// tokio-rustls wraps errors of TLS in those of I/O.
    fn from(error: io::Error) -> Self {
        let kind = error.kind();
        let inner = error.into_inner();
        match inner.and_then(|inner| inner.downcast().ok()) {
            Some(tls) => Self::Tls(*tls),
            None => Self::Io(kind),
        }
    }
}
