//! A server around one listener, and small services to put behind it.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::BoxFuture;
use prometheus::{Registry, TextEncoder};
use relay_core::net::{
    AcceptOptions, Acceptor, BindOptions, Conn, ConnectionLimits, Drain, Drainer, Gate, Listen,
    ListenAddr, Listener, NetMetrics, Service,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
    time::{sleep, timeout},
};

/// An acceptor that runs.
pub(crate) struct Server<L = Listener> {
    pub(crate) listener: Arc<L>,
    pub(crate) gate: Gate,
    pub(crate) drainer: Drainer,
    pub(crate) running: JoinHandle<()>,
    registry: Registry,
}

impl<L: Listen> Server<L> {
    pub(crate) fn on(
        listener: L,
        service: impl Service,
        limits: ConnectionLimits,
        options: AcceptOptions,
    ) -> Self {
        let (listener, gate, drainer) = (Arc::new(listener), Gate::new(limits), Drainer::new());
        let registry = Registry::new();
        let metrics = NetMetrics::register(&registry).unwrap();
        let acceptor = Acceptor {
            listener: Arc::clone(&listener),
            gate: gate.clone(),
            options,
            service: Arc::new(service),
            metrics: metrics.listener(listener.name()),
            drain: drainer.drain(),
        };
        let running = tokio::spawn(acceptor.run());
        Self {
            listener,
            gate,
            drainer,
            running,
            registry,
        }
    }

    /// The value of a sample, written as in the exposition: `relayd_connections_open{listener="test"}`.
    pub(crate) fn metric(&self, name: &str, labels: &str) -> u64 {
        let sample = format!(r#"relayd_{name}{{listener="test"{labels}}} "#);
        let text = TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .unwrap();
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(&sample))
            .unwrap();
        value.parse().unwrap()
    }

    pub(crate) fn refused(&self, reason: &str) -> u64 {
        self.metric(
            "connections_refused_total",
            &format!(r#",reason="{reason}""#),
        )
    }

    pub(crate) async fn drained(self) {
        self.drainer.request();
        within(self.running).await.unwrap();
    }
}

impl Server {
    pub(crate) fn start(
        service: impl Service,
        limits: ConnectionLimits,
        options: AcceptOptions,
    ) -> Self {
        Self::on(listener(), service, limits, options)
    }

    /// Without PROXY protocol and TLS, with wide limits.
    pub(crate) fn plain(service: impl Service) -> Self {
        Self::start(
            service,
            ConnectionLimits::default(),
            AcceptOptions::default(),
        )
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        tcp_addr(self.listener.local())
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.addr()).await.unwrap()
    }
}

pub(crate) fn listener() -> Listener {
    bind("127.0.0.1:0")
}

pub(crate) fn bind(addr: &str) -> Listener {
    Listener::bind(
        "test",
        &addr.parse().unwrap(),
        &BindOptions::new("test.listen"),
    )
    .unwrap()
}

pub(crate) fn tcp_addr(addr: &ListenAddr) -> SocketAddr {
    match addr {
        ListenAddr::Tcp(addr) => *addr,
        ListenAddr::Unix(_) => panic!("{addr} is no TCP address"),
    }
}

/// Limits that also count loopback.
pub(crate) fn limits(per_address: usize) -> ConnectionLimits {
    ConnectionLimits {
        max_connections_per_address: per_address,
        exempt: vec![],
        ..ConnectionLimits::default()
    }
}

pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    timeout(Duration::from_secs(20), future).await.unwrap()
}

pub(crate) async fn until(condition: impl Fn() -> bool) {
    within(async {
        while !condition() {
            sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

/// Whether the stream is answered by [`Echo`].
pub(crate) async fn is_served(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> bool {
    let mut answer = [0; 4];
    let echoed = async {
        stream.write_all(b"ping").await?;
        stream.read_exact(&mut answer).await
    };
    within(echoed).await.is_ok() && answer == *b"ping"
}

/// Whether the other side closed: an orderly end, or a reset because it left bytes unread.
pub(crate) async fn is_closed(stream: &mut (impl AsyncRead + Unpin)) -> bool {
    let mut rest = Vec::new();
    let read = stream.read_to_end(&mut rest).await;
    rest.is_empty()
        && read.map_or_else(
            |error| error.kind() == std::io::ErrorKind::ConnectionReset,
            |n| n == 0,
        )
}

/// Sends back what it gets, until the end or a drain.
pub(crate) struct Echo;

impl Service for Echo {
    fn serve(&self, conn: Conn, drain: Drain) -> BoxFuture<'static, ()> {
        let (mut reader, mut writer) = tokio::io::split(conn.into_parts().0);
        Box::pin(async move {
            tokio::select! {
                _ = tokio::io::copy(&mut reader, &mut writer) => {}
                () = drain.requested() => {}
            }
        })
    }
}

/// Makes a service of a function.
pub(crate) struct ServeWith<F>(pub(crate) F);

impl<F, Fut> Service for ServeWith<F>
where
    F: Fn(Conn, Drain) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    fn serve(&self, conn: Conn, drain: Drain) -> BoxFuture<'static, ()> {
        Box::pin((self.0)(conn, drain))
    }
}

/// What was logged on this thread while it lives.
pub(crate) struct Log {
    lines: Arc<Mutex<Vec<u8>>>,
    _guard: tracing::subscriber::DefaultGuard,
}

impl Log {
    pub(crate) fn capture() -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&lines);
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || Lines(Arc::clone(&sink)))
            .with_ansi(false)
            .with_max_level(tracing::Level::DEBUG)
            .finish();
        Self {
            lines,
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.lines.lock().unwrap().clone()).unwrap()
    }
}

struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
