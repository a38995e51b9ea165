//! Asks the admin API: of a running daemon, over its unix socket or over whatever a [`Dial`] makes,
//! or of relays that this very process has open (see [`local`](crate::local)).

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::types::Problem;

/// Why a request was not fulfilled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The daemon said no.
    #[error("{0}")]
    Refused(String),
    /// There is no daemon there, or it is not for us.
    #[error("no relayd answers at {place}: {source}; {advice}")]
    Unreachable {
        /// Where it was looked for.
        place: String,
        /// What the system said.
        source: io::Error,
        /// What to do.
        advice: &'static str,
    },
    /// It is there and says nothing.
    #[error(
        "relayd at {place} gives no answer within {limit:?}; it is very busy or hangs: wait longer with --timeout, or look into its log"
    )]
    Silent {
        /// Where it was asked.
        place: String,
        /// How long was waited.
        limit: Duration,
    },
    /// It went away, or is no relayd.
    #[error(
        "the daemon's answer was not understood: {0}; see that relayd's admin API is there, and look into its log"
    )]
    Unintelligible(String),
}

/// A connection to a daemon.
pub trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

/// What [`Dial::dial`] gives.
pub type Dialing<'a> = Pin<Box<dyn Future<Output = io::Result<Box<dyn Connection>>> + Send + 'a>>;

/// How a daemon is reached.
pub trait Dial: Send + Sync {
    /// Connects.
    fn dial(&self) -> Dialing<'_>;
    /// Where to, for messages.
    fn place(&self) -> String;
    /// What to do when it fails so.
    fn advice(&self, error: &io::Error) -> &'static str;
}

/// The status and body of an answer.
pub(crate) type Answer = (StatusCode, Bytes);

/// What [`Way::exchange`] gives.
pub(crate) type Exchanging<'a> =
    Pin<Box<dyn Future<Output = Result<Answer, ClientError>> + Send + 'a>>;

/// How requests get to the admin API, and answers back.
pub(crate) trait Way: Send + Sync {
    /// Asks.
    fn exchange(&self, request: Request<Bytes>) -> Exchanging<'_>;
    /// Whom, for messages.
    fn place(&self) -> String;
}

/// Relays to ask.
#[derive(Clone)]
pub struct Client {
    way: Arc<dyn Way>,
    token: Option<HeaderValue>,
    limit: Option<Duration>,
}

impl Client {
    /// The daemon that listens at `socket`.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self::over(Arc::new(Socket(socket.into())))
    }

    /// The daemon at the other end.
    pub fn over(dial: Arc<dyn Dial>) -> Self {
        Self::by(Arc::new(Dialled(dial)))
    }

    pub(crate) fn by(way: Arc<dyn Way>) -> Self {
        Self {
            way,
            token: None,
            limit: None,
        }
    }

    /// Shows this token; `None` if it cannot be one.
    #[must_use]
    pub fn bearing(self, token: &str) -> Option<Self> {
        let mut token = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
        token.set_sensitive(true);
        Some(Self {
            token: Some(token),
            ..self
        })
    }

    /// Waits no longer than this for a connection and its answer; `None` for as long as it takes.
    #[must_use]
    pub fn within(self, limit: Option<Duration>) -> Self {
        Self { limit, ..self }
    }

    /// Where it is asked, for messages.
    pub fn place(&self) -> String {
        self.way.place()
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
        let request = self.request(method, path, body)?;
        let exchange = self.way.exchange(request);
        let (status, body) = match self.limit {
            None => exchange.await?,
            Some(limit) => {
                let in_time = timeout(limit, exchange).await;
                in_time.map_err(|_| ClientError::Silent {
                    place: self.place(),
                    limit,
                })??
            }
        };
        answer(status, &body)
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Request<Bytes>, ClientError> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, "relayd")
            .header(CONTENT_TYPE, "application/json");
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, token);
        }
        request.body(body).map_err(unintelligible)
    }
}

/// A daemon at the other end of a connection; each request has one of its own.
struct Dialled(Arc<dyn Dial>);

impl Way for Dialled {
    fn exchange(&self, request: Request<Bytes>) -> Exchanging<'_> {
        Box::pin(self.ask(request.map(Full::new)))
    }

    fn place(&self) -> String {
        self.0.place()
    }
}

impl Dialled {
    async fn ask(&self, request: Request<Full<Bytes>>) -> Result<Answer, ClientError> {
        let stream = self.0.dial().await;
        let stream = stream.map_err(|source| self.unreachable(source))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(unintelligible)?;
        let exchange = async {
            let response = sender.send_request(request).await.map_err(unintelligible)?;
            let status = response.status();
            let body = response.into_body().collect().await;
            Ok((status, body.map_err(unintelligible)?.to_bytes()))
        };
        tokio::pin!(connection);
        tokio::pin!(exchange);
        tokio::select! {
            done = &mut exchange => done,
            _ = &mut connection => exchange.await,
        }
    }

    fn unreachable(&self, source: io::Error) -> ClientError {
        let advice = match source.kind() {
            io::ErrorKind::PermissionDenied => {
                "run relayctl as root or as a member of the socket's group"
            }
            _ => self.0.advice(&source),
        };
        ClientError::Unreachable {
            place: self.place(),
            source,
            advice,
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("place", &self.place())
            .finish_non_exhaustive()
    }
}

/// A unix socket on this machine.
struct Socket(PathBuf);

impl Dial for Socket {
    fn dial(&self) -> Dialing<'_> {
        Box::pin(async {
            let stream = UnixStream::connect(&self.0).await?;
            Ok(Box::new(stream) as Box<dyn Connection>)
        })
    }

    fn place(&self) -> String {
        self.0.display().to_string()
    }

    fn advice(&self, _error: &io::Error) -> &'static str {
        "start relayd, or name its socket with --socket or RELAYCTL_SOCKET"
    }
}

fn json(body: &impl Serialize) -> Result<Bytes, ClientError> {
    serde_json::to_vec(body)
        .map(Bytes::from)
        .map_err(unintelligible)
}

fn answer<T: DeserializeOwned>(status: StatusCode, body: &[u8]) -> Result<T, ClientError> {
    if status.is_success() {
        return serde_json::from_slice(body).map_err(unintelligible);
    }
    match serde_json::from_slice::<Problem>(body) {
        Ok(problem) => Err(ClientError::Refused(problem.detail)),
        Err(_) => Err(unintelligible(format!("HTTP {status}"))),
    }
}

pub(crate) fn unintelligible(error: impl std::fmt::Display) -> ClientError {
    ClientError::Unintelligible(error.to_string())
}
