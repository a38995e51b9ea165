//! One port for SMP and HTTPS: who names a host gets HTTPS, who names none gets SMP, whatever
//! either offers by ALPN; and nobody who misbehaves there is in anybody's way.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use integration_tests::browser::Browser;
use integration_tests::smp::{Smp, rng};
use integration_tests::{Bed, PATIENCE, certificates, see};
use relay_smp::tls::Offer;
use relay_testkit::{Daemon, Relayd, Signal};

/// The type of a record of TLS that is neither an alert nor encrypted.
const HANDSHAKE: u8 = 22;

static TLS12: [&rustls::SupportedProtocolVersion; 1] = [&rustls::version::TLS12];

/// A shared port with both relays behind it.
fn bed() -> (Bed, SocketAddr) {
    let bed = Bed::new().with_sogs().with_smp();
    let (certificate, key) = certificates::make(bed.dir(), "web", "sogs.test");
    let shared = Relayd::free_address();
    let bed = bed
        .with("sogs.base_url", "https://sogs.test")
        .with("web.tls_listen", shared.to_string())
        .with("web.certificate", certificate.to_str().unwrap())
        .with("web.key", key.to_str().unwrap());
    (bed, shared)
}

fn smp_at(bed: &Bed, address: SocketAddr) -> Smp {
    Smp {
        address,
        ..Smp::of(bed)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_names_no_host_gets_smp_whatever_it_offers() {
    if !certificates::can_be_made() {
        return;
    }
    let (bed, shared) = bed();
    let daemon = bed.start();
    let smp = smp_at(&bed, shared);
    for versions in [rustls::ALL_VERSIONS, &TLS12] {
        let offer = Offer {
            versions,
            ..Offer::default()
        };
        let clock = std::sync::Arc::new(relay_core::clock::SystemClock);
        let dialer = relay_smp::client::Dialer::with_tls(smp.fingerprint, clock, &offer).unwrap();
        // What apps offer on port 443, on others, what others might, and what the oldest do.
        let offers: [&[&[u8]]; 4] = [&[b"http/1.1"], &[b"smp/1"], &[b"h2", b"http/1.1"], &[]];
        for alpn in offers {
            let dialer = dialer.clone().alpn(alpn);
            // The client compares the session id that the server tells with its own Finished.
            let (client, _events) = dialer.client(shared, &mut rng()).await.unwrap();
            client.ping().await.unwrap();
        }
    }
    let refused = smp.dialer().alpn(&[b"imap"]);
    assert!(refused.client(shared, &mut rng()).await.is_err());
    let unnamed = "relayd_web_tls_connections_total{kind=\"unnamed\"";
    assert_eq!(see::count(&daemon, unnamed), 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_names_a_host_gets_https_whatever_it_offers() {
    if !certificates::can_be_made() {
        return;
    }
    let (bed, shared) = bed();
    let _daemon = bed.start();
    let browser = Browser::new(shared, "sogs.test");
    let offers: [(&[&[u8]], _); 4] = [
        (&[b"http/1.1"], Some(&b"http/1.1"[..])),
        (&[b"h2", b"http/1.1"], Some(b"http/1.1")),
        (&[b"smp/1"], Some(b"smp/1")),
        (&[], None),
    ];
    for (alpn, agreed) in offers {
        let browser = browser.clone().alpn(alpn);
        let stream = browser.connect().await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), agreed);
        let page = browser.get("/capabilities").await;
        assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    }
    assert_eq!(browser.names().await, ["sogs.test"]);
    // Nobody here speaks these alone.
    for alpn in [&b"h2"[..], b"imap", b"acme-tls/1"] {
        let refused = browser.clone().alpn(&[alpn]).connect().await;
        assert!(refused.is_err(), "{alpn:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_in_both_lists_is_one_port_and_part_of_the_servers_address() {
    if !certificates::can_be_made() {
        return;
    }
    let (bed, shared) = bed();
    let bed = bed.with("smp.listen", shared.to_string());
    let daemon = bed.start();
    let (client, _events) = Smp::of(&bed).client().await;
    client.ping().await.unwrap();
    let page = Browser::new(shared, "sogs.test").get("/").await;
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    let ready = daemon.wait_for_line("smp   ready", PATIENCE);
    let port = format!(":{}", shared.port());
    assert!(ready.ends_with(&port), "{ready}");
    daemon.wait_for_line(&format!("web   ready  https://{shared}"), PATIENCE);
}

#[test]
fn addresses_that_only_overlap_are_a_conflict_and_so_are_other_relays() {
    if !certificates::can_be_made() {
        return;
    }
    let (bed, shared) = bed();
    let wide = format!("0.0.0.0:{}", shared.port());
    for (key, address, hint) in [
        ("smp.listen", wide, true),
        ("sogs.listen", shared.to_string(), false),
    ] {
        let variable = format!("RELAYD__{}", key.to_uppercase().replace('.', "__"));
        let relayd = bed.relayd().env(variable, address);
        let exit = relayd.spawn().wait(PATIENCE);
        assert_eq!(exit.code, Some(64), "{exit:?}");
        assert!(exit.stderr.contains(key), "{}", exit.stderr);
        let told = exit.stderr.contains("both the same to share it");
        assert_eq!(told, hint, "{}", exit.stderr);
    }
}

#[test]
fn a_shared_port_without_a_certificate_is_refused_and_says_what_to_do() {
    let bed = Bed::new().with("web.tls_listen", Relayd::free_address().to_string());
    let exit = bed.relayd().spawn().wait(PATIENCE);
    assert_eq!(exit.code, Some(64));
    for part in ["web.tls_listen", "web.certificate", "web.acme.enabled"] {
        assert!(exit.stderr.contains(part), "{}", exit.stderr);
    }
}

/// What the server says before it closes, and how long that took.
fn until_closed(mut stream: &TcpStream) -> (Vec<u8>, Duration) {
    let begun = Instant::now();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut said = Vec::new();
    match stream.read_to_end(&mut said) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
    }
    (said, begun.elapsed())
}

/// A hello of TLS as OpenSSL says it, without a host or with.
fn hello(name: Option<&str>) -> Vec<u8> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut openssl = std::process::Command::new("openssl");
    openssl.args(["s_client", "-connect"]);
    openssl.arg(listener.local_addr().unwrap().to_string());
    match name {
        Some(name) => openssl.args(["-servername", name]),
        None => openssl.arg("-noservername"),
    };
    openssl.stdin(std::process::Stdio::null());
    openssl.stdout(std::process::Stdio::null());
    openssl.stderr(std::process::Stdio::null());
    let mut child = openssl.spawn().unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    let mut head = [0; 5];
    stream.read_exact(&mut head).unwrap();
    let mut body = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
    stream.read_exact(&mut body).unwrap();
    drop(stream);
    child.wait().unwrap();
    [&head[..], &body].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_half_hellos_and_the_slow_are_closed_in_time_and_in_nobodys_way() {
    if !certificates::can_be_made() {
        return;
    }
    let (bed, shared) = bed();
    let bed = bed.with("limits.handshake_timeout", "1s");
    let daemon = bed.start();
    let (named, unnamed) = (hello(Some("sogs.test")), hello(None));
    let http = b"GET / HTTP/1.1\r\nhost: sogs.test\r\n\r\n".to_vec();
    // At once, and with an alert where TLS has one.
    for garbage in [
        http,
        vec![0; 64],
        vec![22, 3, 1, 255, 255],
        vec![0xff; 40_000],
    ] {
        let mut stream = TcpStream::connect(shared).unwrap();
        // It may be closed before all is sent.
        let _ = stream.write_all(&garbage);
        let (said, took) = until_closed(&stream);
        assert!(said.len() < 100, "{said:?}");
        assert!(took < Duration::from_secs(10), "{took:?}");
    }
    // When their time is over: nothing, half a hello, all of it but nothing more.
    let halves = [
        &[][..],
        &named[..20],
        &unnamed[..90],
        &named[..],
        &unnamed[..],
    ];
    let held: Vec<_> = halves
        .iter()
        .map(|half| {
            let mut stream = TcpStream::connect(shared).unwrap();
            stream.write_all(half).unwrap();
            stream
        })
        .collect();
    let browser = Browser::new(shared, "sogs.test");
    assert!(browser.get("/").await.starts_with("HTTP/1.1 200 "));
    let (client, _events) = smp_at(&bed, shared).client().await;
    client.ping().await.unwrap();
    for stream in held {
        let (_, took) = until_closed(&stream);
        assert!(took < Duration::from_secs(10), "{took:?}");
    }
    client.ping().await.unwrap();
    let refused = |why: &str| {
        let name = "relayd_connections_refused_total{listener=\"web-tls\",reason=";
        see::count(&daemon, &format!("{name}\"{why}\""))
    };
    assert!(refused("handshake_timeout") >= 5);
    assert!(refused("tls") >= 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hello_in_single_bytes_is_understood() {
    if !certificates::can_be_made() {
        return;
    }
    let (bed, shared) = bed();
    let _daemon = bed.start();
    for name in [Some("sogs.test"), None] {
        let mut stream = TcpStream::connect(shared).unwrap();
        stream.set_nodelay(true).unwrap();
        for byte in hello(name) {
            stream.write_all(&[byte]).unwrap();
        }
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut kind = [0];
        stream.read_exact(&mut kind).unwrap();
        assert_eq!(kind, [HANDSHAKE], "{name:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_and_proxies_hold_as_elsewhere() {
    if !certificates::can_be_made() {
        return;
    }
    let (bed, shared) = bed();
    let bed = bed
        .with("web.proxy_protocol_from", vec!["127.0.0.1"])
        .with("limits.unlimited_from", Vec::<String>::new())
        .with("limits.max_connections_per_address", 2);
    let daemon = bed.start();
    let from = |client: &str| {
        let mut stream = TcpStream::connect(shared).unwrap();
        let header = format!("PROXY TCP4 {client} 192.0.2.1 4711 443\r\n");
        stream.write_all(header.as_bytes()).unwrap();
        stream.set_nonblocking(true).unwrap();
        tokio::net::TcpStream::from_std(stream).unwrap()
    };
    let smp = smp_at(&bed, shared);
    let mut clients = Vec::new();
    for client in ["198.51.100.1", "198.51.100.1", "198.51.100.2"] {
        let (client, events) = smp
            .dialer()
            .client_over(from(client), &mut rng())
            .await
            .unwrap();
        client.ping().await.unwrap();
        clients.push((client, events));
    }
    let third = smp
        .dialer()
        .client_over(from("198.51.100.1"), &mut rng())
        .await;
    assert!(third.is_err());
    let limited = "relayd_connections_refused_total{listener=\"web-tls\",reason=\"limit_address\"";
    assert_eq!(see::count(&daemon, limited), 1);
}

fn stopped(daemon: &Daemon) -> Duration {
    let begun = Instant::now();
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.wait(PATIENCE).code, Some(0));
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_nobody_who_asks_for_nothing() {
    if !certificates::can_be_made() {
        return;
    }
    let (bed, shared) = bed();
    let daemon = bed.start();
    let (client, _events) = smp_at(&bed, shared).client().await;
    client.ping().await.unwrap();
    let _idle = Browser::new(shared, "sogs.test").connect().await.unwrap();
    let _silent = TcpStream::connect(shared).unwrap();
    // The time limits for handshakes and for draining are longer.
    let took = tokio::task::spawn_blocking(move || stopped(&daemon));
    let took = took.await.unwrap();
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_get_what_they_came_for() {
    if !certificates::can_be_made() {
        return;
    }
    let (bed, shared) = bed();
    let _daemon = bed.start();
    let smp = smp_at(&bed, shared);
    let tasks: Vec<_> = (0..40)
        .map(|number| {
            let smp = smp.clone();
            tokio::spawn(async move {
                if number % 2 == 0 {
                    let (client, _events) = smp.client().await;
                    client.ping().await.unwrap();
                } else {
                    let page = Browser::new(smp.address, "sogs.test").get("/rooms").await;
                    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}
