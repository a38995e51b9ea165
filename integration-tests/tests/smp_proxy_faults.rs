//! What goes wrong between a proxy and a relay: each fault has its answer, in time, and costs
//! nobody else anything.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "tests stop at what they did not expect"
)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use integration_tests::routes::{self, Manner, Named, Stranger, identity, proxy};
use integration_tests::smp::{Smp, create, message, refused, rng};
use integration_tests::{Bed, PATIENCE};
use relay_smp::KeyKind;
use relay_smp::client::{CallError, Client, QueueKey};
use relay_smp::wire::{BrokerError, Error, ProxyError, TransportError, Version, VersionRange};
use relay_testkit::poll;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

fn proxy_error<T>(error: ProxyError) -> Result<T, CallError> {
    refused(Error::Proxy(Box::new(error)))
}

fn broker<T>(error: BrokerError) -> Result<T, CallError> {
    proxy_error(ProxyError::Broker(error))
}

fn transport<T>(error: TransportError) -> Result<T, CallError> {
    broker(BrokerError::Transport(error))
}

/// A proxy without patience.
fn hasty() -> Bed {
    proxy()
        .with("smp.proxy.answer_timeout", "1s")
        .with("smp.proxy.connect_timeout", "3s")
        .with("smp.proxy.failed_relay_memory", "1ms")
}

fn versions(min: u16, max: u16) -> VersionRange {
    VersionRange::new(Version(min), Version(max)).expect("a range")
}

async fn stranger(manner: Manner) -> Stranger {
    Stranger::start(identity(KeyKind::Ed25519, 2), versions(6, 18), manner).await
}

