//! Who may connect, how often, and for whom: limits for each address, PROXY headers, slow
//! clients, several addresses at once.

use std::net::{Ipv6Addr, SocketAddr, TcpListener};

use integration_tests::notes::noted;
use integration_tests::{Bed, PATIENCE, see};
use relay_testkit::http::{Address, Client, Connection, request};
use relay_testkit::{Daemon, Relayd, binaries, poll, skip};

/// A bed on which loopback is an address like any other.
fn limited(per_address: i64) -> Bed {
    Bed::new()
        .with_sogs()
        .with("limits.unlimited_from", Vec::<String>::new())
        .with("limits.max_connections_per_address", per_address)
}

/// A connection that sends `before` and then asks; it stays open when it was answered.
fn asks(address: impl Into<Address>, before: &[u8]) -> Option<Connection> {
    let mut connection = Connection::open(&address.into()).ok()?;
    let question = request("GET", "/livez", &[], b"");
    connection.send(&[before, &question].concat()).ok()?;
    let status = connection.response().ok()?.status;
    assert!(matches!(status, 200 | 404), "{status}");
    Some(connection)
}

/// How many connections a listener refused, and why.
fn refused(daemon: &Daemon, listener: &str, reason: &str) -> u64 {
    let name =
        format!("relayd_connections_refused_total{{listener=\"{listener}\",reason=\"{reason}\"");
    see::count(daemon, &name)
}

fn open(daemon: &Daemon, listener: &str) -> u64 {
    let name = format!("relayd_connections_open{{listener=\"{listener}\"");
    see::count(daemon, &name)
}

#[test]
fn one_connection_too_many_is_closed_at_once_and_room_comes_back() {
    let bed = limited(3);
    let daemon = bed.start();
    let sogs = bed.listen("sogs");
    let mut held: Vec<_> = (0..3).map(|_| asks(sogs, b"").unwrap()).collect();
    assert!(asks(sogs, b"").is_none(), "the fourth");
    assert!(refused(&daemon, "sogs", "limit_address") >= 1);
    assert_eq!(open(&daemon, "sogs"), 3);
    for connection in &mut held {
        connection.send(&request("GET", "/", &[], b"")).unwrap();
        assert_eq!(
            connection.response().unwrap().status,
            200,
            "nobody inside suffers"
        );
    }
    held.pop();
    let again = poll::until(PATIENCE, "room for another", || asks(sogs, b""));
    assert!(asks(sogs, b"").is_none(), "and for no more than that");
    drop((held, again));
    poll::until(PATIENCE, "all are gone", || {
        (open(&daemon, "sogs") == 0).then_some(())
    });
}

#[test]
fn monitoring_is_limited_too_and_the_admin_socket_is_not() {
    let bed = limited(3);
    let daemon = bed.start();
    let metrics = bed.listen("metrics");
    let held: Vec<_> = (0..3)
        .map(|_| poll::until(PATIENCE, "let in", || asks(metrics, b"")))
        .collect();
    assert!(asks(metrics, b"").is_none(), "the fourth");
    for _ in 0..10 {
        see::status(&daemon);
    }
    drop(held);
    see::readyz(&daemon, 200);
    assert!(refused(&daemon, "metrics", "limit_address") >= 1);
}

#[test]
fn exempt_networks_are_not_counted() {
    let bed = limited(2).with("limits.unlimited_from", vec!["127.0.0.0/8"]);
    let daemon = bed.start();
    let sogs = bed.listen("sogs");
    let held: Vec<_> = (0..10).map(|_| asks(sogs, b"").unwrap()).collect();
    assert_eq!(open(&daemon, "sogs"), 10);
    drop(held);
}

#[test]
fn connections_are_limited_in_all() {
    let bed = Bed::new().with_sogs().with("limits.max_connections", 4);
    let daemon = bed.start();
    let sogs = bed.listen("sogs");
    let held: Vec<_> = (0..4).map(|_| asks(sogs, b"").unwrap()).collect();
    assert!(asks(sogs, b"").is_none(), "the fifth");
    assert_eq!(refused(&daemon, "sogs", "limit_total"), 1);
    see::readyz(&daemon, 200);
    noted(&daemon.admin(), "operators are not shut out by clients");
    drop(held);
    poll::until(PATIENCE, "room comes back", || asks(sogs, b""));
}

/// A PROXY header of version 1.
fn v1(source: &str) -> Vec<u8> {
    let family = if source.contains(':') { "TCP6" } else { "TCP4" };
    let target = if source.contains(':') {
        "::1"
    } else {
        "127.0.0.1"
    };
    format!("PROXY {family} {source} {target} 4711 80\r\n").into_bytes()
}

/// A PROXY header of version 2, with something after the addresses.
fn v2(source: [u8; 4]) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x11".to_vec();
    header.extend(source);
    header.extend([127, 0, 0, 1, 0x12, 0x67, 0, 80]);
    header.extend([0xea, 0, 2, 1, 2]);
    header
}

