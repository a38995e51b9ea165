//! Every version, and everything that ends a handshake.

use super::pair::{Pair, SESSION_ID, Start, ordinary, range};
use crate::crypto::SigningKey;
use crate::session::*;
use crate::wire::tests::vectors::vector;
use crate::wire::*;

#[test]
fn the_highest_common_version_is_spoken() {
    for (server, client, spoken) in [
        ((6, 18), (6, 18), 18),
        ((6, 18), (8, 20), 18),
        ((6, 18), (6, 11), 11),
        ((6, 18), (6, 6), 6),
        ((14, 16), (6, 20), 16),
        ((19, 20), (19, 20), 20),
    ] {
        let mut start = Start::new();
        start.server_versions = range(server.0, server.1);
        start.expected.versions = range(client.0, client.1);
        let pair = start.pair();
        assert_eq!(pair.server.channel.session().version, Version(spoken));
        assert_eq!(pair.client.channel.session().version, Version(spoken));
    }
}

#[test]
fn every_version_carries_commands_and_answers() {
    for version in 6..=18 {
        let mut pair = Pair::of_version(version);
        let sealed = version >= 11;
        assert_eq!(pair.server.channel.framing() == Framing::Sealed, sealed);
        for _ in 0..3 {
            let block = pair.commands(&[Command::Lget, Command::Lget]);
            assert_eq!((block.len(), block.starts_with(&[0])), (BLOCK, !sealed));
            let read = pair.serve(block);
            assert_eq!(read, Some(vec!["LGET".to_owned(), "LGET".to_owned()]));
            let blocks = pair.responses(&[Response::Ok, Response::Pong]);
            let read: Vec<_> = blocks.into_iter().flat_map(|b| pair.receive(b)).collect();
            assert_eq!(read, ["OK", "PONG"], "v{version}");
        }
    }
}

#[test]
fn a_client_without_alpn_gets_version_6_and_no_keys() {
    let mut start = Start::new();
    start.alpn = false;
    let (_, hello) = start.server();
    let hello = ServerHello::parse(unpad(&hello).unwrap()).unwrap();
    assert_eq!(
        (hello.versions, hello.identity),
        (VersionRange::LEGACY, None)
    );
    let pair = start.pair();
    assert_eq!(pair.client.channel.session().version, Version::V6);
    assert!(pair.client.server.is_none() && pair.server.secret.is_none());
}

#[test]
fn a_server_that_left_version_6_has_nothing_for_clients_without_alpn() {
    let mut start = Start::new();
    start.server_versions = range(8, 18);
    start.alpn = false;
    let failure = start.try_server(&SESSION_ID).map(drop);
    assert_eq!(failure, Err(HandshakeFailure::Version));
}

#[test]
fn both_kinds_of_leaf_sign_session_keys() {
    let mut rng = Start::new().rng;
    for key in [
        SigningKey::generate(&mut rng),
        SigningKey::generate_ed448(&mut rng),
    ] {
        Start::with_key(key).pair();
    }
}

#[test]
fn a_proxys_blocks_are_not_encrypted_again() {
    let mut start = Start::new();
    start.expected.proxy = true;
    let pair = start.pair();
    assert!(pair.server.proxy && pair.server.secret.is_some());
    assert_eq!(pair.server.channel.framing(), Framing::Plain);
    assert_eq!(pair.client.channel.framing(), Framing::Plain);
}

#[test]
fn a_client_that_is_not_who_it_seems_to_speak_to_leaves() {
    let failure = |change: fn(&mut Start)| {
        let mut start = Start::new();
        let (_, hello) = start.server();
        change(&mut start);
        start.client(&hello).map(drop).unwrap_err()
    };
    assert_eq!(
        failure(|s| s.expected.session_id = [1; 32].into()),
        HandshakeFailure::SessionId
    );
    assert_eq!(
        failure(|s| s.expected.fingerprint = [1; 32]),
        HandshakeFailure::Identity
    );
    assert_eq!(
        failure(|s| s.expected.versions = range(19, 20)),
        HandshakeFailure::Version
    );
    let other = |s: &mut Start| s.expected.leaf_key = Start::other_leaf();
    assert_eq!(failure(other), HandshakeFailure::Signature);
}

