//! The accept loop: from a listening socket to a served connection.
//!
//! - Limits are checked before anything is read; what they refuse is closed at once.
//! - PROXY header, if the client is a trusted proxy, and TLS handshake share one deadline. After the header the
//!   limits apply to the client it names.
//! - Every connection has a task of its own. A panic there is counted, logged by its place in the source, and
//!   ends that connection only.
//! - Failures to accept, such as too many open files, are survived with growing pauses.
//! - On drain nothing more is accepted, but the listening socket stays open: it belongs to the caller, who may have
//!   handed it to another process.

mod entrance;

use std::{fmt, io, sync::Arc, time::Duration};

use ipnet::IpNet;
use rustix::io::Errno;
use tokio::time::sleep;
use tokio_util::task::TaskTracker;

use self::entrance::Entrance;
use super::{
    Drain, Gate, ListenAddr, Listener, ListenerMetrics, Network, Peer, ServerTls, Service, Socket,
};

const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How connections begin.
#[derive(Clone, Debug, Default)]
pub struct AcceptOptions {
    /// Proxies: connections from here must begin with a PROXY header, from elsewhere none is read.
    pub proxy_protocol_from: Vec<IpNet>,
    /// The same for all connections of a unix socket.
    pub proxy_protocol_from_unix: bool,
    /// Do a TLS handshake.
    pub tls: Option<Arc<ServerTls>>,
}

impl AcceptOptions {
    /// Plain connections; those from `proxies` begin with a PROXY header.
    pub fn behind(proxies: &[Network]) -> Self {
        let proxy_protocol_from = proxies.iter().map(|network| network.get()).collect();
        Self {
            proxy_protocol_from,
            ..Self::default()
        }
    }
}

/// Where connections come from. A [`Listener`], or a test's stand-in that fails on demand.
pub trait Listen: Send + Sync + 'static {
    /// The next connection. Cancel-safe.
    fn accept(&self) -> impl Future<Output = io::Result<(Socket, Peer)>> + Send;
    /// The address listened on.
    fn local(&self) -> Arc<ListenAddr>;
    /// The listener's name.
    fn name(&self) -> &str;
}

impl Listen for Listener {
    fn accept(&self) -> impl Future<Output = io::Result<(Socket, Peer)>> + Send {
        self.accept()
    }

    fn local(&self) -> Arc<ListenAddr> {
        Arc::clone(self.local())
    }

    fn name(&self) -> &str {
        self.name()
    }
}

/// Accepts from one listener for one service.
pub struct Acceptor<L = Listener> {
    /// The socket; the caller keeps a clone and so decides when it closes.
    pub listener: Arc<L>,
    /// The limits, which several acceptors may share.
    pub gate: Gate,
    /// PROXY protocol and TLS.
    pub options: AcceptOptions,
    /// Who serves.
    pub service: Arc<dyn Service>,
    /// What is counted.
    pub metrics: Arc<ListenerMetrics>,
    /// When to stop.
    pub drain: Drain,
}

impl<L: Listen> Acceptor<L> {
    /// Accepts until a drain is requested, then waits for the connections, at the latest until the drain has ended.
    pub async fn run(self) {
        let entrance = Arc::new(Entrance {
            name: self.listener.name().into(),
            local: self.listener.local(),
            gate: self.gate,
            options: self.options,
            service: self.service,
            metrics: Arc::clone(&self.metrics),
            drain: self.drain.clone(),
        });
        let mut incoming = Incoming {
            listener: self.listener,
            metrics: self.metrics,
            trouble: None,
        };
        let connections = TaskTracker::new();
        loop {
            tokio::select! {
                biased;
                () = self.drain.requested() => break,
                (socket, peer) = incoming.next() => entrance.open(socket, peer, &connections),
            }
        }
        drop(incoming);
        connections.close();
        connections.wait().await;
    }
}

impl<L: Listen> fmt::Debug for Acceptor<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acceptor")
            .field("listener", &self.listener.name())
            .finish_non_exhaustive()
    }
}

/// Connections one after the other, failures hidden.
struct Incoming<L> {
    listener: Arc<L>,
    metrics: Arc<ListenerMetrics>,
    /// The next pause, while accepting fails.
    trouble: Option<Duration>,
}

impl<L: Listen> Incoming<L> {
    async fn next(&mut self) -> (Socket, Peer) {
        loop {
            match self.listener.accept().await {
                Ok(connection) => {
                    self.recovered();
                    return connection;
                }
                Err(error) if is_the_connections_own(&error) => {}
                Err(error) => sleep(self.failed(&error)).await,
            }
        }
    }

    fn failed(&mut self, error: &io::Error) -> Duration {
        self.metrics.accept_errors.inc();
        if self.trouble.is_none() {
            let listener = self.listener.name();
            tracing::warn!(listener, %error, "cannot accept connections; trying again until it works");
        }
        let pause = self.trouble.unwrap_or(FIRST_PAUSE);
        self.trouble = Some(LONGEST_PAUSE.min(pause * 2));
        pause
    }

    fn recovered(&mut self) {
        if self.trouble.take().is_some() {
            tracing::info!(
                listener = self.listener.name(),
                "accepting connections again"
            );
        }
    }
}

/// Errors of a connection that died in the backlog, which Linux reports from `accept`; see accept(2).
fn is_the_connections_own(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(
            Errno::CONNABORTED
                | Errno::CONNRESET
                | Errno::HOSTDOWN
                | Errno::HOSTUNREACH
                | Errno::INTR
                | Errno::NETDOWN
                | Errno::NETUNREACH
                | Errno::NONET
                | Errno::NOPROTOOPT
                | Errno::OPNOTSUPP
                | Errno::PROTO
        )
    )
}
