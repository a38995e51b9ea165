//! The key of a certificate, as rustls signs handshakes with it.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::sign::{CertifiedKey, Signer, SigningKey as RustlsKey};
use rustls::{Error, SignatureAlgorithm, SignatureScheme};

use crate::crypto::{OwnedSignature, SigningKey};

/// Shared, so that the secret is in memory once.
#[derive(Clone, Debug)]
struct Key(Arc<SigningKey>);

/// A chain and the key of its leaf.
pub(super) fn certified(chain: &[CertificateDer<'static>], key: &SigningKey) -> CertifiedKey {
    let key = Key(Arc::new(key.clone()));
    CertifiedKey::new(chain.to_vec(), Arc::new(key))
}

impl RustlsKey for Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let signer = || Box::new(self.clone()) as Box<dyn Signer>;
        offered.contains(&self.scheme()).then(signer)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match *self.0 {
            SigningKey::Ed25519(_) => SignatureAlgorithm::ED25519,
            SigningKey::Ed448(_) => SignatureAlgorithm::ED448,
        }
    }
}

impl Signer for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(match self.0.sign(message) {
            OwnedSignature::Ed25519(bytes) => bytes.to_vec(),
            OwnedSignature::Ed448(bytes) => bytes.to_vec(),
        })
    }

    fn scheme(&self) -> SignatureScheme {
        match *self.0 {
            SigningKey::Ed25519(_) => SignatureScheme::ED25519,
            SigningKey::Ed448(_) => SignatureScheme::ED448,
        }
    }
}
