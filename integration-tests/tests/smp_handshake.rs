//! How SMP connections begin: every version, both of TLS, and everything that ends them early.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "tests stop at what they did not expect"
)]

use integration_tests::smp::{Smp, rng, tag};
use integration_tests::{Bed, PATIENCE, see};
use relay_smp::client::{Call, ConnectError, Dialer};
use relay_smp::session::HandshakeFailure;
use relay_smp::tls::Offer;
use relay_smp::wire::{
    BLOCK, ClientHello, Command, Encode, Error, ServerHello, Short, Version, VersionRange, pad,
    unpad,
};
use relay_testkit::poll;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

static TLS12: [&rustls::SupportedProtocolVersion; 1] = [&rustls::version::TLS12];

#[tokio::test(flavor = "multi_thread")]
async fn every_version_is_spoken_over_both_versions_of_tls() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    for tls in [rustls::ALL_VERSIONS, &TLS12] {
        let offer = Offer {
            versions: tls,
            ..Offer::default()
        };
        let clock = std::sync::Arc::new(relay_core::clock::SystemClock);
        let dialer = Dialer::with_tls(smp.fingerprint, clock, &offer).unwrap();
        for version in 6..=20 {
            let range = VersionRange::new(Version(version), Version(version)).unwrap();
            let dialer = dialer.clone().versions(range);
            let (client, _events) = dialer.client(smp.address, &mut rng()).await.unwrap();
            assert_eq!(client.facts().session().version, Version(version));
            client.ping().await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_alpn_speaks_version_6() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let dialer = smp.dialer().alpn(&[]);
    let (client, _events) = dialer.client(smp.address, &mut rng()).await.unwrap();
    assert_eq!(client.facts().session().version, Version(6));
    assert!(client.server().is_none());
    client.ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_agreed_on_by_alpn_is_smp_and_nothing_in_common_is_refused() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    for names in [&[&b"http/1.1"[..]][..], &[b"h2"], &[b"x", b"smp/1"]] {
        let dialer = smp.dialer().alpn(names);
        let (client, _events) = dialer.client(smp.address, &mut rng()).await.unwrap();
        assert_eq!(client.facts().session().version, Version(20));
        client.ping().await.unwrap();
    }
    let dialer = smp.dialer().alpn(&[b"imap"]);
    let failed = dialer.client(smp.address, &mut rng()).await.map(drop);
    assert!(matches!(failed, Err(ConnectError::Tls(_))), "{failed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_versions_offered_are_the_operators() {
    let bed = Bed::new()
        .with_smp()
        .with("smp.connections.min_version", 8)
        .with("smp.connections.max_version", 14);
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let (client, _events) = smp.client().await;
    assert_eq!(client.facts().session().version, Version(14));
    let old = smp.dialer_of(7).client(smp.address, &mut rng()).await;
    let failure = HandshakeFailure::Version;
    assert!(matches!(old, Err(ConnectError::Handshake(why)) if why == failure));
    let oldest = smp.dialer().alpn(&[]).client(smp.address, &mut rng()).await;
    assert!(matches!(oldest, Err(ConnectError::Closed)), "{oldest:?}");
}

/// Does TLS, reads the server's hello, and answers with `hello`.
async fn say(smp: &Smp, hello: &[u8]) -> Vec<u8> {
    let mut stream = smp.dialer().tls_only(smp.address).await.unwrap().stream;
    let mut block = vec![0; BLOCK];
    stream.read_exact(&mut block).await.unwrap();
    ServerHello::parse(unpad(&block).unwrap()).unwrap();
    stream.write_all(hello).await.unwrap();
    stream.flush().await.unwrap();
    let mut rest = Vec::new();
    // However it ends, it ends.
    let end = timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
    end.expect("the connection is closed").ok();
    rest
}

fn hello(fingerprint: [u8; 32], version: u16) -> Vec<u8> {
    let hello = ClientHello {
        version: Version(version),
        key_hash: Short::from(&fingerprint),
        session_key: None,
        proxy: false,
        service: None,
    };
    let mut block = Vec::new();
    let message = hello.to_bytes().unwrap();
    pad(&mut block, BLOCK, |out| out.bytes(&message)).unwrap();
    block
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_fails_closes_without_a_word() {
    let bed = Bed::new().with_smp();
    let daemon = bed.start();
    let smp = Smp::of(&bed);
    for bad in [
        vec![0; BLOCK],
        vec![0xff; BLOCK],
        hello([0; 32], 18),
        hello(smp.fingerprint, 5),
        hello(smp.fingerprint, 21),
    ] {
        assert_eq!(say(&smp, &bad).await, b"");
    }
    poll::until(PATIENCE, "all are counted", || {
        (see::count(&daemon, "relayd_smp_handshakes_refused_total") == 5).then_some(())
    });
    smp.client().await.0.ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_instead_of_tls_harms_nobody() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let (client, _events) = smp.client().await;
    let long = vec![0xff; 70_000];
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0; 1000], &long] {
        let mut tcp = tokio::net::TcpStream::connect(smp.address).await.unwrap();
        // It may be closed before everything is taken.
        let _ = tcp.write_all(garbage).await;
        let mut rest = Vec::new();
        let end = timeout(PATIENCE, tcp.read_to_end(&mut rest)).await;
        assert!(end.is_ok(), "the connection is closed");
        client.ping().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_stalls_is_given_up() {
    let bed = Bed::new()
        .with_smp()
        .with("limits.handshake_timeout", "300ms")
        .with("smp.connections.handshake_timeout", "300ms");
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    // before TLS
    let mut tcp = tokio::net::TcpStream::connect(smp.address).await.unwrap();
    let end = timeout(PATIENCE, tcp.read(&mut [0; 1])).await.unwrap();
    assert_eq!(end.unwrap_or_default(), 0);
    // before the client's hello, and in its middle
    for begun in [0, 100] {
        let mut stream = smp.dialer().tls_only(smp.address).await.unwrap().stream;
        stream.write_all(&vec![1; begun]).await.unwrap();
        stream.flush().await.unwrap();
        let mut rest = Vec::new();
        let end = timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
        assert!(end.is_ok(), "the connection is closed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_handshake_a_bad_block_is_one_error_and_the_next_is_served() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    for version in [6, 10, 18] {
        let dialer = smp.dialer_of(version);
        let mut link = dialer.link(smp.address, &mut rng()).await.unwrap();
        for content in [&b""[..], b"\0", b"\x01", b"\x01\0\x09a", b"\x01\0\x01ab"] {
            link.outgoing.send_content(content).await.unwrap();
            let received = link.incoming.receive().await.unwrap().unwrap();
            assert_eq!(received.len(), 1, "v{version} {content:?}");
            assert_eq!(tag(&received[0]), Err(Error::Block));
            assert!(received[0].corr_id().is_empty() && received[0].entity_id().is_empty());
            let pong = link
                .ask(&Call::plain(Command::Ping), b"corr")
                .await
                .unwrap();
            assert_eq!(tag(&pong[0]), Ok("PONG"));
        }
        if version < 11 {
            link.outgoing.send_raw(&[0xff; BLOCK]).await.unwrap();
            let received = link.incoming.receive().await.unwrap().unwrap();
            assert_eq!(tag(&received[0]), Err(Error::Block));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_does_not_decrypt_is_one_error_each_time() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let mut link = Smp::of(&bed).link().await;
    for _ in 0..3 {
        link.outgoing.send_raw(&[7; BLOCK]).await.unwrap();
        let received = link.incoming.receive().await.unwrap().unwrap();
        assert_eq!(tag(&received[0]), Err(Error::Block));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_6_command_of_another_session_is_refused() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let mut link = smp
        .dialer_of(6)
        .link(smp.address, &mut rng())
        .await
        .unwrap();
    let mut transmission = b"\0\x20".to_vec();
    transmission.extend([1; 32]);
    transmission.extend(b"\x04corr\0PING");
    link.outgoing.send(&[transmission]).await.unwrap();
    let received = link.incoming.receive().await.unwrap().unwrap();
    assert_eq!(tag(&received[0]), Err(Error::Session));
    assert_eq!(received[0].corr_id(), b"corr");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_server_is_not_taken_for_this_one() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let other = Smp {
        fingerprint: [1; 32],
        ..smp.clone()
    };
    let failed = other.dialer().client(smp.address, &mut rng()).await;
    assert!(matches!(failed, Err(ConnectError::Tls(_))), "{failed:?}");
}
