//! One connection's way from accepted to served.

use std::{net::SocketAddr, sync::Arc};

use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;

use super::AcceptOptions;
use crate::net::{
    Conn, Drain, Gate, ListenAddr, ListenerMetrics, Peer, Refusal, Service, Socket, Stream,
    conn::Held, proxy_protocol, wire::Wire,
};
use crate::panics;

/// What all connections of one acceptor share.
pub(super) struct Entrance {
    pub(super) name: Box<str>,
    pub(super) local: Arc<ListenAddr>,
    pub(super) gate: Gate,
    pub(super) options: AcceptOptions,
    pub(super) service: Arc<dyn Service>,
    pub(super) metrics: Arc<ListenerMetrics>,
    pub(super) drain: Drain,
}

/// A connection the limits let in.
struct Arrival {
    socket: Socket,
    peer: Peer,
    held: Held,
    behind_proxy: bool,
    handshake_deadline: Instant,
}

impl Entrance {
    /// Starts serving a connection, or closes it.
    pub(super) fn open(self: &Arc<Self>, socket: Socket, peer: Peer, tasks: &TaskTracker) {
        self.metrics.accepted.inc();
        match self.admit(socket, peer) {
            Ok(arrival) => {
                tasks.spawn(Arc::clone(self).attend(Box::new(arrival)));
            }
            Err(why) => self.refuse(why),
        }
    }

    fn admit(&self, socket: Socket, peer: Peer) -> Result<Arrival, Refusal> {
        let behind_proxy = self.is_proxy(&peer);
        let permit = if behind_proxy {
            self.gate.admit_unnamed()?
        } else {
            self.gate.admit(&peer)?
        };
        Ok(Arrival {
            socket,
            peer,
            held: Held::new(permit, Arc::clone(&self.metrics)),
            behind_proxy,
            handshake_deadline: Instant::now() + self.gate.limits().handshake_timeout,
        })
    }

    fn is_proxy(&self, peer: &Peer) -> bool {
        if peer.is_unix() {
            self.options.proxy_protocol_from_unix
        } else {
            peer.is_within(&self.options.proxy_protocol_from)
        }
    }

    /// The whole life of a connection's task. `biased`: when time is up the service is polled a last time first.
    async fn attend(self: Arc<Self>, arrival: Box<Arrival>) {
        tokio::select! {
            biased;
            outcome = panics::catch(Arc::clone(&self).serve(arrival)) => {
                if let Err(panicked) = outcome {
                    self.metrics.panicked();
                    tracing::error!(listener = %self.name, place = %panicked, "a connection's task panicked; only that connection ends");
                }
            }
            () = self.drain.ended() => {}
        }
    }

    async fn serve(self: Arc<Self>, arrival: Box<Arrival>) {
        // Boxed, so that a connection's task does not keep the room of its handshake for life.
        let established = Box::pin(self.establish(*arrival)).await;
        match established {
            Ok(conn) => self.service.serve(conn, self.drain.clone()).await,
            Err(why) => self.refuse(why),
        }
    }

    fn refuse(&self, why: Refusal) {
        self.metrics.refused(why);
        tracing::debug!(listener = %self.name, ?why, "connection refused");
    }

    async fn establish(&self, arrival: Arrival) -> Result<Conn, Refusal> {
        let handshake = timeout_at(arrival.handshake_deadline, self.shake_hands(arrival));
        handshake.await.unwrap_or(Err(Refusal::HandshakeTimeout))
    }

    async fn shake_hands(&self, mut arrival: Arrival) -> Result<Conn, Refusal> {
        if arrival.behind_proxy {
            let source = read_source(&mut arrival.socket).await?;
            arrival.peer = source.map_or(arrival.peer, Peer::tcp);
            arrival.held.permit.name(&arrival.peer)?;
        }
        let Arrival {
            socket,
            peer,
            held,
            handshake_deadline,
            ..
        } = arrival;
        let wire = Wire::from(socket);
        let stream = match &self.options.tls {
            None => Stream::plain(wire, held),
            Some(tls) => {
                let accepted = tls.acceptor().accept(wire).await;
                Stream::tls(accepted.map_err(|_| Refusal::Tls)?, held)
            }
        };
        Ok(self.conn(stream, peer, handshake_deadline))
    }

    fn conn(&self, stream: Stream, peer: Peer, handshake_deadline: Instant) -> Conn {
        Conn {
            stream,
            peer,
            local: Arc::clone(&self.local),
            handshake_deadline,
        }
    }
}

async fn read_source(socket: &mut Socket) -> Result<Option<SocketAddr>, Refusal> {
    let source = proxy_protocol::read_header(socket).await;
    source.map_err(|_| Refusal::ProxyHeader)
}

#[cfg(test)]
mod tests {
    use futures_util::future::BoxFuture;
    use tokio::net::UnixStream;

    use super::*;
    use crate::net::{ConnectionLimits, Drainer, NetMetrics};

    struct Nobody;

    impl Service for Nobody {
        fn serve(&self, _: Conn, _: Drain) -> BoxFuture<'static, ()> {
            Box::pin(async {})
        }
    }

    /// What every connection costs beside its service: a million idle ones multiply it.
    #[tokio::test]
    async fn a_connections_task_is_small() {
        let metrics = NetMetrics::register(&prometheus::Registry::new()).unwrap();
        let entrance = Arc::new(Entrance {
            name: "test".into(),
            local: Arc::new("127.0.0.1:1".parse().unwrap()),
            gate: Gate::new(ConnectionLimits::default()),
            options: AcceptOptions::default(),
            service: Arc::new(Nobody),
            metrics: metrics.listener("test"),
            drain: Drainer::new().drain(),
        });
        let (socket, _other_end) = UnixStream::pair().unwrap();
        let arrival = entrance
            .admit(Socket::Unix(socket), Peer::unix(None))
            .unwrap();
        let guarded = size_of_val(&Arc::clone(&entrance).serve(Box::new(arrival)));
        let (socket, _other_end) = UnixStream::pair().unwrap();
        let arrival = entrance
            .admit(Socket::Unix(socket), Peer::unix(None))
            .unwrap();
        let task = size_of_val(&entrance.attend(Box::new(arrival)));
        assert!(task + guarded <= 512, "{task} and {guarded} bytes");
    }
}
