//! Asks the admin API without a socket: of relays that this very process has open.
//!
//! Requests take the same way through the same router, so that they are checked, done and written
//! to the audit log as those of a running daemon are.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request};
use relay_core::core::Core;
use relay_core::net::Peer;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tower::ServiceExt as _;

use crate::client::{ClientError, answer, unintelligible};

/// More than any answer.
const LIMIT: usize = 1 << 30;

/// Relays to ask.
#[derive(Clone, Debug)]
pub struct Local {
    router: Router,
    ourselves: Peer,
}

impl Local {
    /// The relays of this `core`.
    pub fn new(core: Arc<Core>) -> Self {
        Self {
            router: crate::server::router(core),
            ourselves: ourselves(),
        }
    }

    /// Reads something.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.ask(Method::GET, path, Vec::new()).await
    }

    /// Does something.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        self.ask(Method::POST, path, json(body)?).await
    }

    /// Sets something.
    pub async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        self.ask(Method::PUT, path, json(body)?).await
    }

    /// Removes something.
    pub async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.ask(Method::DELETE, path, Vec::new()).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<T, ClientError> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .extension(self.ourselves.clone())
            .body(Body::from(body))
            .map_err(unintelligible)?;
        let router = self.router.clone();
        let response = router.oneshot(request).await.map_err(unintelligible)?;
        let status = response.status();
        let body = to_bytes(response.into_body(), LIMIT).await;
        answer(status, &body.map_err(unintelligible)?)
    }
}

fn json(body: &impl Serialize) -> Result<Vec<u8>, ClientError> {
    serde_json::to_vec(body).map_err(unintelligible)
}

/// Whom the kernel takes us for; the audit log names them.
fn ourselves() -> Peer {
    let pair = UnixStream::pair();
    let credentials = pair.and_then(|(one, _other)| one.peer_cred());
    Peer::unix(credentials.ok())
}
