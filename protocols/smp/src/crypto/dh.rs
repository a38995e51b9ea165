//! X25519 key agreement.

use std::fmt;

use rand::CryptoRng;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::BoxKey;
use crate::wire::DhKey;

/// The secret half of an X25519 key.
#[derive(Clone)]
pub struct SecretKey(StaticSecret);

impl SecretKey {
    /// A new key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *bytes);
        Self::from_bytes(&bytes)
    }

    /// A stored key.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(StaticSecret::from(*bytes))
    }

    /// To be stored.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public half.
    pub fn public(&self) -> DhKey {
        DhKey(PublicKey::from(&self.0).to_bytes())
    }

    /// The secret shared with the holder of `key`.
    ///
    /// Nothing if `key` leaves no secret to share (a point of small order), which no honest
    /// peer sends.
    pub fn agree(&self, key: &DhKey) -> Option<Zeroizing<[u8; 32]>> {
        let secret = self.0.diffie_hellman(&PublicKey::from(key.0));
        secret
            .was_contributory()
            .then(|| Zeroizing::new(secret.to_bytes()))
    }

    /// A box key from the secret shared with the holder of `key`.
    pub fn box_key(&self, key: &DhKey) -> Option<BoxKey> {
        self.agree(key).map(|secret| BoxKey::new(&secret))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey")
    }
}
