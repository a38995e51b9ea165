//! What the cryptography of a request costs the server, done in a loop and nothing else.

use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use relay_sogs::crypto::client::Client;
use relay_sogs::crypto::{Encryption, SealKey, ServerKey, VerifyKey, blake2b_64};

use super::scenario::Carrier;
use crate::args::LimitArgs;
use crate::report::{Limit, Part};
use crate::timing::part;

/// Bytes of a request and its answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) request: usize,
    pub(crate) answer: usize,
}

/// `None` where there is no cryptography. Keys known to be good are not checked again, as a
/// server that remembers them need not.
pub(crate) fn limit(
    carrier: Carrier,
    encryption: Encryption,
    sizes: Sizes,
    each: Duration,
) -> Option<Limit> {
    let mut parts = Vec::new();
    if carrier == Carrier::Onion {
        parts.extend(sealing(encryption, sizes, each));
    }
    if carrier != Carrier::Anonymous {
        parts.extend(signing(sizes, each));
    }
    (!parts.is_empty()).then(|| Limit::of(parts))
}

/// What an operator can ask for without a server.
pub(crate) fn limits(args: &LimitArgs) -> Vec<(String, Limit)> {
    let sizes = Sizes {
        request: args.request,
        answer: args.answer,
    };
    let cases = [
        ("sogs, sealed, aes-gcm", Carrier::Onion, Encryption::AesGcm),
        (
            "sogs, sealed, xchacha20",
            Carrier::Onion,
            Encryption::XChaCha20,
        ),
        ("sogs, signed", Carrier::Signed, Encryption::AesGcm),
    ];
    let limits = cases.into_iter().filter_map(|(name, carrier, encryption)| {
        Some((
            name.to_owned(),
            limit(carrier, encryption, sizes, args.duration)?,
        ))
    });
    limits.collect()
}

fn sealing(encryption: Encryption, sizes: Sizes, each: Duration) -> Vec<Part> {
    let rng = &mut StdRng::seed_from_u64(1);
    let server = ServerKey::new(&[7; 32]);
    let Some((key, public)) = Client::onion_key(&[8; 32], encryption, server.public()) else {
        return Vec::new();
    };
    let request = key.seal(&vec![1; sizes.request], rng).unwrap_or_default();
    let answer = vec![2; sizes.answer];
    vec![
        part("X25519 agreement and key", 1, each, || {
            SealKey::agree(&server, encryption, &public)
        }),
        part("open the request", 1, each, || key.open(&request)),
        part("seal the answer", 1, each, || key.seal(&answer, rng)),
    ]
}

fn signing(sizes: Sizes, each: Duration) -> Vec<Part> {
    let client = Client::new([9; 32]).blinded15(&ServerKey::new(&[7; 32]).blinding());
    let (message, body) = ([3; 150], vec![4; sizes.request]);
    let (key, signature) = (VerifyKey::known(&client.id().key()), client.sign(&message));
    vec![
        part("BLAKE2b of the body", 1, each, || blake2b_64(&[&body])),
        part("Ed25519 verification", 1, each, || {
            key.is_some_and(|key| key.verify(&message, &signature))
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: Sizes = Sizes {
        request: 600,
        answer: 2000,
    };

    fn names(carrier: Carrier) -> Vec<String> {
        let limit = limit(carrier, Encryption::XChaCha20, SIZES, Duration::ZERO);
        limit.map_or_else(Vec::new, |limit| {
            assert!(limit.micros > 0.0);
            limit.parts.into_iter().map(|part| part.name).collect()
        })
    }

    #[test]
    fn what_is_sealed_is_opened_verified_and_sealed_again() {
        assert_eq!(names(Carrier::Onion).len(), 5);
        assert_eq!(names(Carrier::Signed).len(), 2);
        assert!(names(Carrier::Anonymous).is_empty());
    }
}
