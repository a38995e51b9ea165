//! Whether a command is authorized.
//!
//! Somebody who does not know a queue's key must not learn whether the queue exists. So a
//! missing queue, a key of another kind and a wrong signature all take the time of one real
//! verification of the authorization that was *given*, and have one answer: no.

use sha2::{Digest, Sha512};
use subtle::ConstantTimeEq;

use super::sign::{Crrl, Ed448Verifier, verify_ed25519};
use super::{BoxKey, Nonce, SecretKey};
use crate::wire::{AuthKey, Authorization, DhKey, Signed, TAG};

/// Public halves of keys nobody holds; any fixed valid ones do. (Vector `keys.repo_dummy`.)
#[rustfmt::skip]
pub(super) const DUMMY_ED25519: [u8; 32] = [
    0xd7, 0x7f, 0x4e, 0xaa, 0xce, 0x10, 0x82, 0x9a, 0x9b, 0x02, 0x60, 0x74, 0xa3, 0xba, 0xd9, 0x7f,
    0xa4, 0xf5, 0xf6, 0xbc, 0xa5, 0xec, 0x4e, 0xb9, 0x93, 0x80, 0x18, 0x7b, 0x49, 0x04, 0xdd, 0x0b,
];
#[rustfmt::skip]
const DUMMY_ED448: [u8; 57] = [
    0xea, 0x26, 0xd0, 0x73, 0xd5, 0xe9, 0x91, 0x22, 0xed, 0xc2, 0xb7, 0xfb, 0x3c, 0xbb, 0xe9, 0xf3,
    0x5a, 0x96, 0xfd, 0xeb, 0x62, 0xba, 0x67, 0x24, 0x54, 0x52, 0x26, 0x08, 0xc4, 0x5d, 0x7e, 0xd7,
    0x06, 0xfd, 0x7a, 0x29, 0x6c, 0xe4, 0x9a, 0xab, 0xda, 0xb2, 0x2e, 0x1a, 0xe0, 0x25, 0x62, 0x8e,
    0x2f, 0x23, 0x6b, 0x40, 0xf3, 0x55, 0xbe, 0x93, 0x00,
];
#[rustfmt::skip]
const DUMMY_X25519: [u8; 32] = [
    0xe0, 0x91, 0x92, 0x31, 0x88, 0x6d, 0xd7, 0xc1, 0xf8, 0x99, 0xab, 0x3f, 0x8c, 0x77, 0x81, 0xc1,
    0xf7, 0x0c, 0xee, 0x32, 0xf0, 0x35, 0x82, 0x4d, 0x38, 0x08, 0x62, 0xdb, 0xf8, 0x38, 0x45, 0x78,
];

/// Verifies the commands of one session.
#[derive(Debug)]
pub struct Verifier<E = Crrl> {
    /// The server's session key; authenticators are made with it.
    session_key: Option<SecretKey>,
    ed448: E,
}

impl Verifier {
    /// For a session; without a session key no authenticator is ever right.
    pub fn new(session_key: Option<SecretKey>) -> Self {
        Self {
            session_key,
            ed448: Crrl,
        }
    }
}

impl<E: Ed448Verifier> Verifier<E> {
    /// With another implementation of Ed448.
    pub fn with_ed448(session_key: Option<SecretKey>, ed448: E) -> Self {
        Self { session_key, ed448 }
    }

    /// The implementation of Ed448.
    pub fn ed448(&self) -> &E {
        &self.ed448
    }

    /// Whether the holder of `key` gave `authorization`. `None` is the key of a queue that does
    /// not exist.
    pub fn verify(
        &self,
        key: Option<&AuthKey>,
        authorization: Authorization<'_>,
        signed: Signed<'_>,
        corr_id: &[u8],
    ) -> bool {
        self.verify_prefixed(key, authorization, &[], signed, corr_id)
    }

    /// The same where a service speaks for the queue: `fingerprint` stands before the bytes that
    /// are signed.
    pub fn verify_for_service(
        &self,
        key: Option<&AuthKey>,
        authorization: Authorization<'_>,
        fingerprint: &[u8; 32],
        signed: Signed<'_>,
        corr_id: &[u8],
    ) -> bool {
        self.verify_prefixed(key, authorization, fingerprint, signed, corr_id)
    }

    pub(super) fn verify_prefixed(
        &self,
        key: Option<&AuthKey>,
        authorization: Authorization<'_>,
        prefix: &[u8],
        signed: Signed<'_>,
        corr_id: &[u8],
    ) -> bool {
        match authorization {
            Authorization::Ed25519(signature) => {
                let (known, key) = match key {
                    Some(AuthKey::Ed25519(key)) => (true, key),
                    _ => (false, &DUMMY_ED25519),
                };
                verify_ed25519(key, prefix, signed, signature) & known
            }
            Authorization::Ed448(signature) => {
                let (known, key) = match key {
                    Some(AuthKey::Ed448(key)) => (true, key),
                    _ => (false, &DUMMY_ED448),
                };
                let mut message = prefix.to_vec();
                signed.each(|chunk| message.extend_from_slice(chunk));
                self.ed448.verify(key, &message, signature) & known
            }
            Authorization::X25519(given) => {
                let (known, key) = match key {
                    Some(AuthKey::X25519(key)) => (true, key),
                    _ => (false, &DUMMY_X25519),
                };
                self.session_key
                    .as_ref()
                    .and_then(|secret| secret.box_key(&DhKey(*key)))
                    .is_some_and(|key| {
                        let expected = seal_digest(&key, prefix, signed, corr_id);
                        bool::from(expected.ct_eq(given)) & known
                    })
            }
        }
    }
}

/// The authenticator a client makes with its queue key and the server's session key.
pub fn authenticator(
    queue_key: &SecretKey,
    session_key: &DhKey,
    signed: Signed<'_>,
    corr_id: &[u8],
) -> Option<[u8; 80]> {
    authenticator_for(queue_key, session_key, &[], signed, corr_id)
}

/// The same where a service speaks for the queue: its fingerprint stands before what is signed.
pub fn authenticator_for(
    queue_key: &SecretKey,
    session_key: &DhKey,
    fingerprint: &[u8],
    signed: Signed<'_>,
    corr_id: &[u8],
) -> Option<[u8; 80]> {
    let key = queue_key.box_key(session_key)?;
    Some(seal_digest(&key, fingerprint, signed, corr_id))
}

fn seal_digest(key: &BoxKey, prefix: &[u8], signed: Signed<'_>, corr_id: &[u8]) -> [u8; 80] {
    let mut digest = Sha512::new_with_prefix(prefix);
    signed.each(|chunk| digest.update(chunk));
    let mut authenticator = [0; 80];
    if let Some((_, body)) = authenticator.split_first_chunk_mut::<TAG>() {
        body.copy_from_slice(&digest.finalize());
    }
    key.seal(Nonce::from_corr_id(corr_id), &mut authenticator);
    authenticator
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::PublicKey;
    use crate::wire::tests::vectors::vector;

    #[test]
    fn dummies_are_the_vectors() {
        let vector = vector("keys.repo_dummy");
        for (name, key) in [
            ("ed25519", PublicKey::Ed25519(DUMMY_ED25519)),
            ("ed448", PublicKey::Ed448(DUMMY_ED448)),
            ("x25519", PublicKey::X25519(DUMMY_X25519)),
        ] {
            assert_eq!(key.to_spki(), vector.base64(name), "{name}");
        }
    }
}
