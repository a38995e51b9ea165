//! Serving connections: TLS, the handshake of the protocol, then blocks until the end.
//!
//! - One task a connection, none a message. An idle connection holds no buffer.
//! - Who is slow is slow for itself: a handshake has a deadline, a block must arrive in time, what
//!   is sent must be read in time, and whatever waits for a client is bounded.
//! - Who asks too fast is answered late; nobody is told an error the protocol does not know.
//! - After the handshake only the time limits, a drain, or the client end a session.

mod clients;
mod limits;
mod metrics;
mod serving;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use relay_core::entropy::Entropy;
use relay_core::net::{Conn, Drain, Refusal, Service, Stream};
use relay_core::telemetry::metrics::Metrics;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::{timeout, timeout_at};
use tokio_rustls::server::TlsStream;

pub(crate) use self::clients::{Client, Clients, Traffic};
use self::limits::{NewQueues, Places};
use self::metrics::SessionMetrics;
use self::serving::Serving;
use crate::config::Settings;
use crate::engine::{Engine, SessionFacts};
use crate::routing::Pool;
use crate::session::{HandshakeFailure, Offer, Refused, ServerHandshake, ServerSession};
use crate::tls::{Accepted, Acceptor, HandshakeError};
use crate::transport::{BlockReader, ReadAhead};
use crate::wire::Version;

/// For how long a handshake has a place: several round trips around the world.
const PLACE: Duration = Duration::from_secs(1);

/// Serves the connections of all listeners of this relay.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    shared: Arc<Shared>,
}

/// What all connections share.
#[derive(Debug)]
struct Shared {
    acceptor: Arc<Acceptor>,
    engine: Engine,
    entropy: Entropy,
    settings: Settings,
    proxy: Pool,
    metrics: SessionMetrics,
    places: Places,
    new_queues: NewQueues,
    clients: Clients,
}

/// Time limits as they are now; zero is none.
#[derive(Clone, Copy, Debug)]
struct Times {
    block: Duration,
    write: Duration,
    idle: Duration,
    idle_check: Duration,
}

impl Server {
    pub(crate) fn new(
        acceptor: Arc<Acceptor>,
        engine: Engine,
        entropy: Entropy,
        settings: Settings,
        proxy: Pool,
        metrics: &Metrics,
        clients: Clients,
    ) -> Self {
        let places = Places::new(settings.now().limits.max_handshakes);
        let shared = Shared {
            acceptor,
            engine,
            entropy,
            settings,
            proxy,
            metrics: SessionMetrics::new(metrics),
            places,
            new_queues: NewQueues::default(),
            clients,
        };
        Self {
            shared: Arc::new(shared),
        }
    }
}

impl Service for Server {
    fn serve(&self, conn: Conn, drain: Drain) -> BoxFuture<'static, ()> {
        let shared = Arc::clone(&self.shared);
        async move { shared.serve(conn, &drain).await }.boxed()
    }
}

impl Shared {
    async fn serve(&self, conn: Conn, drain: &Drain) {
        if let Some(keep_alive) = self.settings.now().connections.keep_alive() {
            // The client may have gone already, which its first read tells.
            let _ = conn.keep_alive(&keep_alive);
        }
        let limit_key = conn.limit_key();
        let connected = self.clients.accepted(conn.local());
        // Boxed: a session need not keep the room of its handshake.
        let Some(accepted) = Box::pin(self.accept(conn)).await else {
            return;
        };
        let limit = self.settings.now().connections.handshake_timeout.get();
        let handshake = Box::pin(timeout(limit, self.shake_hands(accepted)));
        let established = tokio::select! {
            biased;
            () = drain.requested() => return,
            established = handshake => established,
        };
        let Ok(Some((stream, session))) = established else {
            if established.is_err() {
                self.metrics.refused_as("timeout");
            }
            return;
        };
        let connection = self.engine.attach(SessionFacts {
            version: session.channel.session().version,
            session_key: session.secret,
            peer_key: session.peer_key,
            max_version: Version(self.settings.now().connections.max_version),
        });
        let channel = session.channel;
        let holdings = connection.holdings();
        let session_id = channel.session().id;
        let present = self
            .clients
            .enter(&connected, session_id.as_bytes(), holdings);
        Serving::new(self, stream, channel, connection, limit_key, present)
            .run(drain)
            .await;
    }

