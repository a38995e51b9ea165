//! HTTP over real sockets: who asks, drain, panics, limits of the headers.

use std::{sync::Arc, time::Duration};

use axum::{Extension, Router, routing::get};
use relay_core::net::{AcceptOptions, ConnectionLimits, Http, Peer};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::UnixStream,
    net::unix::UCred,
    sync::Notify,
    time::Instant,
};

use crate::support::{Log, Server, bind, is_closed, within};

async fn send(stream: &mut (impl AsyncWrite + Unpin), path: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
}

/// One answer, its status line and its body, by `content-length`.
async fn receive(stream: &mut (impl AsyncRead + Unpin)) -> (String, String) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(within(stream.read_u8()).await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    within(stream.read_exact(&mut body)).await.unwrap();
    (head, String::from_utf8(body).unwrap())
}

async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), path: &str) -> (String, String) {
    send(stream, path).await;
    receive(stream).await
}

async fn who(Extension(peer): Extension<Peer>, credentials: Option<Extension<UCred>>) -> String {
    let uid = credentials.map(|Extension(credentials)| credentials.uid());
    format!("{} {} {uid:?}", peer.is_unix(), peer.is_loopback())
}

#[tokio::test]
async fn handlers_know_the_peer() {
    let router = Router::new().route("/who", get(who));
    let server = Server::plain(Http::new(router));
    let mut client = server.connect().await;
    assert_eq!(ask(&mut client, "/who").await.1, "false true None");
    assert_eq!(ask(&mut client, "/who").await.1, "false true None");
}

#[tokio::test]
async fn handlers_know_the_process_behind_a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("http.sock");
    let listener = bind(&format!("unix:{}", path.display()));
    let http = Http::new(Router::new().route("/who", get(who)));
    let _server = Server::on(
        listener,
        http,
        ConnectionLimits::default(),
        AcceptOptions::default(),
    );
    let mut client = UnixStream::connect(&path).await.unwrap();
    let uid = rustix::process::getuid().as_raw();
    assert_eq!(
        ask(&mut client, "/who").await.1,
        format!("true true Some({uid})")
    );
}

#[tokio::test]
async fn a_drain_finishes_what_is_in_flight_and_closes_what_is_idle() {
    let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let slow = {
        let (entered, leave) = (Arc::clone(&entered), Arc::clone(&leave));
        move || async move {
            entered.notify_one();
            leave.notified().await;
            "done"
        }
    };
    let router = Router::new()
        .route("/", get(async || "here"))
        .route("/slow", get(slow));
    let server = Server::plain(Http::new(router));
    let (mut idle, mut fresh, mut busy) = (
        server.connect().await,
        server.connect().await,
        server.connect().await,
    );
    assert_eq!(ask(&mut idle, "/").await.1, "here");
    send(&mut busy, "/slow").await;
    within(entered.notified()).await;

    server.drainer.request();
    assert!(within(is_closed(&mut idle)).await);
    assert!(within(is_closed(&mut fresh)).await);
    assert!(!server.running.is_finished());
    leave.notify_one();
    let (head, body) = receive(&mut busy).await;
    assert_eq!(body, "done");
    assert!(head.contains("connection: close"), "{head}");
    assert!(within(is_closed(&mut busy)).await);
    within(server.running).await.unwrap();
}

#[tokio::test]
async fn a_panicking_handler_answers_500() {
    let log = Log::capture();
    let router = Router::new().route("/", get(async || "here")).route(
        "/panic",
        get(async || -> &'static str { panic!("what the peer sent") }),
    );
    let server = Server::plain(Http::new(router));
    let mut client = server.connect().await;
    let (head, body) = ask(&mut client, "/panic").await;
    assert!(head.starts_with("http/1.1 500"), "{head}");
    assert_eq!(body, "internal error\n");
    assert_eq!(ask(&mut client, "/").await.1, "here");
    assert_eq!(server.metric("connection_panics_total", ""), 1);
    let text = log.text();
    assert!(text.contains("tests/net/http.rs:"), "{text}");
    assert!(
        !text.contains("what the peer sent") && !text.contains("127.0.0.1"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn slow_headers_are_cut() {
    let http = Http::new(Router::new()).header_read_timeout(Duration::from_secs(5));
    let server = Server::plain(http);
    let started = Instant::now();
    let mut client = server.connect().await;
    client.write_all(b"GET / HTTP/1.1\r\nHost:").await.unwrap();
    let mut answer = Vec::new();
    let _ = client.read_to_end(&mut answer).await;
    let waited = started.elapsed();
    assert!((5.0..5.1).contains(&waited.as_secs_f64()), "{waited:?}");
}

#[tokio::test]
async fn too_much_header_is_refused() {
    let server = Server::plain(Http::new(Router::new()));
    let mut client = server.connect().await;
    let request = format!(
        "GET / HTTP/1.1\r\nHost: test\r\nX: {}\r\n\r\n",
        "x".repeat(17_000)
    );
    client.write_all(request.as_bytes()).await.unwrap();
    assert!(receive(&mut client).await.0.starts_with("http/1.1 431"));
}
