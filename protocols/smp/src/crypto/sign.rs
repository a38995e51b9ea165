//! Signatures: Ed25519 and Ed448.
//!
//! Ed448 comes from `crrl`, which has no audit and wipes nothing: it is behind
//! [`Ed448Verifier`] so that another can take its place, and secret keys stay seeds that are
//! turned into keys only to sign.

use std::fmt;

use ed25519_dalek::{Signature, Signer, VerifyingKey};
use rand::CryptoRng;
use zeroize::Zeroizing;

use crate::wire::{AuthKey, CertSignature, PublicKey, Signed};

/// Checks Ed448 signatures.
pub trait Ed448Verifier {
    /// Whether `signature` is that of the holder of `key` on `message`.
    fn verify(&self, key: &[u8; 57], message: &[u8], signature: &[u8; 114]) -> bool;
}

/// Ed448 by the `crrl` crate.
#[derive(Clone, Copy, Debug, Default)]
pub struct Crrl;

impl Ed448Verifier for Crrl {
    fn verify(&self, key: &[u8; 57], message: &[u8], signature: &[u8; 114]) -> bool {
        crrl::ed448::PublicKey::decode(key).is_some_and(|key| key.verify_raw(signature, message))
    }
}

/// Checks an Ed25519 signature over `prefix` and then the signed bytes, without joining them.
pub(super) fn verify_ed25519(
    key: &[u8; 32],
    prefix: &[u8],
    signed: Signed<'_>,
    signature: &[u8; 64],
) -> bool {
    let signature = Signature::from_bytes(signature);
    let started = VerifyingKey::from_bytes(key).and_then(|key| key.verify_stream(&signature));
    started.is_ok_and(|mut verifier| {
        verifier.update(prefix);
        signed.each(|chunk| verifier.update(chunk));
        verifier.finalize_and_verify().is_ok()
    })
}

/// Checks the signature of a certificate's key on a session key, or on another certificate.
pub fn verify_certificate_signature(
    key: &PublicKey,
    object: &[u8],
    signature: CertSignature<'_>,
) -> bool {
    match (key, signature) {
        (PublicKey::Ed25519(key), CertSignature::Ed25519(signature)) => {
            let signature = Signature::from_bytes(signature);
            VerifyingKey::from_bytes(key)
                .is_ok_and(|key| key.verify_strict(object, &signature).is_ok())
        }
        (PublicKey::Ed448(key), CertSignature::Ed448(signature)) => {
            Crrl.verify(key, object, signature)
        }
        _ => false,
    }
}

/// A key to sign with: a client's for its queues, a server's for its session keys.
#[derive(Clone)]
pub enum SigningKey {
    /// 64-byte signatures.
    Ed25519(Zeroizing<[u8; 32]>),
    /// 114-byte signatures.
    Ed448(Zeroizing<[u8; 57]>),
}

/// A signature of either kind.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OwnedSignature {
    /// By an Ed25519 key.
    Ed25519([u8; 64]),
    /// By an Ed448 key.
    Ed448([u8; 114]),
}

impl SigningKey {
    /// A new Ed25519 key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *seed);
        Self::Ed25519(seed)
    }

    /// A new Ed448 key.
    pub fn generate_ed448(rng: &mut impl CryptoRng) -> Self {
        let mut seed = Zeroizing::new([0; 57]);
        rng.fill_bytes(&mut *seed);
        Self::Ed448(seed)
    }

    /// What verifies its signatures.
    pub fn public(&self) -> AuthKey {
        match self {
            Self::Ed25519(seed) => {
                let key = ed25519_dalek::SigningKey::from_bytes(seed);
                AuthKey::Ed25519(key.verifying_key().to_bytes())
            }
            Self::Ed448(seed) => AuthKey::Ed448(ed448(seed).public_key.encode()),
        }
    }

    /// Its signature on `message`.
    pub fn sign(&self, message: &[u8]) -> OwnedSignature {
        match self {
            Self::Ed25519(seed) => {
                let key = ed25519_dalek::SigningKey::from_bytes(seed);
                OwnedSignature::Ed25519(key.sign(message).to_bytes())
            }
            Self::Ed448(seed) => OwnedSignature::Ed448(ed448(seed).sign_raw(message)),
        }
    }
}

impl OwnedSignature {
    /// As it stands in a signed session key.
    pub fn for_certificate(&self) -> CertSignature<'_> {
        match self {
            Self::Ed25519(bytes) => CertSignature::Ed25519(bytes),
            Self::Ed448(bytes) => CertSignature::Ed448(bytes),
        }
    }

    /// As it stands in a transmission.
    pub fn for_command(&self) -> crate::wire::Authorization<'_> {
        match self {
            Self::Ed25519(bytes) => crate::wire::Authorization::Ed25519(bytes),
            Self::Ed448(bytes) => crate::wire::Authorization::Ed448(bytes),
        }
    }
}

fn ed448(seed: &[u8; 57]) -> crrl::ed448::PrivateKey {
    crrl::ed448::PrivateKey::from_seed(seed)
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ed25519(_) => "SigningKey(Ed25519)",
            Self::Ed448(_) => "SigningKey(Ed448)",
        })
    }
}
