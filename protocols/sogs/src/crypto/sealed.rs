//! Sealing of onion requests and their replies: one X25519 agreement with a fresh key of the
//! client gives the key for both directions.
//!
//! ```text
//! aes-gcm    key = HMAC-SHA256("LOKI", shared)               blob = iv(12) ‖ text ‖ tag(16)
//! xchacha20  key = BLAKE2b-32(shared ‖ client ‖ server)      blob = nonce(24) ‖ text ‖ tag(16)
//! ```

use std::fmt;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{AeadInOut, Key, KeyInit, Nonce};
use chacha20poly1305::XChaCha20Poly1305;
use hmac::{Hmac, Mac};
use rand::CryptoRng;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{ServerKey, blake2b_32};

const AES_GCM_SALT: &[u8] = b"LOKI";
const TAG: usize = 16;

/// How a request is sealed. AES-CBC, which only ancient libraries knew, is not spoken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Encryption {
    /// AES-256-GCM; what is meant when nothing is said.
    AesGcm,
    /// XChaCha20-Poly1305.
    XChaCha20,
}

/// The key of one request and its reply.
pub struct SealKey {
    encryption: Encryption,
    key: Zeroizing<[u8; 32]>,
}

impl Encryption {
    /// By its name in a request.
    pub fn named(name: Option<&str>) -> Option<Self> {
        match name {
            None | Some("aes-gcm" | "gcm") => Some(Self::AesGcm),
            Some("xchacha20" | "xchacha20-poly1305") => Some(Self::XChaCha20),
            Some(_) => None,
        }
    }
}

impl SealKey {
    /// With the client's ephemeral key; `None` if that is of small order.
    pub fn agree(server: &ServerKey, encryption: Encryption, client: &[u8; 32]) -> Option<Self> {
        let shared = server.agree(client)?;
        Self::of_shared(&shared, encryption, client, server.public())
    }

    /// What both ends make of their agreement.
    pub(super) fn of_shared(
        shared: &[u8; 32],
        encryption: Encryption,
        client: &[u8; 32],
        server: &[u8; 32],
    ) -> Option<Self> {
        let key = match encryption {
            Encryption::AesGcm => aes_gcm_key(shared)?,
            Encryption::XChaCha20 => Zeroizing::new(blake2b_32(&[shared, client, server])),
        };
        Some(Self { encryption, key })
    }

    /// Opens what the client sealed.
    pub fn open(&self, blob: &[u8]) -> Option<Vec<u8>> {
        match self.encryption {
            Encryption::AesGcm => open::<Aes256Gcm>(&self.key, blob),
            Encryption::XChaCha20 => open::<XChaCha20Poly1305>(&self.key, blob),
        }
    }

    /// Seals a reply under a fresh nonce.
    pub fn seal(&self, text: &[u8], rng: &mut impl CryptoRng) -> Option<Vec<u8>> {
        match self.encryption {
            Encryption::AesGcm => seal::<Aes256Gcm>(&self.key, text, rng),
            Encryption::XChaCha20 => seal::<XChaCha20Poly1305>(&self.key, text, rng),
        }
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealKey")
            .field("encryption", &self.encryption)
            .finish_non_exhaustive()
    }
}

/// The AES-GCM key of an agreement; legacy challenges are sealed with it too.
pub(super) fn aes_gcm_key(shared: &[u8; 32]) -> Option<Zeroizing<[u8; 32]>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(AES_GCM_SALT).ok()?;
    mac.update(shared);
    Some(Zeroizing::new(mac.finalize().into_bytes().into()))
}

fn open<A: AeadInOut + KeyInit>(key: &[u8; 32], blob: &[u8]) -> Option<Vec<u8>> {
    let nonce_len = Nonce::<A>::default().len();
    let (nonce, rest) = blob.split_at_checked(nonce_len)?;
    let (sealed, tag) = rest.split_at_checked(rest.len().checked_sub(TAG)?)?;
    let mut text = sealed.to_vec();
    cipher::<A>(key)?
        .decrypt_inout_detached(
            nonce.try_into().ok()?,
            b"",
            text.as_mut_slice().into(),
            tag.try_into().ok()?,
        )
        .ok()?;
    Some(text)
}

pub(super) fn seal<A: AeadInOut + KeyInit>(
    key: &[u8; 32],
    text: &[u8],
    rng: &mut impl CryptoRng,
) -> Option<Vec<u8>> {
    let mut nonce = Nonce::<A>::default();
    rng.fill_bytes(&mut nonce);
    let mut blob = Vec::with_capacity(nonce.len() + text.len() + TAG);
    blob.extend_from_slice(&nonce);
    blob.extend_from_slice(text);
    let sealed = (&mut blob[nonce.len()..]).into();
    let tag = cipher::<A>(key)?
        .encrypt_inout_detached(&nonce, b"", sealed)
        .ok()?;
    blob.extend_from_slice(&tag);
    Some(blob)
}

fn cipher<A: AeadInOut + KeyInit>(key: &[u8; 32]) -> Option<A> {
    let key: &Key<A> = key.as_slice().try_into().ok()?;
    Some(A::new(key))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;
    use crate::vectors;

    fn key(encryption: Encryption) -> SealKey {
        let vectors = vectors::load();
        let client = vectors::bytes(&vectors["onion_keys"]["client_ephemeral_public"]);
        SealKey::agree(&vectors::server_key(), encryption, &client).expect("a key")
    }

    #[test]
    fn keys_follow_from_the_agreement() {
        let vectors = vectors::load();
        let keys = vectors["onion_keys"].as_object().expect("object");
        let expected = |start: &str| {
            let found = keys.iter().find(|(name, _)| name.starts_with(start));
            vectors::hex(found.expect("a key").1)
        };
        let aes_gcm = key(Encryption::AesGcm);
        assert_eq!(aes_gcm.key.as_slice(), expected("aes_gcm_key"));
        let xchacha20 = key(Encryption::XChaCha20);
        assert_eq!(xchacha20.key.as_slice(), expected("xchacha20_key"));
    }

    #[test]
    fn unknown_encryptions_are_not_guessed() {
        assert_eq!(Encryption::named(None), Some(Encryption::AesGcm));
        assert_eq!(Encryption::named(Some("gcm")), Some(Encryption::AesGcm));
        assert_eq!(
            Encryption::named(Some("xchacha20")),
            Some(Encryption::XChaCha20)
        );
        assert_eq!(Encryption::named(Some("aes-cbc")), None);
    }

    #[test]
    fn keys_of_small_order_are_refused() {
        let server = vectors::server_key();
        assert!(SealKey::agree(&server, Encryption::AesGcm, &[0; 32]).is_none());
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_and_what_is_changed_does_not(
            text: Vec<u8>,
            seed: u64,
            at: prop::sample::Index,
            aes: bool,
        ) {
            let key = key(if aes { Encryption::AesGcm } else { Encryption::XChaCha20 });
            let mut blob = key.seal(&text, &mut StdRng::seed_from_u64(seed)).expect("sealed");
            prop_assert_eq!(key.open(&blob), Some(text));
            let at = at.index(blob.len());
            blob[at] ^= 1;
            prop_assert_eq!(key.open(&blob), None);
        }

        #[test]
        fn noise_does_not_open(blob: Vec<u8>) {
            prop_assert_eq!(key(Encryption::AesGcm).open(&blob), None);
            prop_assert_eq!(key(Encryption::XChaCha20).open(&blob), None);
        }
    }
}
