//! The accept loop: limits, deadlines, failures, panics, pause and drain.

use std::{io, os::fd::AsFd, sync::Arc, time::Duration};

use relay_core::net::{
    AcceptOptions, BindOptions, Conn, ConnectionLimits, Drain, Listen, ListenAddr, Listener, Peer,
    Socket,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    sync::{Mutex, mpsc},
    task::JoinSet,
    time::Instant,
};

use crate::support::{
    Echo, Log, ServeWith, Server, bind, is_closed, is_served, limits, until, within,
};

#[tokio::test]
async fn one_too_many_is_refused_at_once_and_freed_on_drop() {
    let server = Server::start(Echo, limits(3), AcceptOptions::default());
    let mut inside = Vec::new();
    for _ in 0..3 {
        let mut client = server.connect().await;
        assert!(is_served(&mut client).await);
        inside.push(client);
    }
    assert!(within(is_closed(&mut server.connect().await)).await);
    assert_eq!(server.refused("limit_address"), 1);
    assert_eq!(server.metric("connections_open", ""), 3);

    inside.pop();
    until(|| server.gate.open() == 2).await;
    assert!(is_served(&mut server.connect().await).await);
    assert!(is_served(&mut inside[0]).await);
    assert_eq!(server.metric("connections_accepted_total", ""), 5);
    server.drained().await;
}

#[tokio::test]
async fn the_total_is_limited_and_can_be_raised_while_running() {
    let narrow = ConnectionLimits {
        max_connections: 1,
        ..ConnectionLimits::default()
    };
    let server = Server::start(Echo, narrow.clone(), AcceptOptions::default());
    let mut first = server.connect().await;
    assert!(is_served(&mut first).await);
    assert!(within(is_closed(&mut server.connect().await)).await);
    assert_eq!(server.refused("limit_total"), 1);
    server.gate.set_limits(ConnectionLimits {
        max_connections: 2,
        ..narrow
    });
    assert!(is_served(&mut server.connect().await).await);
}

#[tokio::test]
async fn a_dual_stack_listener_sees_ipv4_clients_as_ipv4() {
    let (sender, mut peers) = mpsc::channel(1);
    let service = ServeWith(move |conn: Conn, _| {
        let sender = sender.clone();
        async move {
            sender
                .send((conn.peer().clone(), conn.local().clone()))
                .await
                .unwrap();
        }
    });
    let server = Server::on(
        bind(":0"),
        service,
        ConnectionLimits::default(),
        AcceptOptions::default(),
    );
    let port = server.addr().port();
    let _client = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let (peer, local) = within(peers.recv()).await.unwrap();
    assert_eq!(peer.ip(), Some([127, 0, 0, 1].into()));
    assert_eq!(local.to_string(), format!("[::]:{port}"));
}

#[tokio::test]
async fn a_panic_ends_its_connection_only() {
    let log = Log::capture();
    let service = ServeWith(async |conn: Conn, _| {
        let (mut stream, _) = conn.into_parts();
        let mut byte = [0];
        while stream.read_exact(&mut byte).await.is_ok() {
            assert_ne!(byte, *b"!", "what the peer sent");
            stream.write_all(&byte).await.unwrap();
        }
    });
    let server = Server::plain(service);
    let mut neighbour = server.connect().await;
    assert!(is_served(&mut neighbour).await);
    let mut client = server.connect().await;
    client.write_all(b"!").await.unwrap();
    assert!(within(is_closed(&mut client)).await);

    assert!(is_served(&mut neighbour).await);
    assert!(is_served(&mut server.connect().await).await);
    assert_eq!(server.metric("connection_panics_total", ""), 1);
    let text = log.text();
    assert!(
        text.contains("ERROR") && text.contains("tests/net/accept.rs:"),
        "{text}"
    );
    assert!(
        !text.contains("what the peer sent") && !text.contains("127.0.0.1"),
        "{text}"
    );
}

#[tokio::test]
async fn connections_in_the_backlog_of_a_drained_socket_go_to_its_heir() {
    let server = Server::plain(Echo);
    let (addr, listener) = (server.addr(), Arc::clone(&server.listener));
    server.drained().await;
    let mut waiting = within(TcpStream::connect(addr)).await.unwrap();
    waiting.write_all(b"ping").await.unwrap();
    // A second process could take it now: so this one does.
    let handed_over = listener.as_fd().try_clone_to_owned().unwrap();
    let options = BindOptions::new("test.listen");
    let heir = Listener::from_fd("test", listener.local(), handed_over, &options).unwrap();
    let heir = Server::on(
        heir,
        Echo,
        ConnectionLimits::default(),
        AcceptOptions::default(),
    );
    let mut answer = [0; 4];
    within(waiting.read_exact(&mut answer)).await.unwrap();
    assert_eq!(heir.metric("connections_accepted_total", ""), 1);
    heir.drained().await;
}

