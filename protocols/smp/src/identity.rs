//! Who this server is: an offline CA, whose certificate's hash is the server's address, and an
//! online certificate (the leaf) that it issued.
//!
//! - [`Certificate`] and [`chain`] read and verify certificates; [`issue`] makes them.
//! - [`Folder`] keeps them in files that smp-server would take, and takes those of a smp-server:
//!   chains of two to four, Ed25519 or Ed448, with `ca.key` moved off the server or not.
//! - [`Identity`] is what a handshake needs. It is replaced as a whole when the leaf is.
//! - [`Keeper`] keeps files and TLS in step while serving.

mod certificate;
pub mod chain;
mod folder;
pub mod issue;
mod keeper;
mod key;

#[cfg(test)]
mod tests;

use std::fmt;

use relay_core::clock::UnixTime;
use rustls::pki_types::CertificateDer;

pub use self::certificate::{Certificate, CertificateError};
pub use self::folder::{Folder, IdentityError, NewLeaf};
pub use self::keeper::Keeper;
pub use self::key::{KeyError, key_from_pem, key_to_pem};
use crate::crypto::{SigningKey, fingerprint};
use crate::wire::{AuthKey, PublicKey, SignedKey};

/// A certificate chain and the key of its leaf.
#[derive(Clone)]
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: SigningKey,
    fingerprint: [u8; 32],
    not_after: UnixTime,
}

impl Identity {
    /// Puts a chain (leaf first) and its key together; they must fit and be valid at `now`.
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: SigningKey,
        now: UnixTime,
    ) -> Result<Self, chain::ChainError> {
        let not_after = {
            let verified = chain::verify(&chain, now)?;
            if *verified.leaf.key() != public_key(&key) {
                return Err(chain::ChainError::OtherKey);
            }
            verified.not_after
        };
        let identity = chain::identity(&chain).ok_or(chain::ChainError::Length)?;
        let fingerprint = fingerprint(identity);
        Ok(Self {
            chain,
            key,
            fingerprint,
            not_after,
        })
    }

    /// The certificates, leaf first, as TLS and the server's hello have them.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// The leaf's key.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The SHA-256 of the identity certificate: the name clients know this server by.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// When the first of its certificates expires.
    pub fn not_after(&self) -> UnixTime {
        self.not_after
    }

    /// A session key signed by the leaf's key, as the server's hello has it (DER).
    pub fn sign_session_key(&self, session_key: &PublicKey) -> Vec<u8> {
        let object = SignedKey::object(session_key);
        let signature = self.key.sign(&object);
        SignedKey::to_der(&object, signature.for_certificate())
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({} certificates)", self.chain.len())
    }
}

/// What verifies a key's signatures, as certificates have it.
fn public_key(key: &SigningKey) -> PublicKey {
    match key.public() {
        AuthKey::Ed25519(key) => PublicKey::Ed25519(key),
        AuthKey::Ed448(key) => PublicKey::Ed448(key),
        AuthKey::X25519(key) => PublicKey::X25519(key),
    }
}
