//! One question by HTTP, over connections that are kept while they last.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{ACCEPT, AUTHORIZATION, HOST};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::{Authorization, Endpoint};

/// Connections kept for the next question.
const KEPT: usize = 10;

type Sender = SendRequest<Empty<Bytes>>;

/// A service that answers questions.
pub(crate) struct Resolver {
    endpoint: Endpoint,
    authorization: Option<Authorization>,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    limits: Limits,
    kept: Mutex<Vec<Sender>>,
}

/// What one question may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// From the first step to the last byte.
    pub(crate) time: Duration,
    /// Of the answer, in bytes.
    pub(crate) size: usize,
}

/// Whose certificates are believed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trust<'a> {
    /// Those of the web's authorities.
    Web,
    /// Those of the authorities in this file, PEM.
    File(&'a Path),
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Failure {
    Status(u16),
    Transport,
    TooLarge,
    Timeout,
}

impl Resolver {
    /// Asks nobody yet. The error is for the operator.
    pub(crate) fn new(
        endpoint: Endpoint,
        authorization: Option<Authorization>,
        limits: Limits,
        trust: Trust<'_>,
    ) -> Result<Self, String> {
        let tls = if endpoint.encrypted {
            let name = ServerName::try_from(endpoint.host.clone());
            let name = name.map_err(|_| "the host of the address is no name".to_owned())?;
            Some((TlsConnector::from(Arc::new(tls(trust)?)), name))
        } else {
            None
        };
        Ok(Self {
            endpoint,
            authorization,
            tls,
            limits,
            kept: Mutex::default(),
        })
    }

    /// The answer to a question, in time.
    pub(crate) async fn get(&self, path: &str) -> Result<Bytes, Failure> {
        let answer = timeout(self.limits.time, self.ask(path)).await;
        answer.unwrap_or(Err(Failure::Timeout))
    }

    async fn ask(&self, path: &str) -> Result<Bytes, Failure> {
        while let Some(mut kept) = self.take_kept() {
            // Who was kept may have gone meanwhile.
            if kept.ready().await.is_ok()
                && let Ok(response) = kept.send_request(self.request(path)?).await
            {
                return self.read(kept, response).await;
            }
        }
        let mut sender = self.connect().await?;
        let response = sender.send_request(self.request(path)?).await;
        self.read(sender, response.map_err(transport)?).await
    }

    async fn read(&self, sender: Sender, response: Response<Incoming>) -> Result<Bytes, Failure> {
        let status = response.status().as_u16();
        if status >= 400 {
            return Err(Failure::Status(status));
        }
        let body = Limited::new(response.into_body(), self.limits.size);
        let body = body.collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                Failure::TooLarge
            } else {
                Failure::Transport
            }
        })?;
        let mut kept = self.keep();
        if kept.len() < KEPT && !sender.is_closed() {
            kept.push(sender);
        }
        Ok(body.to_bytes())
    }

    fn request(&self, path: &str) -> Result<Request<Empty<Bytes>>, Failure> {
        let mut request = Request::get(format!("{}{path}", self.endpoint.path))
            .header(HOST, &self.endpoint.authority)
            .header(ACCEPT, "application/json");
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.0.as_str());
        }
        request.body(Empty::new()).map_err(transport)
    }

    async fn connect(&self) -> Result<Sender, Failure> {
        let address = (self.endpoint.host.as_str(), self.endpoint.port);
        let tcp = TcpStream::connect(address).await.map_err(transport)?;
        tcp.set_nodelay(true).map_err(transport)?;
        match &self.tls {
            None => start(tcp).await,
            Some((connector, name)) => {
                let tls = connector.connect(name.clone(), tcp).await;
                start(tls.map_err(transport)?).await
            }
        }
    }

    fn take_kept(&self) -> Option<Sender> {
        self.keep().pop()
    }

    fn keep(&self) -> std::sync::MutexGuard<'_, Vec<Sender>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn start<S>(stream: S) -> Result<Sender, Failure>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(transport)?;
    // It ends with its sender, or when the resolver closes it.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(sender)
}

fn tls(trust: Trust<'_>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    match trust {
        Trust::Web => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Trust::File(path) => {
            let unusable = |error: &dyn fmt::Display| format!("{}: {error}", path.display());
            let certificates = CertificateDer::pem_file_iter(path);
            for certificate in certificates.map_err(|error| unusable(&error))? {
                let certificate = certificate.map_err(|error| unusable(&error))?;
                roots.add(certificate).map_err(|error| unusable(&error))?;
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

fn transport<E>(_: E) -> Failure {
    Failure::Transport
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}