#[tokio::test]
async fn a_drain_accepts_nothing_more_but_keeps_the_socket() {
    let server = Server::plain(Echo);
    let mut client = server.connect().await;
    assert!(is_served(&mut client).await);
    let (addr, listener) = (server.addr(), Arc::clone(&server.listener));
    server.drained().await;
    assert!(within(is_closed(&mut client)).await);
    // The backlog of the open socket still takes connections, for whoever accepts next.
    let mut waiting = within(TcpStream::connect(addr)).await.unwrap();
    drop(listener);
    assert!(within(is_closed(&mut waiting)).await);
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn when_the_drain_has_ended_nobody_stays() {
    let service = ServeWith(async |conn: Conn, drain: Drain| {
        let (mut stream, _) = conn.into_parts();
        stream.write_all(b"hello").await.unwrap();
        drain.ended().await;
        // Polled once more: what needs no waiting still happens.
        stream.write_all(b"bye").await.unwrap();
        std::future::pending::<()>().await;
    });
    let server = Server::plain(service);
    let mut client = server.connect().await;
    let mut said = [0; 5];
    within(client.read_exact(&mut said)).await.unwrap();
    server.drainer.request();
    tokio::task::yield_now().await;
    assert!(!server.running.is_finished());
    server.drainer.end();
    within(server.running).await.unwrap();
    let mut rest = Vec::new();
    within(client.read_to_end(&mut rest)).await.unwrap();
    assert_eq!(rest, b"bye");
    assert_eq!(server.gate.open(), 0);
}

/// Fails as often as told, then hands out connections.
struct Faulty {
    errors: Mutex<Vec<rustix::io::Errno>>,
    calls: mpsc::Sender<Instant>,
    clients: Mutex<mpsc::Receiver<UnixStream>>,
}

impl Listen for Faulty {
    async fn accept(&self) -> io::Result<(Socket, Peer)> {
        self.calls.send(Instant::now()).await.unwrap();
        if let Some(errno) = self.errors.lock().await.pop() {
            return Err(errno.into());
        }
        match self.clients.lock().await.recv().await {
            Some(client) => Ok((Socket::Unix(client), Peer::unix(None))),
            None => std::future::pending().await,
        }
    }

    fn local(&self) -> Arc<ListenAddr> {
        Arc::new(ListenAddr::Unix("/test".into()))
    }

    fn name(&self) -> &'static str {
        "test"
    }
}

#[tokio::test(start_paused = true)]
async fn too_many_open_files_are_survived_with_growing_pauses() {
    use rustix::io::Errno;
    let log = Log::capture();
    let (calls, mut called) = mpsc::channel(100);
    let (clients, accepted) = mpsc::channel(1);
    // Taken from the end.
    let mut errors = vec![Errno::MFILE; 10];
    errors.insert(8, Errno::CONNABORTED);
    let faulty = Faulty {
        errors: Mutex::new(errors),
        calls,
        clients: Mutex::new(accepted),
    };
    let server = Server::on(
        faulty,
        Echo,
        ConnectionLimits::default(),
        AcceptOptions::default(),
    );

    let (mut client, other_end) = UnixStream::pair().unwrap();
    clients.send(other_end).await.unwrap();
    client.write_all(b"ping").await.unwrap();
    let mut answer = [0; 4];
    client.read_exact(&mut answer).await.unwrap();

    let mut times = Vec::new();
    while let Ok(time) = called.try_recv() {
        times.push(time);
    }
    let pauses: Vec<_> = times
        .windows(2)
        .take(11)
        .map(|pair| (pair[1] - pair[0]).as_millis())
        .collect();
    assert_eq!(pauses, [5, 10, 0, 20, 40, 80, 160, 320, 640, 1000, 1000]);
    assert_eq!(server.metric("accept_errors_total", ""), 10);
    assert_eq!(log.text().matches("WARN").count(), 1, "{}", log.text());
    assert_eq!(log.text().matches("accepting connections again").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_drain_does_not_wait_for_a_pause() {
    let (calls, _called) = mpsc::channel(100);
    let (_clients, accepted) = mpsc::channel(1);
    let errors = Mutex::new(vec![rustix::io::Errno::MFILE; 50]);
    let faulty = Faulty {
        errors,
        calls,
        clients: Mutex::new(accepted),
    };
    let server = Server::on(
        faulty,
        Echo,
        ConnectionLimits::default(),
        AcceptOptions::default(),
    );
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let before = Instant::now();
    server.drainer.request();
    server.running.await.unwrap();
    assert_eq!(Instant::now(), before);
}

#[tokio::test]
async fn many_clients_at_once_are_all_served() {
    let server = Server::plain(Echo);
    let addr = server.addr();
    let mut clients: JoinSet<bool> = (0..200)
        .map(|_| async move { is_served(&mut TcpStream::connect(addr).await.unwrap()).await })
        .collect();
    while let Some(served) = within(clients.join_next()).await {
        assert!(served.unwrap());
    }
    until(|| server.gate.open() == 0).await;
    assert_eq!(server.metric("connections_accepted_total", ""), 200);
}