/// A PROXY header of version 2 by which a proxy speaks for itself.
const LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

#[test]
fn limits_count_for_the_client_whom_a_trusted_proxy_names() {
    let bed = limited(2).with("sogs.proxy_protocol_from", vec!["127.0.0.1"]);
    let daemon = bed.start();
    let sogs = bed.listen("sogs");
    let first = [
        asks(sogs, &v1("203.0.113.1")),
        asks(sogs, &v2([203, 0, 113, 1])),
    ];
    assert!(first.iter().all(Option::is_some));
    assert!(
        asks(sogs, &v1("203.0.113.1")).is_none(),
        "the third of one client"
    );
    assert!(
        asks(sogs, &v2([203, 0, 113, 1])).is_none(),
        "in either version"
    );
    assert_eq!(refused(&daemon, "sogs", "limit_address"), 2);

    let others = [
        v1("203.0.113.2"),
        v2([203, 0, 113, 3]),
        LOCAL.to_vec(),
        LOCAL.to_vec(),
    ];
    let others = others.map(|header| asks(sogs, &header));
    assert!(others.iter().all(Option::is_some), "each has its own count");
    assert!(asks(sogs, LOCAL).is_none(), "the proxy has one, too");

    let network = ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9"];
    let network = network.map(|source| asks(sogs, &v1(source)));
    assert!(network.iter().all(Option::is_some));
    assert!(
        asks(sogs, &v1("2001:db8:1:2::77")).is_none(),
        "a /64 is one client"
    );
    assert!(asks(sogs, &v1("2001:db8:1:3::1")).is_some());
    drop(first);
    poll::until(PATIENCE, "room for the first again", || {
        asks(sogs, &v1("203.0.113.1"))
    });
}

#[test]
fn from_a_proxy_everything_else_than_a_header_is_closed() {
    let bed = limited(100).with("sogs.proxy_protocol_from", vec!["127.0.0.0/8"]);
    let daemon = bed.start();
    let sogs = bed.listen("sogs");
    let long = format!("PROXY TCP4 {} 1 2\r\n", "1".repeat(200));
    let garbage: [&[u8]; 9] = [
        b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n",
        b"PROXY TCP4 203.0.113.1\r\n",
        b"PROXY TCP4 300.0.113.1 127.0.0.1 1 2\r\n",
        b"PROXY TCP5 203.0.113.1 127.0.0.1 1 2\r\n",
        b"proxy TCP4 203.0.113.1 127.0.0.1 1 2\r\n",
        long.as_bytes(),
        b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\x0c............",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff............",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x02..",
    ];
    for (count, bytes) in (1..).zip(garbage) {
        let shown = String::from_utf8_lossy(bytes);
        assert!(asks(sogs, bytes).is_none(), "{shown:?}");
        let counted = refused(&daemon, "sogs", "proxy_header");
        assert_eq!(counted, count, "{shown:?}");
    }
    assert!(asks(sogs, &v1("203.0.113.1")).is_some());
    assert_eq!(
        see::metric(&daemon, "relayd_connection_panics_total"),
        Some(0.0)
    );
}

#[test]
fn a_header_from_elsewhere_is_not_believed() {
    let bed = limited(2).with("sogs.proxy_protocol_from", vec!["192.0.2.0/24"]);
    let daemon = bed.start();
    let sogs = bed.listen("sogs");
    let mut liar = Connection::open(&sogs.into()).unwrap();
    let question = request("GET", "/", &[], b"");
    liar.send(&[v1("203.0.113.1"), question].concat()).unwrap();
    assert_eq!(liar.response().unwrap().status, 400);
    assert!(asks(sogs, b"").is_some());
    assert_eq!(refused(&daemon, "sogs", "proxy_header"), 0);
}

#[test]
fn a_client_that_never_finishes_its_greeting_is_cut_off() {
    let bed = limited(100)
        .with("limits.handshake_timeout", "300ms")
        .with("sogs.proxy_protocol_from", vec!["127.0.0.0/8"]);
    let daemon = bed.start();
    let sogs = bed.listen("sogs");
    for half in [&b""[..], b"PROXY TC", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0"] {
        let mut slow = Connection::open(&sogs.into()).unwrap();
        slow.send(half).unwrap();
        // Blocks until the daemon closes; the kit's own patience is an error.
        assert_eq!(slow.rest().unwrap(), b"");
    }
    assert_eq!(refused(&daemon, "sogs", "handshake_timeout"), 3);
}

