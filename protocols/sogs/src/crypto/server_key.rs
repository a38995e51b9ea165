//! The key that is the server: 32 raw bytes, used as they are stored.
//!
//! They are an X25519 key (what requests are sealed to, what is in every join link) and at the
//! same time an Ed25519 seed (what signs legacy tokens; its public half is never published).

use std::fmt;

use blake2::Blake2bMac;
use blake2::digest::consts::U32;
use blake2::digest::{FixedOutput, KeyInit, Update};
use data_encoding::HEXLOWER;
use ed25519_dalek::{Signer, SigningKey};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::{Blinding, IdKind, SessionId};
use crate::private::private_debug;

const BOT_CONTEXT: &[u8] = b"sogsfiltering";

/// The private key of a server and what follows from it.
pub struct ServerKey {
    secret: StaticSecret,
    public: [u8; 32],
    signing: SigningKey,
}

/// An identity of the server's own, under which filters answer. Its seed depends on the server's
/// secret, so nobody else can speak as it.
pub struct BotKey {
    key: SigningKey,
}

impl ServerKey {
    /// From the contents of the key file.
    pub fn new(secret: &[u8; 32]) -> Self {
        let signing = SigningKey::from_bytes(secret);
        let secret = StaticSecret::from(*secret);
        let public = PublicKey::from(&secret).to_bytes();
        Self {
            secret,
            public,
            signing,
        }
    }

    /// The X25519 key everybody knows.
    pub const fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// The same in hex, as in join links.
    pub fn public_hex(&self) -> String {
        HEXLOWER.encode(&self.public)
    }

    /// The id of the system user, which acts for the operator: `ff` and the public key.
    pub fn system_id(&self) -> String {
        format!("ff{}", self.public_hex())
    }

    /// The blinding of this server.
    pub fn blinding(&self) -> Blinding {
        Blinding::new(&self.public)
    }

    /// The identity filters answer under, for a profile name.
    pub fn bot(&self, profile_name: &str) -> Option<BotKey> {
        let mut mac = Blake2bMac::<U32>::new_from_slice(BOT_CONTEXT).ok()?;
        mac.update(profile_name.as_bytes());
        mac.update(self.secret.as_bytes());
        let seed = Zeroizing::new(<[u8; 32]>::from(mac.finalize_fixed()));
        let key = SigningKey::from_bytes(&seed);
        Some(BotKey { key })
    }

    /// The X25519 agreement with somebody's key; `None` if theirs is of small order.
    pub(super) fn agree(&self, theirs: &[u8; 32]) -> Option<Zeroizing<[u8; 32]>> {
        let shared = self.secret.diffie_hellman(&PublicKey::from(*theirs));
        shared
            .was_contributory()
            .then(|| Zeroizing::new(shared.to_bytes()))
    }

    pub(super) const fn signing(&self) -> &SigningKey {
        &self.signing
    }
}

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerKey").finish_non_exhaustive()
    }
}

impl BotKey {
    /// The author of its messages.
    pub fn id(&self) -> SessionId {
        SessionId::new(IdKind::Blinded15, self.key.verifying_key().as_bytes())
    }

    /// Signs the padded bytes of a message.
    pub fn sign(&self, padded: &[u8]) -> [u8; 64] {
        self.key.sign(padded).to_bytes()
    }
}

private_debug!(BotKey);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::author_signed;
    use crate::vectors;

    fn server() -> ServerKey {
        vectors::server_key()
    }

    #[test]
    fn everything_public_follows_from_the_32_bytes() {
        let vectors = vectors::load();
        let case = &vectors["server_key"];
        let key = server();
        assert_eq!(key.public_hex(), vectors::text(&case["x25519_public_hex"]));
        assert_eq!(
            key.system_id(),
            vectors::text(&case["system_user_session_id"])
        );
        let ed25519 = case.as_object().expect("object").iter();
        let ed25519 = ed25519.filter(|(name, _)| name.starts_with("ed25519_sign_pub_hex"));
        for (_, value) in ed25519 {
            let expected = vectors::hex(value);
            assert_eq!(key.signing.verifying_key().as_bytes().as_slice(), expected);
        }
    }

    #[test]
    fn bots_sign_as_blinded_ids() {
        let vectors = vectors::load();
        let case = &vectors["filter_reply_bot"];
        let bot = server()
            .bot(vectors::text(&case["profile_name"]))
            .expect("a bot");
        assert_eq!(bot.id().to_string(), vectors::text(&case["session_id"]));
        assert!(author_signed(&bot.id(), b"hello", &bot.sign(b"hello")));
    }

    #[test]
    fn agreements_are_those_of_the_vectors() {
        let vectors = vectors::load();
        let keys = &vectors["onion_keys"];
        let client = vectors::bytes(&keys["client_ephemeral_public"]);
        let shared = server().agree(&client).expect("shared");
        assert_eq!(shared.as_slice(), vectors::hex(&keys["x25519_shared"]));
        let client = ServerKey::new(&vectors::bytes(&keys["client_ephemeral_private"]));
        let same = client.agree(server().public()).expect("shared");
        assert_eq!(shared, same);
    }

    #[test]
    fn small_keys_agree_on_nothing() {
        assert!(server().agree(&[0; 32]).is_none());
        assert!(server().agree(&[9; 32]).is_some());
    }

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(format!("{:?}", server()), "ServerKey { .. }");
    }
}
