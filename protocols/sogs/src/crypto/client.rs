//! The client's half, for tests: ids and signatures made from a seed.

use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::{EdwardsPoint, Scalar};
use ed25519_dalek::hazmat::ExpandedSecretKey;
use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha512};

use super::{Blinding, IdKind, SessionId, VerifyKey, blake2b_32, session_id_of_ed25519};

pub(crate) struct Client {
    key: SigningKey,
    scalar: Scalar,
    prefix: [u8; 32],
}

impl Client {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        let key = SigningKey::from_bytes(&seed);
        let expanded = ExpandedSecretKey::from(&seed);
        Self {
            key,
            scalar: expanded.scalar,
            prefix: expanded.hash_prefix,
        }
    }

    pub(crate) fn ed25519(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    pub(crate) fn id05(&self) -> SessionId {
        session_id_of_ed25519(&VerifyKey::parse(&self.ed25519()).expect("own key"))
    }

    pub(crate) fn id15(&self, blinding: &Blinding) -> SessionId {
        SessionId::new(IdKind::Blinded15, &public(&self.scalar15(blinding)))
    }

    pub(crate) fn id25(&self, blinding: &Blinding) -> SessionId {
        SessionId::new(IdKind::Blinded25, &public(&self.scalar25(blinding)))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }

    pub(crate) fn sign15(&self, blinding: &Blinding, message: &[u8]) -> [u8; 64] {
        self.sign_with(&self.scalar15(blinding), message)
    }

    pub(crate) fn sign25(&self, blinding: &Blinding, message: &[u8]) -> [u8; 64] {
        self.sign_with(&self.scalar25(blinding), message)
    }

    /// The key of a direct message to somebody blinded.
    pub(crate) fn message_key(&self, blinding: &Blinding, to: &SessionId) -> Option<[u8; 32]> {
        let theirs = CompressedEdwardsY(to.key()).decompress()?;
        let shared = (self.scalar * theirs).compress().0;
        Some(blake2b_32(&[
            &shared,
            &self.id15(blinding).key(),
            &to.key(),
        ]))
    }

    fn scalar15(&self, blinding: &Blinding) -> Scalar {
        blinding.k15 * self.scalar
    }

    fn scalar25(&self, blinding: &Blinding) -> Scalar {
        let scalar = blinding.k25(&self.id05()) * self.scalar;
        if self.ed25519()[31] & 0x80 == 0 {
            scalar
        } else {
            -scalar
        }
    }

    /// Any r that nobody can guess will do for `25`; the recipe of `15` is used for both.
    fn sign_with(&self, scalar: &Scalar, message: &[u8]) -> [u8; 64] {
        let key = public(scalar);
        let r = wide(
            Sha512::new().chain_update(self.prefix).chain_update(key),
            message,
        );
        let big_r = public(&r);
        let h = wide(Sha512::new().chain_update(big_r).chain_update(key), message);
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&big_r);
        signature[32..].copy_from_slice((r + h * scalar).as_bytes());
        signature
    }
}

fn public(scalar: &Scalar) -> [u8; 32] {
    EdwardsPoint::mul_base(scalar).compress().0
}

fn wide(hash: Sha512, message: &[u8]) -> Scalar {
    Scalar::from_bytes_mod_order_wide(&hash.chain_update(message).finalize().into())
}

#[test]
fn signatures_verify_under_the_ids_they_are_made_for() {
    let blinding = Blinding::new(&[3; 32]);
    for seed in [[1; 32], [2; 32], [3; 32], [4; 32]] {
        let client = Client::new(seed);
        let pairs = [
            (client.ed25519(), client.sign(b"hello")),
            (
                client.id15(&blinding).key(),
                client.sign15(&blinding, b"hello"),
            ),
            (
                client.id25(&blinding).key(),
                client.sign25(&blinding, b"hello"),
            ),
        ];
        for (key, signature) in pairs {
            let key = VerifyKey::parse(&key).expect("a key");
            assert!(key.verify(b"hello", &signature));
            assert!(!key.verify(b"hullo", &signature));
        }
    }
}

#[test]
fn direct_messages_are_sealed_between_blinded_ids() {
    use crate::vectors;
    let vectors = vectors::load();
    let case = &vectors["dm_client_crypto"];
    let blinding = vectors::server_key().blinding();
    let users = vectors["identities"]["users"].as_array().expect("users");
    let mut clients = users
        .iter()
        .map(|user| Client::new(vectors::bytes(&user["seed"])));
    let sender = clients.find(|c| c.id15(&blinding).to_string() == vectors::text(&case["sender"]));
    let recipient = vectors::text(&case["recipient"]).parse().expect("an id");
    let key = sender.expect("a sender").message_key(&blinding, &recipient);
    assert_eq!(
        key.expect("a key").as_slice(),
        vectors::hex(&case["key_hex"])
    );
}
