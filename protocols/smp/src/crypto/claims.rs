//! Many commands at once.
//!
//! Ed25519 signatures are verified together, which costs half; if one is wrong, each is verified
//! by itself. A command whose queue does not exist takes part with a key nobody holds, so that a
//! block with one takes the time of a block with a wrong signature.

use ed25519_dalek::{Signature, VerifyingKey, verify_batch};

use super::Verifier;
use super::authorize::DUMMY_ED25519;
use crate::wire::{AuthKey, Authorization, Signed};

/// Below this many there is nothing to gain.
const WORTHWHILE: usize = 3;

/// A command that says who gave it.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// Any of these may have given it; none if there is no queue.
    pub keys: &'a [AuthKey],
    /// What was given with it.
    pub authorization: Authorization<'a>,
    /// What stands before what was authorized: a service's fingerprint where it speaks for the
    /// queue, else nothing.
    pub prefix: &'a [u8],
    /// What was authorized.
    pub signed: Signed<'a>,
    /// The command's.
    pub corr_id: &'a [u8],
}

impl Verifier {
    /// Which of the claims hold.
    pub fn verify_all(&self, claims: &[Claim<'_>]) -> Vec<bool> {
        let signed: Vec<_> = claims.iter().filter_map(ed25519).collect();
        let together = signed.len() >= WORTHWHILE && holds_together(&signed);
        let each = claims.iter().map(|claim| match ed25519(claim) {
            Some(claim) if together => claim.known,
            _ => self.verify_any(claim),
        });
        each.collect()
    }

    fn verify_any(&self, claim: &Claim<'_>) -> bool {
        let verify = |key| {
            let (prefix, signed) = (claim.prefix, claim.signed);
            self.verify_prefixed(key, claim.authorization, prefix, signed, claim.corr_id)
        };
        match claim.keys {
            [] => verify(None),
            keys => keys.iter().any(|key| verify(Some(key))),
        }
    }
}

/// An Ed25519 signature and the key it should be of.
struct Ed25519Claim<'a> {
    key: &'a [u8; 32],
    known: bool,
    signature: &'a [u8; 64],
    prefix: &'a [u8],
    signed: Signed<'a>,
}

impl Ed25519Claim<'_> {
    fn message(&self) -> Vec<u8> {
        let signed = self.signed.to_vec();
        if self.prefix.is_empty() {
            return signed;
        }
        [self.prefix, &signed].concat()
    }
}

fn ed25519<'a>(claim: &Claim<'a>) -> Option<Ed25519Claim<'a>> {
    let Authorization::Ed25519(signature) = claim.authorization else {
        return None;
    };
    let key = claim.keys.iter().find_map(|key| match key {
        AuthKey::Ed25519(key) => Some(key),
        _ => None,
    });
    Some(Ed25519Claim {
        key: key.unwrap_or(&DUMMY_ED25519),
        known: key.is_some(),
        signature,
        prefix: claim.prefix,
        signed: claim.signed,
    })
}

fn holds_together(claims: &[Ed25519Claim<'_>]) -> bool {
    let keys: Result<Vec<_>, _> = (claims
        .iter()
        .map(|claim| VerifyingKey::from_bytes(claim.key)))
    .collect();
    let Ok(keys) = keys else { return false };
    let messages: Vec<_> = claims.iter().map(Ed25519Claim::message).collect();
    let messages: Vec<_> = messages.iter().map(Vec::as_slice).collect();
    let signatures: Vec<_> = (claims
        .iter()
        .map(|claim| Signature::from_bytes(claim.signature)))
    .collect();
    verify_batch(&messages, &signatures, &keys).is_ok()
}
