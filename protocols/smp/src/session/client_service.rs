//! A service's own side of its handshake: what it shows, and what it is told.

use std::fmt;

use rand::CryptoRng;

use super::HandshakeFailure;
use crate::crypto::{SigningKey, fingerprint};
use crate::tls::ClientIdentity;
use crate::wire::{
    AuthKey, CertChain, PublicKey, ServiceResult, ServiceRole, SignedKey, Version, unpad,
};

/// What a service shows of itself, here and in TLS.
#[derive(Clone, Debug)]
pub struct ServiceIdentity {
    /// What it does.
    pub role: ServiceRole,
    /// Its certificates and the leaf's key.
    pub certificates: ClientIdentity,
}

/// The service that this side of a session is.
#[derive(Clone)]
pub struct OwnService {
    /// What the server calls it.
    pub id: [u8; 24],
    /// The SHA-256 of its identity certificate.
    pub fingerprint: [u8; 32],
    /// Signs for it in this session.
    pub key: SigningKey,
}

/// Waiting for the server's answer to a service.
#[derive(Clone)]
pub struct ServiceAnswer {
    fingerprint: [u8; 32],
    key: SigningKey,
}

impl ServiceIdentity {
    /// Whether a server of this version knows such services.
    pub(super) fn is_known_in(&self, version: Version) -> bool {
        version
            >= match self.role {
                ServiceRole::Messaging => Version::RECEIVE_SERVICES,
                ServiceRole::Notifier | ServiceRole::Proxy => Version::SERVICES,
            }
    }

    /// A session key, signed by the leaf's.
    pub(super) fn sign(&self, rng: &mut impl CryptoRng) -> (SigningKey, Vec<u8>) {
        let key = SigningKey::generate(rng);
        let public = match key.public() {
            AuthKey::Ed25519(key) => PublicKey::Ed25519(key),
            AuthKey::Ed448(key) => PublicKey::Ed448(key),
            AuthKey::X25519(key) => PublicKey::X25519(key),
        };
        let object = SignedKey::object(&public);
        let signature = self.certificates.key.sign(&object);
        let signed = SignedKey::to_der(&object, signature.for_certificate());
        (key, signed)
    }

    /// Its certificates with a signed session key, as they stand in the hello.
    pub(super) fn shown<'a>(&'a self, signed_key: &'a [u8]) -> CertChain<'a> {
        CertChain {
            certificates: self.certificates.chain.iter().map(|der| &**der).collect(),
            signed_key,
        }
    }

    pub(super) fn answer(&self, key: SigningKey) -> Result<ServiceAnswer, HandshakeFailure> {
        let identity = self.shown(&[]);
        let identity = identity.identity().ok_or(HandshakeFailure::Identity)?;
        Ok(ServiceAnswer {
            fingerprint: fingerprint(identity),
            key,
        })
    }
}

impl ServiceAnswer {
    /// Takes the server's last block.
    pub fn receive(self, block: &[u8]) -> Result<OwnService, HandshakeFailure> {
        match ServiceResult::parse(unpad(block)?)? {
            ServiceResult::Accepted(id) => Ok(OwnService {
                id: (id.as_bytes().try_into()).map_err(|_| HandshakeFailure::Malformed)?,
                fingerprint: self.fingerprint,
                key: self.key,
            }),
            ServiceResult::Refused(_) => Err(HandshakeFailure::Service),
        }
    }
}

impl fmt::Debug for OwnService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnService")
    }
}

impl fmt::Debug for ServiceAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceAnswer")
    }
}
