//! From a relay's address to a connection with it.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use relay_core::clock::SharedClock;
use relay_core::entropy::Entropy;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{sleep, timeout};

use super::destination::{Destination, Route};
use super::failure::Failure;
use super::reach;
use crate::client::{Client, Dialer, Events};
use crate::config::{ProxyConfig, SmpConfig, SocksProxy};
use crate::crypto::fingerprint;
use crate::wire::to_base64url;

/// A host with more addresses is tried at the first of them.
const MOST_ADDRESSES: usize = 8;
/// How much later than the one before an address is tried.
const APART: Duration = Duration::from_millis(300);

/// What connections are made with.
#[derive(Clone, Debug)]
pub(super) struct Means {
    pub(super) clock: SharedClock,
    pub(super) entropy: Entropy,
}

impl Means {
    /// Connects, within the time limit.
    pub(super) async fn connect(
        &self,
        destination: &Destination,
        config: &SmpConfig,
    ) -> Result<(Client, Events), Failure> {
        let limit = config.proxy.connect_timeout.get();
        let connected = timeout(limit, self.connect_to(destination, config)).await;
        connected.unwrap_or(Err(Failure::Network))
    }

    async fn connect_to(
        &self,
        destination: &Destination,
        config: &SmpConfig,
    ) -> Result<(Client, Events), Failure> {
        let proxy = &config.proxy;
        let route = destination.route(proxy)?;
        let stream = match &route.socks {
            None => direct(&route, proxy).await?,
            Some(socks) => through(socks, &route, destination, proxy).await?,
        };
        // Without it a block waits for the acknowledgement of the one before.
        stream.set_nodelay(true).map_err(|_| Failure::Network)?;
        if let Some(keep_alive) = config.connections.keep_alive() {
            // It may have gone already, which the first read tells.
            let _ = keep_alive.set(&stream);
        }
        let dialer = Dialer::new(destination.fingerprint(), self.clock.clone())?;
        let limits = (proxy.connect_timeout.get(), proxy.answer_timeout.get());
        let dialer = dialer.as_proxy().limits(limits.0, limits.1);
        let connected = dialer.client_over(stream, &mut self.entropy.rng()).await;
        Ok(connected?)
    }
}

/// Looks the host up, and connects to what was found and may be connected to.
async fn direct(route: &Route, config: &ProxyConfig) -> Result<TcpStream, Failure> {
    let found = lookup_host((route.host.as_str(), route.port)).await;
    let found: Vec<_> = found.map_err(|_| Failure::Network)?.collect();
    let allowed = (found.into_iter())
        .filter(|address| reach::address(config, route.named, address.ip()))
        .take(MOST_ADDRESSES);
    first_that_answers(allowed.collect()).await
}

async fn first_that_answers(addresses: Vec<SocketAddr>) -> Result<TcpStream, Failure> {
    if addresses.is_empty() {
        return Err(Failure::Host);
    }
    let tries = (0u32..).zip(addresses).map(|(place, address)| async move {
        sleep(APART * place).await;
        TcpStream::connect(address).await
    });
    let mut tries: FuturesUnordered<_> = tries.collect();
    while let Some(connected) = tries.next().await {
        if let Ok(stream) = connected {
            return Ok(stream);
        }
    }
    Err(Failure::Network)
}

/// Has a SOCKS proxy connect. The name is looked up there, so that here only an address that
/// stands in its place can be judged.
async fn through(
    socks: &SocksProxy,
    route: &Route,
    destination: &Destination,
    config: &ProxyConfig,
) -> Result<TcpStream, Failure> {
    let judged = match route.host.parse() {
        Ok(address) => reach::address(config, route.named, address),
        Err(_) => route.named == reach::Named::Allowed,
    };
    if !judged {
        return Err(Failure::Host);
    }
    let stream = TcpStream::connect((socks.host.as_str(), socks.port)).await;
    let mut stream = stream.map_err(|_| Failure::Network)?;
    let isolated = isolation(destination);
    let credentials = match &socks.credentials {
        Some((user, password)) => Some((user.as_str(), password.as_str())),
        None => config
            .socks_isolation
            .then_some((isolated.as_str(), "relayd")),
    };
    super::socks::connect(&mut stream, credentials, &route.host, route.port).await?;
    Ok(stream)
}

/// A user name for each relay. Tor does not share circuits between user names.
fn isolation(destination: &Destination) -> String {
    to_base64url(&fingerprint(&destination.fingerprint()))
}