async fn send_through(client: &Client, named: &Named) -> Result<(), CallError> {
    let route = named.through(client).await?;
    routes::send(client, &route, b"queue", None, b"body").await
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_relay_answers_has_its_words() {
    let bed = hasty();
    let daemon = bed.start();
    let smp = Smp::of(&bed);
    let (client, _) = smp.client().await;
    let response = |text: &str| broker(BrokerError::Response(text.to_owned()));
    let unexpected = |text: &str| broker(BrokerError::Unexpected(text.to_owned()));
    let protocol = |error| proxy_error(ProxyError::Protocol(error));
    let mut garbage = [0x5a; 64];
    garbage[0] = 0;
    for (manner, expected) in [
        (Manner::Says(b"ERR AUTH"), protocol(Error::Auth)),
        (Manner::Says(b"ERR CRYPTO"), protocol(Error::Crypto)),
        (
            Manner::Says(b"ERR PROXY NO_SESSION"),
            unexpected("ERR PROXY"),
        ),
        (
            Manner::Says(b"ERR PROXY PROTOCOL PROXY NO_SESSION"),
            response("CMD SYNTAX"),
        ),
        (Manner::Says(b"ERR WHAT"), response("CMD SYNTAX")),
        (Manner::Says(b"NONSENSE"), response("CMD UNKNOWN")),
        (Manner::Says(b""), response("CMD UNKNOWN")),
        (Manner::Says(b"PONG"), unexpected("PONG")),
        (Manner::Says(b"RRES "), refused(Error::Crypto)),
        (Manner::Says(b"RRES something else"), refused(Error::Crypto)),
        (Manner::SaysToNobody(b"OK"), broker(BrokerError::Timeout)),
        (Manner::IsSilent, broker(BrokerError::Timeout)),
        (Manner::Leaves, broker(BrokerError::Network)),
        (Manner::Sends(garbage), broker(BrokerError::Network)),
        (Manner::Sends([0xff; 64]), broker(BrokerError::Network)),
    ] {
        let stranger = stranger(manner).await;
        let begun = Instant::now();
        let sent = send_through(&client, &stranger.named).await;
        assert_eq!(sent, expected, "{manner:?}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{manner:?}");
    }
    client.ping().await.unwrap();
    assert!(daemon.is_running());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_went_silent_is_left_and_can_be_asked_for_again() {
    let bed = hasty();
    let _daemon = bed.start();
    let (client, _) = Smp::of(&bed).client().await;
    let stranger = stranger(Manner::IsSilent).await;
    let route = stranger.named.through(&client).await.unwrap();
    let send = async || routes::send(&client, &route, b"queue", None, b"body").await;
    assert_eq!(send().await, broker(BrokerError::Timeout));
    assert_eq!(send().await, proxy_error(ProxyError::NoSession));
    let again = stranger.named.through(&client).await.unwrap();
    assert_ne!(again.session_id(), route.session_id());
}

#[tokio::test(flavor = "multi_thread")]
async fn chains_of_every_kind_are_passed_on_as_they_are() {
    let bed = hasty();
    let _daemon = bed.start();
    let (client, _) = Smp::of(&bed).client().await;
    for kind in [KeyKind::Ed25519, KeyKind::Ed448] {
        for certificates in 2..=4 {
            let relay = identity(kind, certificates);
            let stranger = Stranger::start(relay, versions(6, 18), Manner::Leaves).await;
            let route = stranger.named.through(&client).await;
            // Our client verifies chain, fingerprint and signature.
            assert!(route.is_ok(), "{kind:?} {certificates}: {route:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_be_spoken_to_is_told_by_how() {
    let bed = hasty();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let (client, _) = smp.client().await;
    for (range, expected) in [
        (versions(6, 7), TransportError::Version),
        (versions(30, 31), TransportError::Version),
        // Without the proxy's flag it would encrypt blocks once more.
        (versions(11, 13), TransportError::Version),
    ] {
        let relay = identity(KeyKind::Ed25519, 2);
        let stranger = Stranger::start(relay, range, Manner::Leaves).await;
        let asked = stranger.named.through(&client).await.map(drop);
        assert_eq!(asked, transport(expected), "{range:?}");
    }
    let mut impostor = Named::of(&smp);
    impostor.fingerprint = vec![1; 32];
    let network = || broker(BrokerError::Network);
    assert_eq!(impostor.through(&client).await.map(drop), network());
    impostor.fingerprint = vec![1; 31];
    assert_eq!(impostor.through(&client).await.map(drop), network());
    impostor.hosts = vec!["no-such-host.invalid".to_owned()];
    impostor.fingerprint = vec![1; 32];
    assert_eq!(impostor.through(&client).await.map(drop), network());
}

/// Says something to everybody who connects, and then nothing more.
async fn speaker(text: &'static [u8]) -> Named {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            stream.write_all(text).await.unwrap();
            open.push(stream);
        }
    });
    Named::at(address, [1; 32])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_speaks_something_else_or_nothing_holds_up_nobody() {
    let bed = hasty();
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let (client, _) = smp.client().await;
    for text in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        b"\x16\x03\x03\x00\x02\x02\x28",
        b"\x15\x03\x03\x00\x02\x02\x28",
        &[0xff; 5000],
    ] {
        let named = speaker(text).await;
        let begun = Instant::now();
        let asked = named.through(&client).await.map(drop);
        assert_eq!(asked, broker(BrokerError::Network), "{text:?}");
        assert!(begun.elapsed() < Duration::from_secs(10));
    }
    let mute = speaker(b"").await;
    let begun = Instant::now();
    let waiting = mute.through(&client);
    let meanwhile = async {
        client.ping().await.unwrap();
        Named::of(&smp).through(&client).await.unwrap();
        begun.elapsed()
    };
    let (asked, meanwhile) = tokio::join!(waiting, meanwhile);
    assert_eq!(asked.map(drop), broker(BrokerError::Network));
    assert!(begun.elapsed() >= Duration::from_secs(3), "the time limit");
    assert!(meanwhile < begun.elapsed(), "{meanwhile:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_of_one_client_is_on_its_way_than_the_operator_lets() {
    let bed = hasty().with("smp.proxy.client_concurrency", 4);
    let _daemon = bed.start();
    let smp = Smp::of(&bed);
    let (client, _) = smp.client().await;
    let stranger = stranger(Manner::IsSilent).await;
    let route = Arc::new(stranger.named.through(&client).await.unwrap());
    let client = Arc::new(client);
    let mut sending = JoinSet::new();
    for _ in 0..50 {
        let (client, route) = (Arc::clone(&client), Arc::clone(&route));
        sending.spawn(async move { routes::send(&client, &route, b"queue", None, b"x").await });
    }
    poll::until(PATIENCE, "messages come", || {
        (stranger.seen.load(Ordering::Relaxed) > 0).then_some(())
    });
    client.ping().await.unwrap();
    let own = Named::of(&smp).through(&client).await.unwrap();
    let other = routes::send(&client, &own, b"queue", None, b"x").await;
    assert_eq!(
        other,
        refused(Error::Auth),
        "a place is left for other relays"
    );
    while let Some(sent) = sending.join_next().await {
        let sent = sent.unwrap();
        let late = [
            broker(BrokerError::Timeout),
            broker(BrokerError::Network),
            proxy_error(ProxyError::NoSession),
        ];
        assert!(late.contains(&sent), "{sent:?}");
    }
    let seen = stranger.seen.load(Ordering::Relaxed);
    assert_eq!(seen, 3, "three quarters of the places are one relay's");
}

/// Kills the relay again and again while messages go there: what was acknowledged is there, once.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_is_killed_and_comes_back_loses_nothing_that_was_acknowledged() {
    let (proxy, relay_bed) = (hasty(), Bed::new().with_smp());
    let _daemon = proxy.start();
    let mut daemon = relay_bed.start();
    let relay = Smp::of(&relay_bed);
    let (client, _) = Smp::of(&proxy).client().await;
    let key = QueueKey::ed25519(&mut rng());
    let queue = {
        let (recipient, _) = relay.client().await;
        let queue = create(&recipient).await;
        recipient.secure(&queue, key.public()).await.unwrap();
        queue
    };
    let named = Named::of(&relay);
    let stored = Arc::new(AtomicU64::new(0));
    let sending = tokio::spawn({
        let (stored, id, key) = (Arc::clone(&stored), queue.sender_id.clone(), key.clone());
        async move {
            let mut acknowledged = Vec::new();
            let mut number: u64 = 0;
            while acknowledged.len() < 60 {
                let Ok(route) = named.through(&client).await else {
                    sleep(Duration::from_millis(20)).await;
                    continue;
                };
                loop {
                    number += 1;
                    let body = number.to_be_bytes();
                    let sent = routes::send(&client, &route, &id, Some(&key), &body);
                    match sent.await {
                        Ok(()) => acknowledged.push(number),
                        Err(CallError::Refused(Error::Proxy(_))) => break,
                        Err(other) => panic!("{other:?}"),
                    }
                    stored.store(acknowledged.len() as u64, Ordering::Relaxed);
                    if acknowledged.len() >= 60 {
                        break;
                    }
                }
            }
            acknowledged
        }
    });
    for round in 1..=3 {
        while stored.load(Ordering::Relaxed) < round * 15 {
            assert!(!sending.is_finished());
            sleep(Duration::from_millis(5)).await;
        }
        daemon.kill9();
        daemon.wait(PATIENCE);
        daemon = relay_bed.start();
    }
    let acknowledged = timeout(PATIENCE * 2, sending).await.unwrap().unwrap();
    let (recipient, mut events) = relay.client().await;
    recipient.subscribe(&queue).await.unwrap();
    let mut next = Some(message(&mut events, &queue).await);
    let mut found = Vec::new();
    while let Some(got) = next {
        found.push(u64::from_be_bytes(got.body().unwrap().try_into().unwrap()));
        next = recipient.acknowledge(&queue, got.id()).await.unwrap();
    }
    assert!(found.is_sorted_by(|a, b| a < b), "in order, and none twice");
    let missing: Vec<_> = acknowledged.iter().filter(|n| !found.contains(n)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// What happens to what flows from the relay.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Delay(Duration),
    /// After so many bytes a bit is another.
    Corrupt(usize),
    /// After so many bytes there are no more.
    Truncate(usize),
}

/// Stands between, and does so to the first connection alone.
async fn between(relay: SocketAddr, fault: Fault) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut first = Some(fault);
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(carry(client, relay, first.take()));
        }
    });
    address
}

