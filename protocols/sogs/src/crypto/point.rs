//! Ed25519 keys as the protocol takes them: which points are keys, what they become as X25519, and
//! when a signature holds.

use std::sync::LazyLock;

use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::{EdwardsPoint, MontgomeryPoint};
use ed25519_dalek::{Signature, Verifier, VerifyingKey};

use super::{IdKind, SessionId};
use crate::private::private_debug;

/// The points of small order, compressed.
static SMALL: LazyLock<[[u8; 32]; 8]> =
    LazyLock::new(|| EIGHT_TORSION.map(|point| point.compress().0));

/// A key that signatures of requests may be checked under: canonical, on the curve, of the
/// prime-order subgroup and not small. Keys with a torsion component would give one person
/// several ids.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct VerifyKey(VerifyingKey);

impl VerifyKey {
    /// Checks everything. The subgroup check costs about as much as verifying a signature.
    pub fn parse(bytes: &[u8; 32]) -> Option<Self> {
        let compressed = CompressedEdwardsY(*bytes);
        let point = compressed.decompress()?;
        let canonical = point.compress() == compressed;
        (canonical && !point.is_small_order() && point.is_torsion_free())
            .then(|| Self(VerifyingKey::from(point)))
    }

    /// A key that [`VerifyKey::parse`] has accepted before, by whoever remembers that. Small ones
    /// are refused here too.
    pub fn known(bytes: &[u8; 32]) -> Option<Self> {
        let key = VerifyingKey::from_bytes(bytes).ok();
        key.filter(|key| !key.is_weak()).map(Self)
    }

    /// The key's bytes.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The same key for X25519: what follows the `05` of an id.
    pub fn to_x25519(&self) -> [u8; 32] {
        self.0.to_montgomery().to_bytes()
    }

    /// Whether this key signed the message. As strict as libsodium: a large S, a small R and a
    /// small key are refused.
    ///
    /// R is computed anew and compared as bytes, so the one given is never decompressed, which
    /// would be an eighth of the work: it cannot be small if it is none of the eight that are.
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        let small = SMALL.iter().any(|small| signature.starts_with(small));
        let signature = Signature::from_bytes(signature);
        !small && self.0.verify(message, &signature).is_ok()
    }
}

/// Whether a key, given as bytes, signed the message.
pub fn verify(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    VerifyKey::known(key).is_some_and(|key| key.verify(message, signature))
}

/// The `05` id of somebody who shows a plain Ed25519 key.
pub fn session_id_of_ed25519(key: &VerifyKey) -> SessionId {
    SessionId::new(IdKind::Unblinded, &key.to_x25519())
}

/// Whether an author signed the padded bytes of a message. For `05` authors only the Ed25519 key
/// without sign is known: whoever signs with a negative master key is not believed, wrongly.
pub fn author_signed(author: &SessionId, padded: &[u8], signature: &[u8; 64]) -> bool {
    let key = match author.kind() {
        IdKind::Unblinded => edwards_of_x25519(&author.key()).map(|point| point.compress().0),
        IdKind::Blinded15 | IdKind::Blinded25 => Some(author.key()),
    };
    key.is_some_and(|key| verify(&key, padded, signature))
}

/// The point without sign whose u-coordinate this is. Its negation is as good a guess.
pub(super) fn edwards_of_x25519(u: &[u8; 32]) -> Option<EdwardsPoint> {
    MontgomeryPoint(*u).to_edwards(0)
}

