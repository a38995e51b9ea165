//! The server's side of the handshake.

use std::fmt;

use rand::CryptoRng;

use super::channel::Side;
use super::{Channel, HandshakeFailure};
use crate::crypto::{Chains, SecretKey};
use crate::identity::Identity;
use crate::wire::{
    CertChain, ClientHello, DhKey, HandshakeError, PublicKey, ServerHello, ServiceResult, Short,
    TransportError, Version, VersionRange, handshake_block, unpad,
};

/// What a server offers on a new connection.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    /// Who it is, as in TLS.
    pub identity: &'a Identity,
    /// What it speaks.
    pub versions: VersionRange,
    /// Whether the client negotiated a protocol in TLS; the oldest did not, and get version 6.
    pub alpn: bool,
    /// The client's Finished.
    pub session_id: &'a [u8],
}

/// Waiting for the client's hello.
#[derive(Debug)]
pub struct ServerHandshake {
    versions: VersionRange,
    fingerprint: [u8; 32],
    session_id: Box<[u8]>,
    secret: SecretKey,
}

/// A session as the server has it.
#[derive(Debug)]
pub struct ServerSession {
    /// Opens and packs blocks.
    pub channel: Channel,
    /// The server's session key, which authenticators and forwarded commands are made for; none
    /// where the hello did not show it.
    pub secret: Option<SecretKey>,
    /// The client's session key, if it has shown one.
    pub peer_key: Option<DhKey>,
    /// Whether the client forwards for clients of its own.
    pub proxy: bool,
}

/// A client that is not served.
#[derive(Debug)]
pub struct Refused {
    /// Why.
    pub failure: HandshakeFailure,
    /// What to send it before closing: services alone are told.
    pub answer: Option<Vec<u8>>,
}

impl ServerHandshake {
    /// Begins; gives the block to send.
    pub fn start(
        offer: Offer<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<(Self, Vec<u8>), HandshakeFailure> {
        let handshake = Self {
            versions: offer.range().ok_or(HandshakeFailure::Version)?,
            fingerprint: offer.identity.fingerprint(),
            session_id: offer.session_id.into(),
            secret: SecretKey::generate(rng),
        };
        let hello = handshake.hello(offer.identity)?;
        Ok((handshake, hello))
    }

    fn hello(&self, identity: &Identity) -> Result<Vec<u8>, HandshakeFailure> {
        let signed_key;
        let identity = if self.versions.max() >= Version::SESSION_KEYS {
            signed_key = identity.sign_session_key(&PublicKey::from(self.secret.public()));
            Some(CertChain {
                certificates: identity.chain().iter().map(AsRef::as_ref).collect(),
                signed_key: &signed_key,
            })
        } else {
            None
        };
        Ok(handshake_block(&ServerHello {
            versions: self.versions,
            session_id: Short::cut(&self.session_id),
            identity,
        })?)
    }

    /// Takes the client's block.
    pub fn receive(self, block: &[u8]) -> Result<ServerSession, Refused> {
        let hello = unpad(block)
            .and_then(ClientHello::parse)
            .map_err(HandshakeFailure::from)?;
        self.check(&hello)?;
        if hello.service.is_some() {
            return Err(Refused::service());
        }
        let chains = self.chains(&hello)?;
        Ok(ServerSession {
            channel: Channel::new(Side::Server, hello.version, &self.session_id, chains),
            secret: (self.versions.max() >= Version::SESSION_KEYS).then_some(self.secret),
            peer_key: hello.session_key,
            proxy: hello.proxy,
        })
    }

    fn check(&self, hello: &ClientHello<'_>) -> Result<(), HandshakeFailure> {
        if hello.key_hash.as_bytes() != self.fingerprint {
            return Err(HandshakeFailure::Identity);
        }
        if !self.versions.contains(hello.version) {
            return Err(HandshakeFailure::Version);
        }
        Ok(())
    }

    /// A proxy's blocks are not encrypted again: what it forwards is.
    fn chains(&self, hello: &ClientHello<'_>) -> Result<Option<Chains>, HandshakeFailure> {
        match &hello.session_key {
            Some(key) if hello.version >= Version::BLOCK_ENCRYPTION && !hello.proxy => {
                let secret = self.secret.agree(key).ok_or(HandshakeFailure::Secret)?;
                Ok(Some(Chains::new(&self.session_id, &secret)))
            }
            _ => Ok(None),
        }
    }
}

impl Offer<'_> {
    /// What is really offered.
    fn range(&self) -> Option<VersionRange> {
        if self.alpn {
            Some(self.versions)
        } else {
            self.versions.intersect(VersionRange::LEGACY)
        }
    }
}

impl Refused {
    fn service() -> Self {
        let error = TransportError::Handshake(HandshakeError::BadService);
        Self {
            failure: HandshakeFailure::Service,
            answer: handshake_block(&ServiceResult::Refused(error)).ok(),
        }
    }
}

impl From<HandshakeFailure> for Refused {
    fn from(failure: HandshakeFailure) -> Self {
        Self {
            failure,
            answer: None,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.failure.fmt(f)
    }
}
