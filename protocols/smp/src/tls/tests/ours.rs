//! Our client with our server.

use std::collections::HashSet;

use futures_util::future::join_all;
use rustls::ProtocolVersion;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_agree_on_session_ids_that_all_differ() {
    let mut ids = HashSet::new();
    for kind in [KeyKind::Ed25519, KeyKind::Ed448] {
        let identity = identity(kind);
        let acceptor = Arc::new(Acceptor::new(Arc::clone(&identity)).unwrap());
        for (versions, length) in [(&TLS13[..], 32), (&TLS12[..], 12)] {
            let connector = connector_of(&identity, versions);
            let handshakes = (0..100).map(|_| {
                let (acceptor, connector) = (Arc::clone(&acceptor), connector.clone());
                tokio::spawn(async move { shake(&acceptor, &connector).await })
            });
            for both in join_all(handshakes).await {
                let (accepted, connected) = both.unwrap();
                let (accepted, connected) = (accepted.unwrap(), connected.unwrap());
                assert_eq!(accepted.session_id, connected.session_id);
                assert_eq!(accepted.session_id.len(), length);
                assert_eq!(accepted.alpn, Some(Alpn::Smp1));
                assert!(accepted.client_chain.is_empty());
                assert_eq!(connected.server_chain, identity.chain());
                assert!(ids.insert(accepted.session_id.to_vec()), "seen before");
            }
        }
    }
}

#[tokio::test]
async fn the_newer_version_and_the_first_group_are_taken() {
    let identity = identity(KeyKind::Ed25519);
    let acceptor = Acceptor::new(Arc::clone(&identity)).unwrap();
    let (accepted, connected) = shake(&acceptor, &connector(&identity)).await;
    let (accepted, mut connected) = (accepted.unwrap(), connected.unwrap());
    let connection = accepted.stream.get_ref().1;
    assert_eq!(
        connection.protocol_version(),
        Some(ProtocolVersion::TLSv1_3)
    );
    let group = connection.negotiated_key_exchange_group().unwrap();
    assert_eq!(group.name(), rustls::NamedGroup::X448);

    let mut stream = accepted.stream;
    stream.write_all(b"hello").await.unwrap();
    stream.flush().await.unwrap();
    let mut hello = [0; 5];
    connected.stream.read_exact(&mut hello).await.unwrap();
    assert_eq!(&hello, b"hello");
}

#[tokio::test]
async fn chains_of_two_to_four_are_served_and_the_second_certificate_names_the_server() {
    for length in 2..=4 {
        let identity = Arc::new(identity_of(KeyKind::Ed25519, length));
        let acceptor = Acceptor::new(Arc::clone(&identity)).unwrap();
        let (accepted, connected) = shake(&acceptor, &connector(&identity)).await;
        accepted.unwrap();
        let chain = connected.unwrap().server_chain;
        assert_eq!(chain.len(), length);
        assert_eq!(
            crate::crypto::fingerprint(&chain[1]),
            identity.fingerprint()
        );
    }
}

#[tokio::test]
async fn the_first_known_protocol_of_the_clients_list_is_taken() {
    let identity = identity(KeyKind::Ed25519);
    let acceptor = Acceptor::new(Arc::clone(&identity)).unwrap();
    for (offered, taken) in [
        (&[&b"http/1.1"[..], b"smp/1"][..], Some(Alpn::Http11)),
        (&[b"smp/1", b"http/1.1"], Some(Alpn::Smp1)),
        (&[b"xmpp", b"h2", b"smp/1"], Some(Alpn::Http2)),
        (&[], None),
    ] {
        let connector = connector(&identity).with_alpn(offered);
        let (accepted, connected) = shake(&acceptor, &connector).await;
        assert_eq!(
            (accepted.unwrap().alpn, connected.unwrap().alpn),
            (taken, taken)
        );
    }
}

#[tokio::test]
async fn a_client_may_show_any_chain() {
    let identity = identity(KeyKind::Ed25519);
    let acceptor = Acceptor::new(Arc::clone(&identity)).unwrap();
    for (kind, versions) in [
        (KeyKind::Ed25519, &TLS13[..]),
        (KeyKind::Ed448, &TLS12[..]),
        (KeyKind::Ed448, &TLS13[..]),
    ] {
        let service = identity_of(kind, 2);
        let shown = ClientIdentity {
            chain: service.chain().to_vec(),
            key: service.key().clone(),
        };
        let connector = connector_of(&identity, versions).with_identity(&shown);
        let (accepted, connected) = shake(&acceptor, &connector).await;
        let accepted = accepted.unwrap();
        assert_eq!(accepted.client_chain, shown.chain);
        assert_eq!(accepted.session_id, connected.unwrap().session_id);
    }
}

#[tokio::test]
async fn a_new_identity_is_shown_to_whoever_comes_next() {
    let (first, second) = (identity(KeyKind::Ed25519), identity(KeyKind::Ed448));
    let acceptor = Acceptor::new(Arc::clone(&first)).unwrap();
    let (accepted, _) = shake(&acceptor, &connector(&first)).await;
    assert_eq!(accepted.unwrap().identity.chain(), first.chain());
    acceptor.replace(Arc::clone(&second)).unwrap();
    assert_eq!(acceptor.identity().fingerprint(), second.fingerprint());
    let (accepted, connected) = shake(&acceptor, &connector(&second)).await;
    assert_eq!(accepted.unwrap().identity.chain(), second.chain());
    connected.unwrap();
}
