//! From an address to a connection.

use std::time::Duration;

use rand::CryptoRng;
use relay_core::clock::SharedClock;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::client::TlsStream;

use super::{Client, ConnectError, Events, Link};
use crate::identity::Certificate;
use crate::session::{Expected, HandshakeFailure, ServiceIdentity};
use crate::tls::{Connected, Connector, Offer};
use crate::wire::VersionRange;

/// Connects to one server.
#[derive(Clone, Debug)]
pub struct Dialer {
    connector: Connector,
    fingerprint: [u8; 32],
    versions: VersionRange,
    proxy: bool,
    service: Option<ServiceIdentity>,
    connect_limit: Duration,
    answer_limit: Duration,
}

impl Dialer {
    /// As today's apps connect: every version, either TLS, 45 s to connect, 30 s for an answer.
    pub fn new(fingerprint: [u8; 32], clock: SharedClock) -> Result<Self, ConnectError> {
        Self::with_tls(fingerprint, clock, &Offer::default())
    }

    /// The same with another choice of versions and groups in TLS.
    pub fn with_tls(
        fingerprint: [u8; 32],
        clock: SharedClock,
        offer: &Offer,
    ) -> Result<Self, ConnectError> {
        Ok(Self {
            connector: Connector::with_offer(fingerprint, clock, offer)?,
            fingerprint,
            versions: VersionRange::SERVER,
            proxy: false,
            service: None,
            connect_limit: Duration::from_secs(45),
            answer_limit: Duration::from_secs(30),
        })
    }

    /// Speaks these versions only.
    #[must_use]
    pub fn versions(self, versions: VersionRange) -> Self {
        Self { versions, ..self }
    }

    /// Offers these protocols by ALPN; none at all, as the oldest apps, for an empty list.
    #[must_use]
    pub fn alpn(self, protocols: &[&[u8]]) -> Self {
        let connector = self.connector.with_alpn(protocols);
        Self { connector, ..self }
    }

    /// Forwards for clients of its own.
    #[must_use]
    pub fn as_proxy(self) -> Self {
        Self {
            proxy: true,
            ..self
        }
    }

    /// Comes as this service, to servers that know such.
    #[must_use]
    pub fn as_service(self, service: ServiceIdentity) -> Self {
        let connector = self.connector.with_identity(&service.certificates);
        Self {
            connector,
            service: Some(service),
            ..self
        }
    }

    /// Waits no longer than this for a connection, and for each answer.
    #[must_use]
    pub fn limits(self, connect_limit: Duration, answer_limit: Duration) -> Self {
        Self {
            connect_limit,
            answer_limit,
            ..self
        }
    }

    /// TLS alone, without the handshake of the protocol: how tests misbehave early.
    pub async fn tls_only(
        &self,
        address: impl ToSocketAddrs,
    ) -> Result<Connected<TcpStream>, ConnectError> {
        let deadline = Instant::now() + self.connect_limit;
        let tcp = timeout_at(deadline, TcpStream::connect(address)).await;
        let tcp = tcp.map_err(|_| ConnectError::TimedOut)??;
        // Without it a block waits for the acknowledgement of the one before.
        tcp.set_nodelay(true)?;
        Ok(self.connector.connect(tcp, deadline).await?)
    }

    /// A connection with one owner.
    pub async fn link(
        &self,
        address: impl ToSocketAddrs,
        rng: &mut impl CryptoRng,
    ) -> Result<Link<TlsStream<TcpStream>>, ConnectError> {
        let deadline = Instant::now() + self.connect_limit;
        let connected = self.tls_only(address).await?;
        self.shake_hands(connected, deadline, rng).await
    }

    /// A connection that many share.
    pub async fn client(
        &self,
        address: impl ToSocketAddrs,
        rng: &mut impl CryptoRng,
    ) -> Result<(Client, Events), ConnectError> {
        let link = self.link(address, rng).await?;
        Ok(Client::start(link, self.answer_limit, rng))
    }

    /// The same through a stream that leads to the server: a proxy's, or a test's.
    pub async fn client_over<S>(
        &self,
        stream: S,
        rng: &mut impl CryptoRng,
    ) -> Result<(Client, Events), ConnectError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let deadline = Instant::now() + self.connect_limit;
        let connected = self.connector.connect(stream, deadline).await?;
        let link = self.shake_hands(connected, deadline, rng).await?;
        Ok(Client::start(link, self.answer_limit, rng))
    }

    async fn shake_hands<S>(
        &self,
        connected: Connected<S>,
        deadline: Instant,
        rng: &mut impl CryptoRng,
    ) -> Result<Link<TlsStream<S>>, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let expected = self.expected(&connected)?;
        let service = self.service.clone();
        let handshake = Link::handshake_as(connected.stream, expected, service, rng);
        let link = timeout_at(deadline, handshake).await;
        link.map_err(|_| ConnectError::TimedOut)?
    }

    fn expected<S>(&self, connected: &Connected<S>) -> Result<Expected, ConnectError> {
        let leaf = connected.server_chain.first();
        let leaf = leaf.and_then(|der| Certificate::parse(der).ok());
        let leaf = leaf.ok_or(HandshakeFailure::Identity)?;
        Ok(Expected {
            fingerprint: self.fingerprint,
            leaf_key: *leaf.key(),
            session_id: (*connected.session_id).into(),
            versions: self.versions,
            proxy: self.proxy,
        })
    }
}
