//! The relay that is measured: connections to it, and queues on it.

use futures_util::future::try_join_all;
use relay_core::clock::{Clock, SystemClock};
use relay_core::entropy::Entropy;
use relay_smp::client::{CallError, Client, Dialer, Events, NewQueue, Queue, QueueKey, Relay};
use relay_smp::wire::{Address, ServerAddress, Short, SubscriptionMode};

use crate::drive::Failure;

/// So many are created at the same time.
const AT_ONCE: usize = 64;

#[derive(Debug)]
pub(crate) struct Server {
    dialer: Dialer,
    fingerprint: [u8; 32],
    host: String,
    port: u16,
    password: Option<String>,
    pub(crate) entropy: Entropy,
}

/// A connection, and what the relay says on it unasked.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) events: Events,
}

impl Server {
    pub(crate) fn new(address: &Address) -> anyhow::Result<Self> {
        let clock = std::sync::Arc::new(SystemClock);
        Ok(Self {
            dialer: Dialer::new(address.fingerprint, clock)?,
            fingerprint: address.fingerprint,
            host: address.hosts.first().cloned().unwrap_or_default(),
            port: address.port.unwrap_or(Address::DEFAULT_PORT),
            password: address.password.clone(),
            entropy: Entropy::system()?,
        })
    }

    /// Asks a proxy for this relay.
    pub(crate) async fn through(&self, proxy: &Self, client: &Client) -> Result<Relay, Failure> {
        let (host, port) = (self.host.as_bytes(), self.port.to_string());
        let relay = ServerAddress {
            hosts: vec![Short::cut(host)],
            port: Short::cut(port.as_bytes()),
            key_hash: Short::from(&self.fingerprint),
        };
        let password = proxy.password.as_deref();
        let asked = client.relay(&relay, password, SystemClock.now()).await;
        asked.map_err(refused)
    }

    /// The port, if the relay is on this machine.
    pub(crate) fn local_port(&self) -> Option<u16> {
        let local = ["localhost", "::1"].contains(&self.host.as_str());
        (local || self.host.starts_with("127.")).then_some(self.port)
    }

    pub(crate) async fn connect(&self) -> Result<Connection, Failure> {
        let address = (self.host.as_str(), self.port);
        let connected = self.dialer.client(address, &mut self.entropy.rng()).await;
        let (client, events) = connected.map_err(|error| Failure::new(error.to_string()))?;
        Ok(Connection { client, events })
    }

    /// A queue for messages, subscribed to or not.
    pub(crate) async fn create(
        &self,
        client: &Client,
        mode: SubscriptionMode,
    ) -> Result<Queue, Failure> {
        let mut rng = self.entropy.rng();
        let queue = NewQueue {
            password: self.password.as_deref(),
            mode,
            ..NewQueue::with(QueueKey::ed25519(&mut rng))
        };
        client.create(queue, &mut rng).await.map_err(refused)
    }

    /// Many, not subscribed to.
    pub(crate) async fn create_many(
        &self,
        client: &Client,
        count: usize,
    ) -> Result<Vec<Queue>, Failure> {
        let mut queues = Vec::with_capacity(count);
        while queues.len() < count {
            let some = AT_ONCE.min(count - queues.len());
            let created = (0..some).map(|_| self.create(client, SubscriptionMode::OnlyCreate));
            queues.extend(try_join_all(created).await?);
        }
        Ok(queues)
    }
}

/// In few different words.
pub(crate) fn refused(error: CallError) -> Failure {
    match error {
        CallError::Refused(error) => Failure::new(format!("refused: {error:?}")),
        error => Failure::new(error.to_string()),
    }
}
