//! The client's half: ids and signatures made from a seed, and the fresh key of a sealed request.
//!
//! The server has no use for it; tests, the load generator and tools that act as a user have.

use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::{EdwardsPoint, Scalar};
use ed25519_dalek::hazmat::ExpandedSecretKey;
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use rand::CryptoRng;
use sha2::{Digest, Sha512};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::{Blinding, Encryption, IdKind, SealKey, SessionId, blake2b_32};
use crate::private::private_debug;

/// Somebody with a master key.
pub struct Client {
    key: SigningKey,
    scalar: Zeroizing<Scalar>,
    prefix: Zeroizing<[u8; 32]>,
}

/// A client as one server sees it. Making it costs what a signature costs: keep it.
pub struct BlindedClient {
    id: SessionId,
    scalar: Zeroizing<Scalar>,
    prefix: Zeroizing<[u8; 32]>,
}

/// The fresh key of one onion request.
pub struct Ephemeral {
    secret: StaticSecret,
    public: [u8; 32],
}

impl Client {
    /// The client of this seed.
    pub fn new(seed: [u8; 32]) -> Self {
        let key = SigningKey::from_bytes(&seed);
        let expanded = ExpandedSecretKey::from(&seed);
        Self {
            key,
            scalar: Zeroizing::new(expanded.scalar),
            prefix: Zeroizing::new(expanded.hash_prefix),
        }
    }

    /// The plain key: what follows `00` in the headers of a request.
    pub fn ed25519(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// The ordinary id.
    pub fn id05(&self) -> SessionId {
        let key: VerifyingKey = self.key.verifying_key();
        SessionId::new(IdKind::Unblinded, &key.to_montgomery().to_bytes())
    }

    /// The id on a server.
    pub fn id15(&self, blinding: &Blinding) -> SessionId {
        self.blinded15(blinding).id()
    }

    /// The id on a server, of the second version.
    pub fn id25(&self, blinding: &Blinding) -> SessionId {
        self.blinded25(blinding).id()
    }

    /// Signs as nobody in particular: with the plain key.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }

    /// Signs as the blinded id.
    pub fn sign15(&self, blinding: &Blinding, message: &[u8]) -> [u8; 64] {
        self.blinded15(blinding).sign(message)
    }

    /// Signs as the blinded id of the second version.
    pub fn sign25(&self, blinding: &Blinding, message: &[u8]) -> [u8; 64] {
        self.blinded25(blinding).sign(message)
    }

    /// The client on one server, as all apps show themselves.
    pub fn blinded15(&self, blinding: &Blinding) -> BlindedClient {
        self.blinded(IdKind::Blinded15, blinding.k15 * *self.scalar)
    }

    /// The same of the second version.
    pub fn blinded25(&self, blinding: &Blinding) -> BlindedClient {
        let scalar = blinding.k25(&self.id05()) * *self.scalar;
        let positive = self.ed25519()[31] & 0x80 == 0;
        self.blinded(IdKind::Blinded25, if positive { scalar } else { -scalar })
    }

    /// The key of a direct message to somebody blinded.
    pub fn message_key(&self, blinding: &Blinding, to: &SessionId) -> Option<[u8; 32]> {
        let theirs = CompressedEdwardsY(to.key()).decompress()?;
        let shared = (*self.scalar * theirs).compress().0;
        let from = self.id15(blinding).key();
        Some(blake2b_32(&[&shared, &from, &to.key()]))
    }

    fn blinded(&self, kind: IdKind, scalar: Scalar) -> BlindedClient {
        BlindedClient {
            id: SessionId::new(kind, &public(&scalar)),
            scalar: Zeroizing::new(scalar),
            prefix: self.prefix.clone(),
        }
    }
}

impl BlindedClient {
    /// What the server knows the client as.
    pub const fn id(&self) -> SessionId {
        self.id
    }

    /// Signs as this id. Any r that nobody can guess will do for `25`; the recipe of `15` is used
    /// for both.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let key = self.id.key();
        let seeded = Sha512::new().chain_update(self.prefix.as_slice());
        let r = Zeroizing::new(wide(seeded.chain_update(key), message));
        let big_r = public(&r);
        let h = wide(Sha512::new().chain_update(big_r).chain_update(key), message);
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&big_r);
        signature[32..].copy_from_slice((*r + h * *self.scalar).as_bytes());
        signature
    }
}

impl Ephemeral {
    /// A new one.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *bytes);
        let secret = StaticSecret::from(*bytes);
        let public = PublicKey::from(&secret).to_bytes();
        Self { secret, public }
    }

    /// What the server has to be told.
    pub const fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// What seals the request and opens the reply; `None` if the server's key is of small order.
    pub fn seal_key(&self, server: &[u8; 32], encryption: Encryption) -> Option<SealKey> {
        let shared = self.secret.diffie_hellman(&PublicKey::from(*server));
        let contributory = shared.was_contributory();
        let shared = Zeroizing::new(shared.to_bytes());
        contributory
            .then(|| SealKey::derive(encryption, &shared, &self.public, server))
            .flatten()
    }
}

private_debug!(Client, BlindedClient, Ephemeral);

fn public(scalar: &Scalar) -> [u8; 32] {
    EdwardsPoint::mul_base(scalar).compress().0
}

fn wide(hash: Sha512, message: &[u8]) -> Scalar {
    Scalar::from_bytes_mod_order_wide(&hash.chain_update(message).finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{ServerKey, VerifyKey};
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn both_ends_seal_with_the_same_key() {
        let rng = &mut StdRng::seed_from_u64(1);
        let server = ServerKey::new(&[7; 32]);
        for encryption in [Encryption::AesGcm, Encryption::XChaCha20] {
            let ephemeral = Ephemeral::generate(rng);
            let ours = ephemeral
                .seal_key(server.public(), encryption)
                .expect("a key");
            let theirs = SealKey::agree(&server, encryption, ephemeral.public()).expect("a key");
            let sealed = ours.seal(b"hello", rng).expect("sealed");
            assert_eq!(theirs.open(&sealed).as_deref(), Some(b"hello".as_slice()));
        }
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
