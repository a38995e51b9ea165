//! A client that is a service: who it shows to be, and what the session remembers of that.
//!
//! Its certificates must be those of TLS, where their validity and the possession of the leaf's
//! key were proven; here that key must have signed the service's session key.

use std::fmt;

use rustls::pki_types::CertificateDer;

use super::{HandshakeFailure, Refused, ServerSession};
use crate::crypto::{fingerprint, verify_certificate_signature};
use crate::identity::Certificate;
use crate::wire::{
    HandshakeError, ServiceHello, ServiceResult, ServiceRole, Short, SignedKey, TransportError,
    handshake_block,
};

/// Who a service shows to be.
#[derive(Clone, Eq, PartialEq)]
pub struct ServiceClaim {
    /// What it does.
    pub role: ServiceRole,
    /// The SHA-256 of its identity certificate: the name it keeps.
    pub fingerprint: [u8; 32],
    /// Signs for it in this session.
    pub key: [u8; 32],
    /// DER, the leaf first.
    pub chain: Vec<Vec<u8>>,
}

/// The service at the other end of a session.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Service {
    /// What the server calls it.
    pub id: [u8; 24],
    /// What it does.
    pub role: ServiceRole,
    /// The SHA-256 of its identity certificate.
    pub fingerprint: [u8; 32],
    /// Signs for it in this session.
    pub key: [u8; 32],
}

/// A service that waits to be known: its handshake is complete when the server has an id for it.
#[derive(Debug)]
pub struct Applicant {
    session: ServerSession,
    claim: ServiceClaim,
}

impl ServiceClaim {
    /// Who the hello shows, where TLS was shown `chain`.
    pub(super) fn verify(
        hello: &ServiceHello<'_>,
        chain: &[CertificateDer<'_>],
    ) -> Result<Self, HandshakeFailure> {
        let shown = &hello.identity;
        let chain = chain.iter().map(|der| &**der);
        let same = shown.certificates.iter().copied().eq(chain);
        let identity = shown.identity().filter(|_| same);
        let identity = identity.ok_or(HandshakeFailure::ServiceIdentity)?;
        Ok(Self {
            role: hello.role,
            fingerprint: fingerprint(identity),
            key: session_key(hello).ok_or(HandshakeFailure::ServiceIdentity)?,
            chain: shown.certificates.iter().map(|der| der.to_vec()).collect(),
        })
    }
}

/// The session key that the leaf's key has signed.
fn session_key(hello: &ServiceHello<'_>) -> Option<[u8; 32]> {
    let leaf = Certificate::parse(hello.identity.certificates.first()?).ok()?;
    let signed = SignedKey::parse(hello.identity.signed_key).ok()?;
    verify_certificate_signature(leaf.key(), signed.object, signed.signature)
        .then(|| hello.session_key().ok())?
}

impl Applicant {
    pub(super) fn new(session: ServerSession, claim: ServiceClaim) -> Self {
        Self { session, claim }
    }

    /// Who it shows to be.
    pub fn claim(&self) -> &ServiceClaim {
        &self.claim
    }

    /// It is known by this id; gives the block that tells it so.
    pub fn accept(mut self, id: [u8; 24]) -> Result<(ServerSession, Vec<u8>), HandshakeFailure> {
        let block = handshake_block(&ServiceResult::Accepted(Short::from(&id)))?;
        self.session.service = Some(Service {
            id,
            role: self.claim.role,
            fingerprint: self.claim.fingerprint,
            key: self.claim.key,
        });
        Ok((self.session, block))
    }

    /// It is known as something else, or cannot be known now.
    pub fn refuse(self) -> Refused {
        refused(HandshakeFailure::Service, HandshakeError::BadService)
    }
}

/// A service whose proofs do not hold.
pub(super) fn unproven(failure: HandshakeFailure) -> Refused {
    refused(failure, HandshakeError::BadAuth)
}

fn refused(failure: HandshakeFailure, told: HandshakeError) -> Refused {
    let error = TransportError::Handshake(told);
    Refused {
        failure,
        answer: handshake_block(&ServiceResult::Refused(error)).ok(),
    }
}

impl fmt::Debug for ServiceClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceClaim({:?})", self.role)
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Service({:?})", self.role)
    }
}
