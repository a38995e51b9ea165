//! Carries requests to the authority: HTTPS, one connection each, everything bounded.
//!
//! Plain HTTP goes to this very machine only, where people try things out.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, Request, Response, Uri, header, uri::PathAndQuery};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::net::{TlsError, read_chain};

const PATIENCE: Duration = Duration::from_secs(30);
const MAX_ANSWER: usize = 1024 * 1024;

type Fault = Box<dyn std::error::Error + Send + Sync>;

/// Speaks to one authority.
#[derive(Clone)]
pub(super) struct Courier {
    tls: TlsConnector,
}

impl Courier {
    /// Believes the certificates in this file, or those that browsers do.
    pub(super) fn new(root: Option<&Path>) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        match root {
            Some(path) => {
                for certificate in read_chain(path)? {
                    let added = roots.add(certificate);
                    added.map_err(|_| TlsError::BadCertificate(path.to_owned()))?;
                }
            }
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let tls = TlsConnector::from(Arc::new(config));
        Ok(Self { tls })
    }

    async fn carry(self, request: Request<BodyWrapper<Bytes>>) -> Result<BytesResponse, Error> {
        let answered = timeout(PATIENCE, self.exchange(request)).await;
        let answered = answered.unwrap_or_else(|_| Err("no answer in time".into()));
        let answer = answered.map_err(|fault| {
            Error::Other(format!("the authority cannot be asked: {fault}").into())
        })?;
        Ok(BytesResponse::from(answer.map(Full::new)))
    }

    async fn exchange(
        self,
        mut request: Request<BodyWrapper<Bytes>>,
    ) -> Result<Response<Bytes>, Fault> {
        let target = Target::of(request.uri())?;
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = path.unwrap_or(PathAndQuery::from_static("/")).into();
        request.headers_mut().insert(header::HOST, target.header);
        let tcp = TcpStream::connect((&*target.host, target.port)).await?;
        if target.secure {
            let name = ServerName::try_from(target.host)?;
            ask(self.tls.connect(name, tcp).await?, request).await
        } else {
            ask(tcp, request).await
        }
    }
}

async fn ask(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<BodyWrapper<Bytes>>,
) -> Result<Response<Bytes>, Fault> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let exchange = async {
        let (parts, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, MAX_ANSWER).collect().await?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    };
    let (mut exchange, mut connection) = (pin!(exchange), pin!(connection));
    // The connection may end when all of the answer has come, before it was looked at.
    tokio::select! {
        biased;
        answer = &mut exchange => answer,
        _ = &mut connection => exchange.await,
    }
}

/// Where a request goes.
struct Target {
    secure: bool,
    /// Without brackets.
    host: String,
    port: u16,
    header: HeaderValue,
}

impl Target {
    fn of(uri: &Uri) -> Result<Self, Fault> {
        let authority = uri.authority().ok_or("a URL without a host")?;
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if is_this_machine(&host) => false,
            _ => return Err("only https:// URLs are asked".into()),
        };
        let usual = if secure { 443 } else { 80 };
        Ok(Self {
            secure,
            port: authority.port_u16().unwrap_or(usual),
            header: HeaderValue::try_from(authority.as_str())?,
            host,
        })
    }
}

/// Whether plain HTTP to there is read by nobody else.
pub(in crate::web) fn is_this_machine(host: &str) -> bool {
    let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
}

impl HttpClient for Courier {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        Box::pin(self.clone().carry(request))
    }
}

impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Courier").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_machine() {
        let target = |uri: &str| Target::of(&uri.parse().unwrap());
        for uri in [
            "http://127.0.0.1:14000/dir",
            "http://[::1]/dir",
            "http://localhost/dir",
        ] {
            assert!(!target(uri).unwrap().secure, "{uri}");
        }
        let far = target("https://acme.example/directory").unwrap();
        assert_eq!(
            (far.secure, far.port, &*far.host),
            (true, 443, "acme.example")
        );
        for uri in ["http://acme.example/", "ftp://localhost/", "/directory"] {
            assert!(target(uri).is_err(), "{uri}");
        }
    }
}