async fn carry(client: TcpStream, relay: SocketAddr, fault: Option<Fault>) {
    let server = TcpStream::connect(relay).await.unwrap();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let there = tokio::io::copy(&mut from_client, &mut to_server);
    let back = async {
        let (mut buffer, mut passed) = (vec![0; 4096], 0);
        while let Ok(read @ 1..) = from_server.read(&mut buffer).await {
            let bytes = &mut buffer[..read];
            match fault {
                Some(Fault::Delay(time)) => sleep(time).await,
                Some(Fault::Corrupt(at)) if (passed..passed + read).contains(&at) => {
                    bytes[at - passed] ^= 1;
                }
                Some(Fault::Truncate(at)) if passed + read > at => return,
                _ => {}
            }
            passed += read;
            if to_client.write_all(bytes).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        _ = there => {}
        () = back => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_delays_corrupts_and_truncates() {
    let (proxy, relay_bed) = (hasty(), Bed::new().with_smp());
    let (_first, _second) = (proxy.start(), relay_bed.start());
    let relay = Smp::of(&relay_bed);
    let (client, _) = Smp::of(&proxy).client().await;
    let network = || broker(BrokerError::Network);
    for (fault, expected) in [
        (
            Fault::Delay(Duration::from_millis(10)),
            refused(Error::Auth),
        ),
        (Fault::Corrupt(60), network()),
        (Fault::Corrupt(2000), network()),
        (Fault::Corrupt(10_000), network()),
        (Fault::Corrupt(20_000), network()),
        (Fault::Truncate(0), network()),
        (Fault::Truncate(500), network()),
        (Fault::Truncate(9000), network()),
        (Fault::Truncate(25_000), network()),
    ] {
        let address = between(relay.address, fault).await;
        let named = Named::at(address, relay.fingerprint);
        assert_eq!(send_through(&client, &named).await, expected, "{fault:?}");
        // Longer than failures are remembered.
        sleep(Duration::from_millis(5)).await;
        let again = send_through(&client, &named).await;
        assert_eq!(
            again,
            refused(Error::Auth),
            "after {fault:?}: it is reached again"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_are_closed_and_opened_again_when_asked_for() {
    let (proxy, relay_bed) = (
        hasty()
            .with("smp.proxy.idle_timeout", "300ms")
            .with("smp.proxy.ping_interval", "100ms"),
        Bed::new().with_smp(),
    );
    let (daemon, _second) = (proxy.start(), relay_bed.start());
    let relay = Smp::of(&relay_bed);
    let (client, _) = Smp::of(&proxy).client().await;
    let named = Named::of(&relay);
    assert_eq!(send_through(&client, &named).await, refused(Error::Auth));
    poll::until(PATIENCE, "the connection is closed", || {
        let open = integration_tests::see::count(&daemon, "relayd_smp_proxy_relays");
        (open == 0).then_some(())
    });
    assert_eq!(send_through(&client, &named).await, refused(Error::Auth));
}
