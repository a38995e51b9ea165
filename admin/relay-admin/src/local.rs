//! Asks the admin API without a socket: of relays that this very process has open.
//!
//! Requests take the same way through the same router, so that they are checked, done and written
//! to the audit log as those of a running daemon are.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use hyper::Request;
use hyper::body::Bytes;
use relay_core::core::Core;
use relay_core::net::Peer;
use tokio::net::UnixStream;
use tower::ServiceExt as _;

use crate::client::{Answer, Client, ClientError, Exchanging, Way, unintelligible};

/// More than any answer.
const LIMIT: usize = 1 << 30;

/// Asks the relays of this `core`.
pub fn client(core: Arc<Core>) -> Client {
    Client::by(Arc::new(Local {
        router: crate::server::router(core),
        ourselves: ourselves(),
    }))
}

struct Local {
    router: Router,
    ourselves: Peer,
}

impl Way for Local {
    fn exchange(&self, request: Request<Bytes>) -> Exchanging<'_> {
        Box::pin(self.ask(request.map(Body::from)))
    }

    fn place(&self) -> String {
        "this process".to_owned()
    }
}

impl Local {
    async fn ask(&self, mut request: Request<Body>) -> Result<Answer, ClientError> {
        request.extensions_mut().insert(self.ourselves.clone());
        let router = self.router.clone();
        let response = router.oneshot(request).await.map_err(unintelligible)?;
        let status = response.status();
        let body = to_bytes(response.into_body(), LIMIT).await;
        Ok((status, body.map_err(unintelligible)?))
    }
}

/// Whom the kernel takes us for; the audit log names them.
fn ourselves() -> Peer {
    let pair = UnixStream::pair();
    let credentials = pair.and_then(|(one, _other)| one.peer_cred());
    Peer::unix(credentials.ok())
}
