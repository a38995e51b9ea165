//! The server's side of the handshake.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use relay_core::clock::{SharedClock, SystemClock};
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use rustls::server::{Acceptor as RustlsAcceptor, ClientHello, NoServerSessionStorage};
use rustls::sign::SingleCertAndKey;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::connect::Time;
use super::finished::{Noting, Seen, noting};
use super::verify::AnyClient;
use super::{Alpn, HandshakeError, Offer, SessionId, sign};
use crate::identity::Identity;

/// Accepts connections with an identity that can be replaced: handshakes that begin afterwards
/// have the new one.
pub struct Acceptor {
    offer: Offer,
    clock: SharedClock,
    current: ArcSwap<Current>,
}

/// An identity and what was made of it.
struct Current {
    identity: Arc<Identity>,
    /// One for each ALPN, in the order of [`Alpn::ALL`].
    configs: [Arc<ServerConfig>; Alpn::ALL.len()],
}

/// A connection whose TLS handshake is done.
#[derive(Debug)]
pub struct Accepted<S> {
    /// What is said from now on.
    pub stream: TlsStream<S>,
    /// What both sides know the connection by.
    pub session_id: SessionId,
    /// What was agreed on; a client that offers nothing is one of before v5.8.
    pub alpn: Option<Alpn>,
    /// The chain that the client showed, leaf first: valid, and the client has the leaf's key.
    /// Empty for nearly all clients.
    pub client_chain: Vec<CertificateDer<'static>>,
    /// The identity that was shown, which the server's hello must repeat.
    pub identity: Arc<Identity>,
}

impl Acceptor {
    /// Accepts as `identity`.
    pub fn new(identity: Arc<Identity>) -> Result<Self, rustls::Error> {
        Self::with_offer(identity, Offer::default())
    }

    /// The same, with another choice of versions and groups.
    pub fn with_offer(identity: Arc<Identity>, offer: Offer) -> Result<Self, rustls::Error> {
        Self::with_clock(identity, offer, Arc::new(SystemClock))
    }

    /// The same, judging the certificates of clients by this clock.
    pub fn with_clock(
        identity: Arc<Identity>,
        offer: Offer,
        clock: SharedClock,
    ) -> Result<Self, rustls::Error> {
        let current = ArcSwap::from_pointee(Current::new(identity, &offer, &clock)?);
        Ok(Self {
            offer,
            clock,
            current,
        })
    }

    /// The identity shown now.
    pub fn identity(&self) -> Arc<Identity> {
        Arc::clone(&self.current.load().identity)
    }

    /// Shows another identity from now on.
    pub fn replace(&self, identity: Arc<Identity>) -> Result<(), rustls::Error> {
        let next = Current::new(identity, &self.offer, &self.clock)?;
        self.current.store(Arc::new(next));
        Ok(())
    }

    /// Shakes hands; gives up at the deadline. The stream is closed on failure, after an alert.
    pub async fn accept<S>(
        &self,
        stream: S,
        deadline: Instant,
    ) -> Result<Accepted<S>, HandshakeError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let handshake = timeout_at(deadline, self.handshake(stream));
        handshake.await.map_err(|_| HandshakeError::Timeout)?
    }

    async fn handshake<S>(&self, stream: S) -> Result<Accepted<S>, HandshakeError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let start = LazyConfigAcceptor::new(RustlsAcceptor::default(), stream).await?;
        let current = self.current.load_full();
        let config = current.config_for(&start.client_hello());
        // This processes the hello: in TLS 1.3 it computes the server's Finished.
        let mut seen = Seen::default();
        let accept = noting(&mut seen, || start.into_stream(config));
        let (stream, seen) = Noting::new(accept, seen).await;
        let stream = stream?;
        let connection = stream.get_ref().1;
        Ok(Accepted {
            session_id: seen.session_id()?,
            alpn: connection.alpn_protocol().and_then(Alpn::from_name),
            client_chain: connection.peer_certificates().unwrap_or_default().to_vec(),
            identity: Arc::clone(&current.identity),
            stream,
        })
    }
}

impl Current {
    fn new(
        identity: Arc<Identity>,
        offer: &Offer,
        clock: &SharedClock,
    ) -> Result<Self, rustls::Error> {
        let base = config(&identity, offer, Arc::clone(clock))?;
        let configs = Alpn::ALL.map(|alpn| {
            let mut config = base.clone();
            config.alpn_protocols = vec![alpn.name().to_vec()];
            Arc::new(config)
        });
        Ok(Self { identity, configs })
    }

    /// The first known protocol of the client's list decides; rustls would take the server's
    /// first. With none known, any of the configurations refuses, and one without a list is
    /// indifferent to them.
    fn config_for(&self, hello: &ClientHello<'_>) -> Arc<ServerConfig> {
        let mut offered = hello.alpn().into_iter().flatten();
        let known = offered.find_map(Alpn::from_name);
        let position = Alpn::ALL.iter().position(|alpn| Some(*alpn) == known);
        Arc::clone(&self.configs[position.unwrap_or_default()])
    }
}

fn config(
    identity: &Identity,
    offer: &Offer,
    clock: SharedClock,
) -> Result<ServerConfig, rustls::Error> {
    let key = sign::certified(identity.chain(), identity.key());
    let mut config = ServerConfig::builder_with_details(offer.provider(), Arc::new(Time(clock)))
        .with_protocol_versions(offer.versions)?
        .with_client_cert_verifier(Arc::new(AnyClient))
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acceptor").finish_non_exhaustive()
    }
}
