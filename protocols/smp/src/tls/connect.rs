//! The client's side of the handshake.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use relay_core::clock::SharedClock;
use rustls::ClientConfig;
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::pki_types::{self, CertificateDer, IpAddr, Ipv4Addr, ServerName};
use rustls::sign::SingleCertAndKey;
use rustls::time_provider::TimeProvider;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::finished::{Noting, Seen};
use super::verify::Pinned;
use super::{Alpn, HandshakeError, Offer, SessionId, sign};
use crate::crypto::SigningKey;

/// Connects to the server with one fingerprint.
#[derive(Clone)]
pub struct Connector {
    config: Arc<ClientConfig>,
}

/// What a service shows: a chain, leaf first, and the leaf's key.
#[derive(Clone, Debug)]
pub struct ClientIdentity {
    /// The certificates.
    pub chain: Vec<CertificateDer<'static>>,
    /// The leaf's key.
    pub key: SigningKey,
}

/// A connection whose TLS handshake is done.
#[derive(Debug)]
pub struct Connected<S> {
    /// What is said from now on.
    pub stream: TlsStream<S>,
    /// What both sides know the connection by.
    pub session_id: SessionId,
    /// What was agreed on.
    pub alpn: Option<Alpn>,
    /// The server's chain, verified, leaf first.
    pub server_chain: Vec<CertificateDer<'static>>,
}

impl Connector {
    /// Connects as today's clients do: either version of TLS, ALPN `smp/1`, no SNI.
    pub fn new(fingerprint: [u8; 32], clock: SharedClock) -> Result<Self, rustls::Error> {
        Self::with_offer(fingerprint, clock, &Offer::default())
    }

    /// The same, with another choice of versions and groups.
    pub fn with_offer(
        fingerprint: [u8; 32],
        clock: SharedClock,
        offer: &Offer,
    ) -> Result<Self, rustls::Error> {
        let mut config =
            ClientConfig::builder_with_details(offer.provider(), Arc::new(Time(clock)))
                .with_protocol_versions(offer.versions)?
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Pinned { fingerprint }))
                .with_no_client_auth();
        config.alpn_protocols = vec![Alpn::Smp1.name().to_vec()];
        config.resumption = Resumption::disabled();
        config.enable_sni = false;
        Ok(Self {
            config: Arc::new(config),
        })
    }

    /// Offers these protocols by ALPN; none at all for an empty list.
    #[must_use]
    pub fn with_alpn(self, protocols: &[&[u8]]) -> Self {
        let protocols = protocols.iter().map(|name| name.to_vec()).collect();
        self.change(|config| config.alpn_protocols = protocols)
    }

    /// Shows this when asked for a certificate.
    #[must_use]
    pub fn with_identity(self, identity: &ClientIdentity) -> Self {
        let key = sign::certified(&identity.chain, &identity.key);
        let resolver: Arc<dyn ResolvesClientCert> = Arc::new(SingleCertAndKey::from(key));
        self.change(|config| config.client_auth_cert_resolver = resolver)
    }

    fn change(mut self, change: impl FnOnce(&mut ClientConfig)) -> Self {
        change(Arc::make_mut(&mut self.config));
        self
    }

    /// Shakes hands; gives up at the deadline.
    pub async fn connect<S>(
        &self,
        stream: S,
        deadline: Instant,
    ) -> Result<Connected<S>, HandshakeError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let connector = TlsConnector::from(Arc::clone(&self.config));
        let handshake = Noting::new(connector.connect(nobody(), stream), Seen::default());
        let handshake = timeout_at(deadline, handshake).await;
        let (stream, seen) = handshake.map_err(|_| HandshakeError::Timeout)?;
        let stream = stream?;
        let connection = stream.get_ref().1;
        Ok(Connected {
            session_id: seen.session_id()?,
            alpn: connection.alpn_protocol().and_then(Alpn::from_name),
            server_chain: connection.peer_certificates().unwrap_or_default().to_vec(),
            stream,
        })
    }
}

/// rustls wants a name; it is neither sent nor checked.
fn nobody() -> ServerName<'static> {
    ServerName::IpAddress(IpAddr::V4(Ipv4Addr::from([0; 4])))
}

/// The injected clock, for the validity of certificates.
#[derive(Debug)]
pub(super) struct Time(pub(super) SharedClock);

impl TimeProvider for Time {
    fn current_time(&self) -> Option<pki_types::UnixTime> {
        let secs = u64::try_from(self.0.now().secs()).ok()?;
        Some(pki_types::UnixTime::since_unix_epoch(Duration::from_secs(
            secs,
        )))
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").finish_non_exhaustive()
    }
}