#[test]
fn a_client_that_never_finishes_its_first_request_is_cut_off() {
    let bed = limited(100).with("limits.handshake_timeout", "300ms");
    let daemon = bed.start();
    for listener in ["sogs", "metrics"] {
        for half in [&b""[..], b"GET /li", b"GET /livez HTTP/1.1\r\nx: y\r\n"] {
            let mut slow = Connection::open(&bed.listen(listener).into()).unwrap();
            slow.send(half).unwrap();
            let rest = slow.rest();
            let answer = String::from_utf8(rest.unwrap()).unwrap();
            assert!(
                answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
                "{answer}"
            );
        }
        // Whoever has asked once may think for longer.
        let mut patient = asks(bed.listen(listener), b"").unwrap();
        let mut slow = Connection::open(&bed.listen(listener).into()).unwrap();
        slow.send(b"GET").unwrap();
        slow.rest().unwrap();
        patient.send(&request("GET", "/livez", &[], b"")).unwrap();
        assert!(patient.response().is_ok());
    }
    poll::until(PATIENCE, "their room is free", || {
        (open(&daemon, "sogs") == 0).then_some(())
    });
}

#[test]
fn half_open_connections_at_the_metrics_port_do_not_shut_the_operator_out() {
    let bed = Bed::new();
    let daemon = bed.start();
    let metrics = bed.listen("metrics");
    let half_open: Vec<_> = (0..300)
        .map(|_| Connection::open(&metrics.into()).unwrap())
        .collect();
    // Whoever comes later has waited until all of them were accepted or refused.
    let _ = asks(metrics, b"");
    noted(&daemon.admin(), "the operator gets in");
    drop(half_open);
    see::readyz(&daemon, 200);
}

fn has_ipv6() -> bool {
    let there = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok();
    if !there {
        skip::loudly(
            "there is no IPv6 here",
            "switch IPv6 on for the loopback interface",
        );
    }
    there
}

#[test]
fn several_addresses_are_served_at_once() {
    if !has_ipv6() {
        return;
    }
    let mut bed = Bed::new().with_sogs();
    let v4 = Relayd::free_address();
    let v6 = SocketAddr::new(Ipv6Addr::LOCALHOST.into(), Relayd::free_address().port());
    let unix = bed.dir().join("sogs.sock");
    let listen = vec![
        v4.to_string(),
        v6.to_string(),
        format!("unix:{}", unix.display()),
    ];
    bed.set("sogs.listen", listen.clone());
    let daemon = bed.start();
    for address in [Address::from(v4), Address::from(v6), Address::from(&*unix)] {
        let answer = Client::new(address.clone()).get("/").unwrap();
        assert_eq!(answer.status, 200, "{address:?}");
    }
    assert_eq!(see::mode(&unix), 0o660);
    let line = daemon.wait_for_line("sogs ", PATIENCE);
    assert!(
        listen.iter().all(|address| line.contains(address)),
        "{line}"
    );
    daemon.signal(relay_testkit::Signal::TERM);
    assert_eq!(daemon.wait(PATIENCE).code, Some(0));
    assert!(!unix.exists());
}

#[test]
fn a_wildcard_serves_both_families() {
    if !has_ipv6() {
        return;
    }
    let port = Relayd::free_address().port();
    let bed = Bed::new()
        .with_sogs()
        .with("sogs.listen", format!(":{port}"));
    let _daemon = bed.start();
    for ip in ["127.0.0.1", "::1"] {
        let address = SocketAddr::new(ip.parse().unwrap(), port);
        assert_eq!(Client::new(address).get("/").unwrap().status, 200, "{ip}");
    }
}

#[test]
fn metrics_can_be_switched_off() {
    let bed = Bed::new().with("metrics.listen", Vec::<String>::new());
    let daemon = bed.start();
    assert_eq!(see::status(&daemon)["ready"], true);
    let line = daemon.wait_for_line("relayd ", PATIENCE);
    assert!(!line.contains("metrics"), "{line}");
}

#[test]
fn running_out_of_descriptors_is_survived() {
    let bed = Bed::new().with_sogs();
    let script = "ulimit -n 64; exec \"$0\" \"$@\"";
    let relayd = bed.relayd().program("/bin/sh").arg("-c").arg(script);
    let daemon = relayd.arg(binaries::relayd()).spawn();
    see::serving(&daemon);
    let sogs = bed.listen("sogs");
    let crowd: Vec<_> = (0..100)
        .map(|_| Connection::open(&sogs.into()).unwrap())
        .collect();
    daemon.wait_for_line("cannot accept connections", PATIENCE);
    drop(crowd);
    poll::until(PATIENCE, "clients are served again", || {
        Client::new(sogs).get("/").is_ok().then_some(())
    });
    noted(&daemon.admin(), "operators, too");
    assert!(see::metric(&daemon, "relayd_accept_errors_total") >= Some(1.0));
    assert_eq!(see::metric(&daemon, "relayd_store_healthy"), Some(1.0));
    let warnings = daemon.stderr().matches("cannot accept connections").count();
    assert!(warnings < 10, "{warnings} warnings of one trouble");
}