private_debug!(VerifyKey);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vectors;

    #[test]
    fn only_points_of_the_main_subgroup_are_keys() {
        let vectors = vectors::load();
        for case in vectors["x_sogs_pubkey_points"]["cases"]
            .as_array()
            .expect("cases")
        {
            let key = vectors::bytes(&case["hex"]);
            let valid = VerifyKey::parse(&key).is_some();
            assert_eq!(
                valid,
                case["valid"].as_bool().expect("valid"),
                "{}",
                case["why"]
            );
        }
    }

    #[test]
    fn authors_of_all_kinds_sign_the_padded_bytes() {
        let vectors = vectors::load();
        let case = &vectors["message_signatures"];
        let padded = vectors::hex(&case["padded_hex"]);
        let unpadded = vectors::hex(&case["stored_data_hex"]);
        for author in ["author_05", "author_15", "author_25"] {
            let id = vectors::text(&case[author]["session_id"])
                .parse()
                .expect("an id");
            let signature = vectors::base64(&case[author]["signature_b64"]);
            assert!(author_signed(&id, &padded, &signature), "{author}");
            assert!(!author_signed(&id, &unpadded, &signature), "{author}");
        }
        let id = vectors::text(&case["author_05"]["session_id"])
            .parse()
            .expect("an id");
        let master = vectors::base64(&case["plain_ed25519_by_master_key"]["signature_b64"]);
        assert!(author_signed(&id, &padded, &master));
    }

    /// Of a client who knows how to choose R: all that is wrong with it is that R is small.
    fn with_small_r(seed: &[u8; 32], r: EdwardsPoint, message: &[u8]) -> [u8; 64] {
        use ed25519_dalek::hazmat::ExpandedSecretKey;
        use sha2::{Digest, Sha512};
        let secret = ExpandedSecretKey::from(seed);
        let public = ed25519_dalek::SigningKey::from_bytes(seed).verifying_key();
        let r = r.compress().0;
        let hash = Sha512::new()
            .chain_update(r)
            .chain_update(public.as_bytes());
        let hash = hash.chain_update(message).finalize();
        let challenge = curve25519_dalek::Scalar::from_bytes_mod_order_wide(&hash.into());
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&r);
        signature[32..].copy_from_slice((challenge * secret.scalar).as_bytes());
        signature
    }

    #[test]
    fn a_small_r_is_refused_though_the_equation_holds() {
        let public = ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key();
        let key = VerifyKey::parse(public.as_bytes()).expect("a key");
        let forged = with_small_r(&[7; 32], EIGHT_TORSION[0], b"x");
        assert!(public.verify(b"x", &Signature::from_bytes(&forged)).is_ok());
        for small in EIGHT_TORSION {
            assert!(!key.verify(b"x", &with_small_r(&[7; 32], small, b"x")));
        }
    }

    #[test]
    fn small_keys_are_not_known() {
        for small in EIGHT_TORSION {
            assert_eq!(VerifyKey::known(&small.compress().0), None);
        }
    }

    proptest! {
        #[test]
        fn as_strict_as_the_library(seed: [u8; 32], message: Vec<u8>, at in 0..64_usize, flip: u8) {
            use ed25519_dalek::Signer;
            let signing = ed25519_dalek::SigningKey::from_bytes(&seed);
            let mut signature = signing.sign(&message).to_bytes();
            signature[at] ^= flip;
            let key = VerifyKey::parse(signing.verifying_key().as_bytes()).expect("a key");
            let strict = signing.verify_strict(&message, &Signature::from_bytes(&signature));
            prop_assert_eq!(key.verify(&message, &signature), strict.is_ok());
        }

        #[test]
        fn nothing_a_peer_sends_panics(key: [u8; 32], half: [u8; 32], message: Vec<u8>) {
            let mut signature = [0; 64];
            signature[..32].copy_from_slice(&half);
            let _ = VerifyKey::parse(&key);
            let _ = verify(&key, &message, &signature);
            let _ = author_signed(&SessionId::new(IdKind::Unblinded, &key), &message, &signature);
        }

        #[test]
        fn keys_survive_the_way_through_x25519(seed: [u8; 32]) {
            let master = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key();
            let key = VerifyKey::parse(master.as_bytes()).expect("a key");
            let back = edwards_of_x25519(&key.to_x25519()).expect("a point").compress().0;
            let mut unsigned = *master.as_bytes();
            unsigned[31] &= 0x7f;
            prop_assert_eq!(back, unsigned);
        }
    }
}
