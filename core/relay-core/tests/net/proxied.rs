//! PROXY headers: whom they are believed, whom the limits count, and the deadline.

use std::time::Duration;

use relay_core::net::{AcceptOptions, Conn, ConnectionLimits};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
    time::Instant,
};

use crate::support::{Echo, ServeWith, Server, is_closed, is_served, limits, within};

fn from_loopback() -> AcceptOptions {
    AcceptOptions {
        proxy_protocol_from: vec!["127.0.0.0/8".parse().unwrap()],
        ..AcceptOptions::default()
    }
}

async fn connect_for(server: &Server, header: &[u8]) -> TcpStream {
    let mut client = server.connect().await;
    client.write_all(header).await.unwrap();
    client
}

fn v1(source: &str) -> Vec<u8> {
    format!("PROXY TCP6 {source} ::1 4711 80\r\n").into_bytes()
}

fn v2(source: [u8; 4]) -> Vec<u8> {
    let start = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c";
    [&start[..], &source, &[127, 0, 0, 1], &[0, 9, 0, 80]].concat()
}

#[tokio::test]
async fn limits_count_the_client_and_not_the_proxy() {
    let server = Server::start(Echo, limits(1), from_loopback());
    let mut one = connect_for(&server, &v1("2001:db8::1")).await;
    assert!(is_served(&mut one).await);
    let mut same_network = connect_for(&server, &v1("2001:db8::2")).await;
    assert!(within(is_closed(&mut same_network)).await);
    assert_eq!(server.refused("limit_address"), 1);
    let mut other_network = connect_for(&server, &v1("2001:db8:0:1::1")).await;
    assert!(is_served(&mut other_network).await);
    let mut two = connect_for(&server, &v2([192, 0, 2, 1])).await;
    assert!(is_served(&mut two).await);
    let mut again = connect_for(&server, &v2([192, 0, 2, 1])).await;
    assert!(within(is_closed(&mut again)).await);
    assert_eq!(server.refused("limit_address"), 2);
    assert_eq!(server.gate.open(), 3);
}

#[tokio::test]
async fn the_service_sees_the_client() {
    let (sender, mut peers) = mpsc::channel(1);
    let service = ServeWith(move |conn: Conn, _| {
        let sender = sender.clone();
        async move { sender.send(conn.peer().ip().unwrap()).await.unwrap() }
    });
    let server = Server::start(service, ConnectionLimits::default(), from_loopback());
    for (header, seen) in [
        (v2([192, 0, 2, 7]), "192.0.2.7"),
        (v1("::ffff:192.0.2.7"), "192.0.2.7"),
        (b"PROXY UNKNOWN\r\n".to_vec(), "127.0.0.1"),
    ] {
        let _client = connect_for(&server, &header).await;
        assert_eq!(within(peers.recv()).await.unwrap().to_string(), seen);
    }
}

#[tokio::test]
async fn from_others_a_header_is_just_bytes() {
    let server = Server::plain(Echo);
    let header = v2([192, 0, 2, 1]);
    let mut client = connect_for(&server, &header).await;
    let mut echoed = vec![0; header.len()];
    within(client.read_exact(&mut echoed)).await.unwrap();
    assert_eq!(echoed, header);
}

#[tokio::test]
async fn garbage_closes_its_connection_and_no_other() {
    let server = Server::start(Echo, ConnectionLimits::default(), from_loopback());
    let mut neighbour = connect_for(&server, &v2([192, 0, 2, 1])).await;
    assert!(is_served(&mut neighbour).await);
    for garbage in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"PROXY TCP9 x\r\n",
        b"\r\n\r\n\0\r\nQUIT\n\x99",
    ] {
        let mut client = connect_for(&server, garbage).await;
        assert!(within(is_closed(&mut client)).await);
    }
    assert_eq!(server.refused("proxy_header"), 3);
    assert!(is_served(&mut neighbour).await);
}

#[tokio::test(start_paused = true)]
async fn half_a_header_is_cut_at_the_deadline() {
    let limits = ConnectionLimits {
        handshake_timeout: Duration::from_secs(7),
        ..ConnectionLimits::default()
    };
    let server = Server::start(Echo, limits, from_loopback());
    let started = Instant::now();
    let mut client = connect_for(&server, b"PROXY TCP4 192.").await;
    assert!(is_closed(&mut client).await);
    let waited = started.elapsed();
    assert!((7.0..7.1).contains(&waited.as_secs_f64()), "{waited:?}");
    assert_eq!(server.refused("handshake_timeout"), 1);
    assert_eq!(server.gate.open(), 0);
}