impl Start {
    fn other_leaf() -> PublicKey {
        let mut rng = Start::new().rng;
        SigningKey::generate(&mut rng).public().into()
    }
}

/// The server's answer to a hello that the test wrote.
fn refused(hello: &[u8]) -> Refused {
    let (server, _) = Start::new().server();
    let mut block = Vec::new();
    pad(&mut block, BLOCK, |out| out.bytes(hello)).unwrap();
    server.receive(&block, &[]).unwrap_err()
}

fn hello(fingerprint: [u8; 32], version: u16) -> Vec<u8> {
    let hello = ClientHello {
        version: Version(version),
        key_hash: Short::from(&fingerprint),
        session_key: None,
        proxy: false,
        service: None,
    };
    hello.to_bytes().unwrap()
}

#[test]
fn a_server_refuses_silently() {
    let ours = Start::new().identity.fingerprint();
    for (hello, failure) in [
        (Vec::new(), HandshakeFailure::Malformed),
        (b"GET / HTTP/1.1".to_vec(), HandshakeFailure::Malformed),
        (hello([0; 32], 18), HandshakeFailure::Identity),
        (hello([0; 32], 99), HandshakeFailure::Identity),
        (hello(ours, 5), HandshakeFailure::Version),
        (hello(ours, 21), HandshakeFailure::Version),
    ] {
        let refused = refused(&hello);
        assert_eq!((refused.failure, refused.answer), (failure, None));
    }
}

#[test]
fn a_block_that_says_it_is_longer_than_it_is_is_malformed() {
    let (server, _) = Start::new().server();
    let refused = server.receive(&[0xff; BLOCK], &[]).unwrap_err();
    assert_eq!(refused.failure, HandshakeFailure::Malformed);
}

#[test]
fn a_key_without_a_secret_is_refused() {
    let ours = Start::new().identity.fingerprint();
    let hello = ClientHello {
        session_key: Some(DhKey([0; 32])),
        version: Version(18),
        key_hash: Short::from(&ours),
        proxy: false,
        service: None,
    };
    let refused = refused(&hello.to_bytes().unwrap());
    assert_eq!(refused.failure, HandshakeFailure::Secret);
}

#[test]
fn a_client_without_a_session_key_is_served_in_clear_blocks() {
    let ours = Start::new().identity.fingerprint();
    let (server, _) = Start::new().server();
    let mut block = Vec::new();
    pad(&mut block, BLOCK, |out| out.bytes(&hello(ours, 18))).unwrap();
    let session = ordinary(server.receive(&block, &[]).unwrap());
    assert_eq!(session.channel.framing(), Framing::Plain);
}

#[test]
fn a_service_whose_certificates_are_not_those_of_tls_is_told_so() {
    let mut start = Start::new();
    let mut service = vector("handshake.client_hello").bytes("v18_service_notifier");
    let parsed = ClientHello::parse(&service).unwrap();
    let ours = ClientHello {
        key_hash: Short::from(&start.expected.fingerprint),
        ..parsed
    };
    service = ours.to_bytes().unwrap();
    let (server, _) = start.server();
    let mut block = Vec::new();
    pad(&mut block, BLOCK, |out| out.bytes(&service)).unwrap();
    let refused = server.receive(&block, &[]).unwrap_err();
    assert_eq!(refused.failure, HandshakeFailure::ServiceIdentity);
    let answer = refused.answer.unwrap();
    let expected = ServiceResult::Refused(TransportError::Handshake(HandshakeError::BadAuth));
    assert_eq!(ServiceResult::parse(unpad(&answer).unwrap()), Ok(expected));
}

#[test]
fn session_ids_of_tls_12_are_shorter() {
    let mut start = Start::new();
    let (server, hello) = start.try_server(&[9; 12]).unwrap();
    start.expected.session_id = [9; 12].into();
    let (client, answer) = start.client(&hello).unwrap();
    let server = ordinary(server.receive(&answer, &[]).unwrap());
    let mut pair = Pair { client, server };
    let block = pair.commands(&[Command::Lget]);
    assert_eq!(pair.serve(block), Some(vec!["LGET".to_owned()]));
}
