//! Asks the admin API of a running daemon, over its unix socket.

use std::io;
use std::path::{Path, PathBuf};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use crate::types::Problem;

/// Why a request was not fulfilled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The daemon said no.
    #[error("{0}")]
    Refused(String),
    /// There is no daemon at the socket, or it is not for us.
    #[error("no relayd answers at {socket}: {source}; {advice}")]
    Unreachable {
        /// Where it was looked for.
        socket: PathBuf,
        /// What the system said.
        source: io::Error,
        /// What to do.
        advice: &'static str,
    },
    /// It went away, or is no relayd.
    #[error("the daemon's answer was not understood: {0}")]
    Unintelligible(String),
}

/// A daemon to ask.
#[derive(Clone, Debug)]
pub struct Client {
    socket: PathBuf,
}

impl Client {
    /// The daemon that listens at `socket`.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self {
            socket: socket.into(),
        }
    }

    /// Where it is asked.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Reads something.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.ask(Method::GET, path, Bytes::new()).await
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
        self.ask(Method::DELETE, path, Bytes::new()).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<T, ClientError> {
        let stream = UnixStream::connect(&self.socket)
            .await
            .map_err(|source| self.unreachable(source))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(unintelligible)?;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "relayd")
            .header("content-type", "application/json")
            .body(Full::new(body))
            .map_err(unintelligible)?;
        let exchange = async {
            let response = sender.send_request(request).await.map_err(unintelligible)?;
            let status = response.status();
            let body = response
                .into_body()
                .collect()
                .await
                .map_err(unintelligible)?;
            Ok((status, body.to_bytes()))
        };
        tokio::pin!(connection);
        tokio::pin!(exchange);
        let (status, body) = tokio::select! {
            done = &mut exchange => done?,
            _ = &mut connection => exchange.await?,
        };
        answer(status, &body)
    }

    fn unreachable(&self, source: io::Error) -> ClientError {
        let advice = match source.kind() {
            io::ErrorKind::PermissionDenied => {
                "run relayctl as root or as a member of the socket's group"
            }
            _ => "start relayd, or name its socket with --socket or RELAYCTL_SOCKET",
        };
        ClientError::Unreachable {
            socket: self.socket.clone(),
            source,
            advice,
        }
    }
}

fn json(body: &impl Serialize) -> Result<Bytes, ClientError> {
    serde_json::to_vec(body)
        .map(Bytes::from)
        .map_err(unintelligible)
}

pub(crate) fn answer<T: DeserializeOwned>(
    status: StatusCode,
    body: &[u8],
) -> Result<T, ClientError> {
    if status.is_success() {
        return serde_json::from_slice(body).map_err(unintelligible);
    }
    match serde_json::from_slice::<Problem>(body) {
        Ok(problem) => Err(ClientError::Refused(problem.error)),
        Err(_) => Err(ClientError::Refused(format!(
            "the daemon answered {status}"
        ))),
    }
}

pub(crate) fn unintelligible(error: impl std::fmt::Display) -> ClientError {
    ClientError::Unintelligible(error.to_string())
}
