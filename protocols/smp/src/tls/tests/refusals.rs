//! What does not become a connection.

use rustls::client::Resumption;
use rustls::crypto::ring::kx_group::{SECP256R1, X25519};
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, ClientConfig, HandshakeKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

use super::*;
use crate::tls::connect::Time;
use crate::tls::verify::Pinned;

fn alert(error: HandshakeError) -> Option<AlertDescription> {
    match error {
        HandshakeError::Tls(rustls::Error::AlertReceived(alert)) => Some(alert),
        _ => None,
    }
}

#[tokio::test]
async fn no_protocol_in_common() {
    let identity = identity(KeyKind::Ed25519);
    let acceptor = Acceptor::new(Arc::clone(&identity)).unwrap();
    let connector = connector(&identity).with_alpn(&[b"xmpp", b"smp/2"]);
    let (accepted, connected) = shake(&acceptor, &connector).await;
    assert!(accepted.is_err());
    let alert = alert(connected.unwrap_err());
    assert_eq!(alert, Some(AlertDescription::NoApplicationProtocol));
}

#[tokio::test]
async fn a_server_with_another_fingerprint() {
    let (expected, other) = (identity(KeyKind::Ed25519), identity(KeyKind::Ed448));
    let acceptor = Acceptor::new(other).unwrap();
    for versions in [&TLS12[..], &TLS13[..]] {
        let (accepted, connected) = shake(&acceptor, &connector_of(&expected, versions)).await;
        assert!(accepted.is_err() && connected.is_err());
    }
}

#[tokio::test]
async fn a_server_whose_certificates_are_not_valid_now() {
    let identity = identity(KeyKind::Ed25519);
    let acceptor = Acceptor::new(Arc::clone(&identity)).unwrap();
    let year = Duration::from_hours(366 * 24);
    for now in [NOW.minus(year), NOW.plus(year * 2740)] {
        let clock = Arc::new(TestClock::at(now));
        let connector = Connector::new(identity.fingerprint(), clock).unwrap();
        let (_, connected) = shake(&acceptor, &connector).await;
        assert!(connected.is_err(), "{now:?}");
    }
}

#[tokio::test]
async fn a_stolen_client_certificate() {
    let identity = identity(KeyKind::Ed25519);
    let acceptor = Acceptor::new(Arc::clone(&identity)).unwrap();
    let stolen = ClientIdentity {
        chain: identity_of(KeyKind::Ed25519, 3).chain().to_vec(),
        key: issue::generate(KeyKind::Ed25519, &mut StdRng::seed_from_u64(99)),
    };
    for versions in [&TLS12[..], &TLS13[..]] {
        let connector = connector_of(&identity, versions).with_identity(&stolen);
        let (accepted, _) = shake(&acceptor, &connector).await;
        assert!(accepted.is_err());
    }
}

#[tokio::test]
async fn a_client_that_says_nothing_or_stops_half_way() {
    let acceptor = Acceptor::new(identity(KeyKind::Ed25519)).unwrap();
    for said in [&b""[..], b"\x16", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"] {
        let (server, mut client) = duplex(20_000);
        client.write_all(said).await.unwrap();
        let deadline = Instant::now() + Duration::from_millis(20);
        let refused = acceptor.accept(server, deadline).await.unwrap_err();
        assert!(matches!(refused, HandshakeError::Timeout), "{refused}");
    }
}

#[tokio::test]
async fn what_is_no_tls() {
    let acceptor = Acceptor::new(identity(KeyKind::Ed25519)).unwrap();
    for said in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0xff; 600],
        b"\x16\x03\x01\x00\x00",
    ] {
        let (server, mut client) = duplex(20_000);
        client.write_all(said).await.unwrap();
        client.shutdown().await.unwrap();
        let refused = acceptor.accept(server, soon()).await.unwrap_err();
        let line = refused.to_string();
        assert!(!line.contains("GET"), "{line}");
    }
}

/// A client that would resume a session if it could.
fn resuming(
    identity: &Identity,
    versions: &'static [&'static SupportedProtocolVersion],
) -> TlsConnector {
    let offer = Offer {
        versions,
        ..Offer::default()
    };
    let pinned = Arc::new(Pinned {
        fingerprint: identity.fingerprint(),
    });
    let builder = ClientConfig::builder_with_details(offer.provider(), Arc::new(Time(clock())));
    let mut config = builder
        .with_protocol_versions(offer.versions)
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(pinned)
        .with_no_client_auth();
    config.resumption = Resumption::in_memory_sessions(8);
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn sessions_are_not_resumed() {
    let identity = identity(KeyKind::Ed25519);
    let acceptor = Acceptor::new(Arc::clone(&identity)).unwrap();
    for versions in [&TLS12[..], &TLS13[..]] {
        let connector = resuming(&identity, versions);
        for _ in 0..3 {
            let (server, tls) = duplex(20_000);
            let name = ServerName::try_from("localhost").unwrap();
            let (accepted, connected) = tokio::join!(
                acceptor.accept(server, soon()),
                connector.connect(name, tls)
            );
            let mut accepted = accepted.unwrap();
            let mut connected = connected.unwrap();
            // Tickets, if there were any, would arrive with the first data.
            accepted.stream.write_all(b"!").await.unwrap();
            accepted.stream.flush().await.unwrap();
            connected.read_u8().await.unwrap();
            let client = connected.get_ref().1;
            assert_eq!(client.handshake_kind(), Some(HandshakeKind::Full));
            assert_eq!(client.tls13_tickets_received(), 0);
        }
    }
}

#[tokio::test]
async fn another_group_first_costs_a_round_trip_and_no_group_in_common_the_connection() {
    let identity = identity(KeyKind::Ed25519);
    let acceptor = Acceptor::new(Arc::clone(&identity)).unwrap();
    for (groups, kind) in [
        (
            vec![SECP256R1, X25519],
            Some(HandshakeKind::FullWithHelloRetryRequest),
        ),
        (vec![X25519], Some(HandshakeKind::Full)),
        (vec![SECP256R1], None),
    ] {
        let offer = Offer {
            groups,
            ..Offer::default()
        };
        let connector = Connector::with_offer(identity.fingerprint(), clock(), &offer).unwrap();
        let (accepted, connected) = shake(&acceptor, &connector).await;
        let Some(kind) = kind else {
            assert!(accepted.is_err() && connected.is_err());
            continue;
        };
        let connected = connected.unwrap();
        assert_eq!(connected.stream.get_ref().1.handshake_kind(), Some(kind));
        assert_eq!(accepted.unwrap().session_id, connected.session_id);
    }
}
