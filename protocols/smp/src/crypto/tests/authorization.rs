//! Whether commands are authorized: the vectors, and everything that is not.

use super::{SESSION_ID, dh, secret};
use crate::crypto::*;
use crate::wire::tests::vectors::{spki, vector};
use crate::wire::*;

fn session(version: u16) -> Session<'static> {
    Session {
        version: Version(version),
        id: Short::from(&SESSION_ID),
    }
}

fn verifies(id: &str, version: u16, key: Option<PublicKey>) -> bool {
    let bytes = vector(id).bytes("transmission");
    let request = Request::parse(session(version), &bytes).unwrap();
    let key = key.map(|key| AuthKey::try_from(key).unwrap());
    Verifier::new(Some(secret("srv_session"))).verify(
        key.as_ref(),
        request.credentials.unwrap().authorization,
        request.signed,
        request.corr_id.as_bytes(),
    )
}

#[test]
fn authorized_commands() {
    for (id, version, key) in [
        ("tx.new_v18_signed", 18, "rcv_auth"),
        ("tx.new_v9_signed", 9, "rcv_auth"),
        ("tx.new_v6_signed", 6, "rcv_auth"),
        ("tx.sub_v18_ed448", 18, "auth448"),
        ("tx.send_v18_authenticator", 18, "snd_auth_x"),
    ] {
        assert!(verifies(id, version, Some(spki(key))), "{id}");
        assert!(!verifies(id, version, None), "{id} without a queue");
        for other in ["rcv_auth", "snd_auth", "auth448", "snd_auth_x", "rcv_dh"] {
            let right = other == key;
            assert_eq!(
                verifies(id, version, Some(spki(other))),
                right,
                "{id} with {other}"
            );
        }
    }
}

#[test]
fn nothing_verifies_with_a_key_that_is_none() {
    for id in [
        "tx.new_v18_signed",
        "tx.sub_v18_ed448",
        "tx.send_v18_authenticator",
    ] {
        for byte in [0, 1, 0xff] {
            for key in [
                PublicKey::Ed25519([byte; 32]),
                PublicKey::Ed448([byte; 57]),
                PublicKey::X25519([byte; 32]),
            ] {
                assert!(!verifies(id, 18, Some(key)), "{id}");
            }
        }
    }
}

#[test]
fn signatures_are_made_as_the_vectors_are() {
    let bytes = vector("tx.sub_v18_ed448").bytes("transmission");
    let request = Request::parse(session(18), &bytes).unwrap();
    let signer = SigningKey::Ed448(
        vector("keys.spki")
            .array::<57>("keys/auth448/private")
            .into(),
    );
    assert_eq!(PublicKey::from(signer.public()), spki("auth448"));
    let signature = signer.sign(&request.signed.to_vec());
    let credentials = request.credentials.unwrap();
    assert_eq!(signature.for_command(), credentials.authorization);

    let bytes = vector("tx.send_v18_authenticator").bytes("transmission");
    let request = Request::parse(session(18), &bytes).unwrap();
    let corr_id = request.corr_id.as_bytes();
    let made = authenticator(
        &secret("snd_auth_x"),
        &dh("srv_session"),
        request.signed,
        corr_id,
    );
    let expected: [u8; 80] = vector("tx.send_v18_authenticator").array("authenticator");
    assert_eq!(made, Some(expected));
    let without = Verifier::new(None);
    let key = AuthKey::try_from(spki("snd_auth_x")).unwrap();
    let given = Authorization::X25519(&expected);
    assert!(!without.verify(Some(&key), given, request.signed, corr_id));
}

#[test]
fn a_service_speaks_for_a_queue() {
    let hello = vector("handshake.client_hello");
    let vector = vector("tx.nsub_v18_service");
    let bytes = vector.bytes("transmission");
    let request = Request::parse(session(18), &bytes).unwrap();
    let Credentials {
        authorization,
        service,
    } = request.credentials.unwrap();
    let (key, corr_id) = (
        AuthKey::try_from(spki("ntf_auth")).unwrap(),
        request.corr_id.as_bytes(),
    );
    let (verifier, fingerprint) = (Verifier::new(None), vector.array("fingerprint"));
    let for_service = |fingerprint, key| {
        verifier.verify_for_service(key, authorization, fingerprint, request.signed, corr_id)
    };
    assert!(for_service(&fingerprint, Some(&key)));
    assert!(!for_service(&[0; 32], Some(&key)));
    assert!(!for_service(&fingerprint, None));
    assert!(!verifier.verify(Some(&key), authorization, request.signed, corr_id));
    let session_key: [u8; 32] = {
        let bytes = hello.bytes("v18_service_notifier");
        ClientHello::parse(&bytes)
            .unwrap()
            .service
            .unwrap()
            .session_key()
            .unwrap()
    };
    let service = Authorization::Ed25519(service.unwrap());
    let service_key = AuthKey::Ed25519(session_key);
    assert!(verifier.verify(Some(&service_key), service, request.signed, corr_id));
}

/// Counts verifications, so that what takes time can be seen without a clock.
struct Counting(std::cell::Cell<usize>);

impl Ed448Verifier for Counting {
    fn verify(&self, key: &[u8; 57], message: &[u8], signature: &[u8; 114]) -> bool {
        self.0.set(self.0.get() + 1);
        Crrl.verify(key, message, signature)
    }
}

#[test]
fn a_missing_queue_costs_a_verification_too() {
    let bytes = vector("tx.sub_v18_ed448").bytes("transmission");
    let request = Request::parse(session(18), &bytes).unwrap();
    let verifier = Verifier::with_ed448(None, Counting(0.into()));
    let verify = |key: Option<AuthKey>| {
        let authorization = request.credentials.unwrap().authorization;
        verifier.verify(key.as_ref(), authorization, request.signed, b"")
    };
    assert!(verify(Some(spki("auth448").try_into().unwrap())));
    assert!(!verify(Some(spki("rcv_auth").try_into().unwrap())));
    assert!(!verify(None));
    assert_eq!(verifier.ed448().0.get(), 3);
}
