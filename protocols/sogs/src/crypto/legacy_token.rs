//! The tokens of the legacy API: the server's signature over an id, and the id.
//!
//! Nothing about them is stored: whoever holds one proved once, by opening a challenge, that the
//! id is theirs, and the signature says so for ever.

use aes_gcm::Aes256Gcm;
use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::Signer;
use rand::CryptoRng;
use serde::Serialize;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::sealed::{aes_gcm_key, seal};
use super::{IdKind, ServerKey, SessionId};
use crate::private::private_debug;
use crate::wire::hex_or_base64;

const LEN: usize = 64 + 33;

/// A token: 97 bytes that are as good as a password.
pub struct LegacyToken(Zeroizing<[u8; LEN]>);

/// A token that only the owner of the id can open, as the answer of `auth_token_challenge`.
#[derive(Clone, Eq, PartialEq, Serialize)]
pub struct Challenge {
    /// IV, sealed token and tag, in base64.
    pub ciphertext: String,
    /// The key to agree with: the server's own, as clients cannot tell.
    pub ephemeral_public_key: String,
}

impl LegacyToken {
    /// The token of an id; `None` unless it is a `05` id.
    pub fn issue(server: &ServerKey, id: &SessionId) -> Option<Self> {
        if id.kind() != IdKind::Unblinded {
            return None;
        }
        let mut token = Zeroizing::new([0; LEN]);
        token[..64].copy_from_slice(&server.signing().sign(id.as_bytes()).to_bytes());
        token[64..].copy_from_slice(id.as_bytes());
        Some(Self(token))
    }

    /// Whose token this is, in hex or base64. Ed25519 signatures are deterministic, so a token is
    /// right if it is the one that would be issued.
    pub fn verify(server: &ServerKey, text: &str) -> Option<SessionId> {
        let token = Zeroizing::new(hex_or_base64::<LEN>(text)?);
        let id = SessionId::from_bytes(*token.last_chunk()?)?;
        let expected = Self::issue(server, &id)?;
        bool::from(expected.0.ct_eq(token.as_slice())).then_some(id)
    }

    /// Seals the token to the id it is for.
    pub fn challenge(
        server: &ServerKey,
        id: &SessionId,
        rng: &mut impl CryptoRng,
    ) -> Option<Challenge> {
        let token = Self::issue(server, id)?;
        let key = aes_gcm_key(&*server.agree(&id.key())?)?;
        let sealed = seal::<Aes256Gcm>(&key, token.0.as_slice(), rng)?;
        Some(Challenge {
            ciphertext: BASE64.encode(&sealed),
            ephemeral_public_key: BASE64.encode(server.public()),
        })
    }

    /// As clients of the old server sent it.
    pub fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(HEXLOWER.encode(self.0.as_slice()))
    }
}

private_debug!(Challenge, LegacyToken);

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;
    use rand::{TryCryptoRng, TryRng};

    use super::*;
    use crate::vectors;

    /// Gives the IV of the vector.
    struct Counting(u8);

    impl TryRng for Counting {
        type Error = Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            Ok(0)
        }

        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            Ok(0)
        }

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
            for byte in bytes {
                *byte = self.0;
                self.0 += 1;
            }
            Ok(())
        }
    }

    impl TryCryptoRng for Counting {}

    #[test]
    fn tokens_and_challenges_as_the_reference_makes_them() {
        let vectors = vectors::load();
        let case = &vectors["legacy_auth_token"];
        let server = vectors::server_key();
        let id = vectors::text(&case["session_id"]).parse().expect("an id");

        let token = LegacyToken::issue(&server, &id).expect("a token");
        assert_eq!(
            token.to_hex().as_str(),
            vectors::text(&case["token_raw_hex"])
        );
        for text in [
            vectors::text(&case["token_raw_hex"]),
            vectors::text(&case["token_b64"]),
        ] {
            assert_eq!(LegacyToken::verify(&server, text), Some(id));
        }

        let challenge = LegacyToken::challenge(&server, &id, &mut Counting(0xc8)).expect("one");
        let expected = &case["challenge"];
        assert_eq!(
            challenge.ciphertext,
            vectors::text(&expected["ciphertext_b64"])
        );
        let key = vectors::text(&expected["ephemeral_public_key_b64"]);
        assert_eq!(challenge.ephemeral_public_key, key);
    }

    #[test]
    fn blinded_ids_have_no_tokens() {
        let id = SessionId::new(IdKind::Blinded15, &[1; 32]);
        assert!(LegacyToken::issue(&vectors::server_key(), &id).is_none());
    }

    proptest! {
        #[test]
        fn only_the_issued_token_counts(key: [u8; 32], at in 0..LEN) {
            let server = vectors::server_key();
            let id = SessionId::new(IdKind::Unblinded, &key);
            let mut token = *LegacyToken::issue(&server, &id).expect("a token").0;
            prop_assert_eq!(LegacyToken::verify(&server, &BASE64.encode(&token)), Some(id));
            token[at] ^= 1;
            prop_assert_eq!(LegacyToken::verify(&server, &BASE64.encode(&token)), None);
        }

        #[test]
        fn any_text_is_answered(text: String) {
            prop_assert_eq!(LegacyToken::verify(&vectors::server_key(), &text), None);
        }
    }
}
