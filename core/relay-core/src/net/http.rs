//! HTTP/1.1 over a [`Conn`], answered by an axum router.
//!
//! Handlers find the client as [`Peer`] in the request's extensions, and over a unix socket its
//! [`UCred`](tokio::net::unix::UCred). On drain the request in flight is answered and the connection closed after
//! it; idle connections close at once, new ones may still ask their first question. That has to be there within the
//! time for handshakes. A handler that panics answers 500.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    response::{IntoResponse, Response},
};
use futures_util::future::BoxFuture;
use hyper::{Request, StatusCode, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    sync::Notify,
    time::{sleep, sleep_until},
};
use tower::ServiceExt;

use super::{Conn, Drain, ListenerMetrics, Peer, Refusal, Service};
use crate::panics;

/// Longer than the 60 s for which nginx keeps idle connections to its upstreams: the side that may send the next
/// request must be the one that closes, or requests meet a closing connection.
const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(75);

/// How long a client that has not asked anything yet may still do so after a drain was requested.
const FIRST_QUESTION: Duration = Duration::from_secs(1);

/// Signed requests carry a few hundred bytes of headers, browsers a few thousand.
const MAX_HEADER_SIZE: usize = 16 * 1024;

/// Serves a router.
#[derive(Clone, Debug)]
pub struct Http {
    router: Router,
    server: http1::Builder,
}

impl Http {
    /// With keep-alive, and limits on the size of headers and the time for them.
    pub fn new(router: Router) -> Self {
        let mut server = http1::Builder::new();
        server
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_READ_TIMEOUT)
            .max_header_size(MAX_HEADER_SIZE);
        Self { router, server }
    }

    /// Changes the time within which a request's headers must be there, counted from the connection's start or
    /// from the former answer.
    #[must_use]
    pub fn header_read_timeout(mut self, timeout: Duration) -> Self {
        self.server.header_read_timeout(timeout);
        self
    }

    async fn run(self, conn: Conn, drain: Drain) {
        let metrics = Arc::clone(conn.metrics());
        let deadline = conn.handshake_deadline();
        let (stream, peer) = conn.into_parts();
        let asked = Notify::new();
        let service = service_fn(|request| {
            asked.notify_one();
            answer(
                self.router.clone(),
                peer.clone(),
                Arc::clone(&metrics),
                request,
            )
        });
        let serving = self.server.serve_connection(TokioIo::new(stream), service);
        let mut serving = std::pin::pin!(serving);
        // How a connection ends is the client's business: its errors are no events here.
        tokio::select! {
            biased;
            _ = serving.as_mut() => return,
            () = asked.notified() => {}
            () = drained_without_a_question(&drain) => {}
            () = sleep_until(deadline) => return metrics.refused(Refusal::HandshakeTimeout),
        }
        tokio::select! {
            _ = serving.as_mut() => {}
            () = drain.requested() => {
                serving.as_mut().graceful_shutdown();
                let _ = serving.await;
            }
        }
    }
}

impl Service for Http {
    fn serve(&self, conn: Conn, drain: Drain) -> BoxFuture<'static, ()> {
        Box::pin(self.clone().run(conn, drain))
    }
}

/// A client that has just connected is about to ask, and would take it for a refusal to be cut
/// off; on drain it gets a moment to do so.
async fn drained_without_a_question(drain: &Drain) {
    drain.requested().await;
    sleep(FIRST_QUESTION).await;
}

async fn answer(
    router: Router,
    peer: Peer,
    metrics: Arc<ListenerMetrics>,
    request: Request<Incoming>,
) -> Result<Response, Infallible> {
    let mut request = request.map(Body::new);
    if let Some(credentials) = peer.credentials() {
        request.extensions_mut().insert(*credentials);
    }
    request.extensions_mut().insert(peer);
    panics::catch(router.oneshot(request)).await.unwrap_or_else(|panicked| {
        metrics.panicked();
        tracing::error!(place = %panicked, "a request's handler panicked; it is answered with 500");
        Ok((StatusCode::INTERNAL_SERVER_ERROR, "internal error\n").into_response())
    })
}
