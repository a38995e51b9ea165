//! The client's half, for tests: ids, signatures and sealing made from a seed.

use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::{EdwardsPoint, Scalar};
use ed25519_dalek::hazmat::ExpandedSecretKey;
use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha512};

use super::blake2b_32;
use super::{Blinding, Encryption, IdKind, SealKey, ServerKey, SessionId};
use crate::private::private_debug;

/// Somebody with a seed.
pub struct Client {
    key: SigningKey,
    scalar: Scalar,
    prefix: [u8; 32],
}

/// A client as one server sees it. Making one costs as much as signing: keep it.
pub struct BlindedClient {
    id: SessionId,
    scalar: Scalar,
    prefix: [u8; 32],
}

impl Client {
    /// With this seed.
    pub fn new(seed: [u8; 32]) -> Self {
        let key = SigningKey::from_bytes(&seed);
        let expanded = ExpandedSecretKey::from(&seed);
        Self {
            key,
            scalar: expanded.scalar,
            prefix: expanded.hash_prefix,
        }
    }

    /// The plain key, as after `00`.
    pub fn ed25519(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// The id that is the same everywhere.
    pub fn id05(&self) -> SessionId {
        let x25519 = self.key.verifying_key().to_montgomery().to_bytes();
        SessionId::new(IdKind::Unblinded, &x25519)
    }

    /// The id on one server.
    pub fn id15(&self, blinding: &Blinding) -> SessionId {
        self.blinded15(blinding).id()
    }

    /// The same of the second blinding.
    pub fn id25(&self, blinding: &Blinding) -> SessionId {
        self.blinded25(blinding).id()
    }

    /// Signs under the plain key.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }

    /// Signs under [`Self::id15`].
    pub fn sign15(&self, blinding: &Blinding, message: &[u8]) -> [u8; 64] {
        self.blinded15(blinding).sign(message)
    }

    /// Signs under [`Self::id25`].
    pub fn sign25(&self, blinding: &Blinding, message: &[u8]) -> [u8; 64] {
        self.blinded25(blinding).sign(message)
    }

    /// The key of a direct message to somebody blinded.
    pub fn message_key(&self, blinding: &Blinding, to: &SessionId) -> Option<[u8; 32]> {
        let theirs = CompressedEdwardsY(to.key()).decompress()?;
        let shared = (self.scalar * theirs).compress().0;
        Some(blake2b_32(&[
            &shared,
            &self.id15(blinding).key(),
            &to.key(),
        ]))
    }

    /// The key of an onion request to a server, from an ephemeral secret; and the public half of
    /// that secret.
    pub fn onion_key(
        ephemeral: &[u8; 32],
        encryption: Encryption,
        server: &[u8; 32],
    ) -> Option<(SealKey, [u8; 32])> {
        let ephemeral = ServerKey::new(ephemeral);
        let shared = ephemeral.agree(server)?;
        let key = SealKey::of_shared(&shared, encryption, ephemeral.public(), server)?;
        Some((key, *ephemeral.public()))
    }

    /// On one server, as today's apps are.
    pub fn blinded15(&self, blinding: &Blinding) -> BlindedClient {
        self.blinded(IdKind::Blinded15, blinding.k15 * self.scalar)
    }

    /// On one server, by the second blinding.
    pub fn blinded25(&self, blinding: &Blinding) -> BlindedClient {
        let scalar = blinding.k25(&self.id05()) * self.scalar;
        let negative = self.ed25519()[31] & 0x80 != 0;
        self.blinded(IdKind::Blinded25, if negative { -scalar } else { scalar })
    }

    fn blinded(&self, kind: IdKind, scalar: Scalar) -> BlindedClient {
        BlindedClient {
            id: SessionId::new(kind, &public(&scalar)),
            scalar,
            prefix: self.prefix,
        }
    }
}

impl BlindedClient {
    /// What the server knows the client as.
    pub const fn id(&self) -> SessionId {
        self.id
    }

    /// Signs under that id. Any r that nobody can guess will do for `25`; the recipe of `15` is
    /// used for both.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let key = self.id.key();
        let seeded = Sha512::new().chain_update(self.prefix).chain_update(key);
        let r = wide(seeded, message);
        let big_r = public(&r);
        let h = wide(Sha512::new().chain_update(big_r).chain_update(key), message);
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&big_r);
        signature[32..].copy_from_slice((r + h * self.scalar).as_bytes());
        signature
    }
}

private_debug!(BlindedClient, Client);

fn public(scalar: &Scalar) -> [u8; 32] {
    EdwardsPoint::mul_base(scalar).compress().0
}

fn wide(hash: Sha512, message: &[u8]) -> Scalar {
    Scalar::from_bytes_mod_order_wide(&hash.chain_update(message).finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::VerifyKey;

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
        let sender =
            clients.find(|c| c.id15(&blinding).to_string() == vectors::text(&case["sender"]));
        let recipient = vectors::text(&case["recipient"]).parse().expect("an id");
        let key = sender.expect("a sender").message_key(&blinding, &recipient);
        assert_eq!(
            key.expect("a key").as_slice(),
            vectors::hex(&case["key_hex"])
        );
    }
}