    /// TLS, in a place among the handshakes in progress. Who is slow loses the place, not the
    /// connection.
    async fn accept(&self, conn: Conn) -> Option<Accepted<ReadAhead<Stream>>> {
        let (deadline, metrics) = (conn.handshake_deadline(), Arc::clone(conn.metrics()));
        let entered = timeout_at(deadline, self.places.enter(conn.limit_key())).await;
        let Ok(Some(place)) = entered else {
            metrics.refused(Refusal::HandshakeTimeout);
            return None;
        };
        let (stream, _) = conn.into_parts();
        let mut handshake = pin!(self.acceptor.accept(ReadAhead::new(stream), deadline));
        let accepted = match timeout(PLACE, &mut handshake).await {
            Ok(accepted) => accepted,
            Err(_) => {
                drop(place);
                handshake.await
            }
        };
        accepted
            .inspect_err(|error| metrics.refused(reason(error)))
            .ok()
    }

    /// The handshake of the protocol; nothing if it fails, which the client is not told.
    async fn shake_hands(
        &self,
        accepted: Accepted<ReadAhead<Stream>>,
    ) -> Option<(TlsStream<ReadAhead<Stream>>, ServerSession)> {
        let started = self.start(&accepted);
        let mut stream = accepted.stream;
        let (handshake, hello) = match started {
            Ok(started) => started,
            Err(failure) => return self.refuse(&mut stream, failure.into()).await,
        };
        let Some(answer) = exchange(&mut stream, &hello).await else {
            self.metrics.refused_as("closed");
            return None;
        };
        match handshake.receive(&answer) {
            Ok(session) => Some((stream, session)),
            Err(refused) => self.refuse(&mut stream, refused).await,
        }
    }

    /// Says what is to be said, and closes properly.
    async fn refuse<T>(
        &self,
        stream: &mut (impl AsyncWrite + Unpin),
        refused: Refused,
    ) -> Option<T> {
        self.metrics.refused(refused.failure);
        // Either fails when the client has gone, and then nobody is to be told anything.
        if let Some(answer) = refused.answer {
            stream.write_all(&answer).await.ok()?;
        }
        stream.shutdown().await.ok()?;
        None
    }

    fn start(
        &self,
        accepted: &Accepted<ReadAhead<Stream>>,
    ) -> Result<(ServerHandshake, Vec<u8>), HandshakeFailure> {
        let (settings, identity) = (self.settings.now(), &accepted.identity);
        let versions = settings.connections.versions();
        let offer = Offer {
            identity,
            versions: versions.ok_or(HandshakeFailure::Version)?,
            alpn: accepted.alpn.is_some(),
            session_id: &accepted.session_id,
        };
        ServerHandshake::start(offer, &mut self.entropy.rng())
    }

    fn limits(&self) -> Times {
        let settings = self.settings.now();
        let connections = &settings.connections;
        Times {
            block: connections.block_timeout.get(),
            write: connections.write_timeout.get(),
            idle: connections.idle_timeout.get(),
            idle_check: connections.idle_check_interval.get(),
        }
    }
}

fn reason(error: &HandshakeError) -> Refusal {
    match error {
        HandshakeError::Timeout => Refusal::HandshakeTimeout,
        _ => Refusal::Tls,
    }
}

/// Sends a block and receives one.
async fn exchange(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    block: &[u8],
) -> Option<Vec<u8>> {
    stream.write_all(block).await.ok()?;
    stream.flush().await.ok()?;
    BlockReader::default().read(stream).await.ok()?
}
