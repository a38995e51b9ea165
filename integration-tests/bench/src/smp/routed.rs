//! Senders whose messages go through a proxy.

use std::sync::Arc;

use relay_smp::client::{Call, Queue, QueueKey, Relay};
use relay_smp::wire::{Command, Response, SubscriptionMode};

use super::messages::random;
use super::scenario::SenderKey;
use super::server::{Connection, Server, refused};
use crate::drive::{Client, Failure, Traffic};

/// A sender at the proxy, a recipient at the relay, and a queue between them. What fails halfway
/// is made anew.
#[derive(Debug)]
pub(crate) struct RoutedPair {
    proxy: Arc<Server>,
    relay: Arc<Server>,
    key: QueueKey,
    body: Vec<u8>,
    open: Option<Route>,
}

#[derive(Debug)]
struct Route {
    sender: Connection,
    relay: Relay,
    recipient: Connection,
    queue: Queue,
}

impl RoutedPair {
    pub(crate) async fn prepare(
        proxy: &Arc<Server>,
        relay: &Arc<Server>,
        key: SenderKey,
        size: usize,
    ) -> Result<Self, Failure> {
        let mut pair = Self {
            proxy: Arc::clone(proxy),
            relay: Arc::clone(relay),
            key: key.generate(&mut relay.entropy.rng()),
            body: random(relay, size),
            open: None,
        };
        pair.open = Some(pair.open().await?);
        Ok(pair)
    }

    async fn open(&self) -> Result<Route, Failure> {
        let (sender, recipient) = (self.proxy.connect().await?, self.relay.connect().await?);
        let queue = self
            .relay
            .create(&recipient.client, SubscriptionMode::Subscribe)
            .await?;
        let secured = recipient.client.secure(&queue, self.key.public()).await;
        secured.map_err(refused)?;
        Ok(Route {
            relay: self.relay.through(&self.proxy, &sender.client).await?,
            sender,
            recipient,
            queue,
        })
    }

    /// One message from end to end.
    async fn pass(&self, route: &mut Route) -> Result<(), Failure> {
        let (notification, body) = (false, &self.body[..]);
        let command = Command::Send { notification, body };
        let call = Call::about(&route.queue.sender_id, command).by(&self.key);
        let rng = &mut self.proxy.entropy.rng();
        let client = &route.sender.client;
        let answer = client.call_through(&route.relay, &call, rng).await;
        match answer.map_err(refused)?.response().map_err(refused)? {
            Response::Ok => {}
            other => return Err(Failure::new(format!("unexpected {}", other.tag()))),
        }
        let event = route.recipient.events.next().await;
        let event = event.ok_or_else(|| Failure::new("the recipient's connection ended"))?;
        let message = route.queue.open(&event).map_err(refused)?;
        if message.body() != Some(body) {
            return Err(Failure::new("another message than was sent"));
        }
        let client = &route.recipient.client;
        let next = client.acknowledge(&route.queue, message.id()).await;
        next.map(drop).map_err(refused)
    }
}

impl Client for RoutedPair {
    async fn step(&mut self) -> Result<Traffic, Failure> {
        let mut route = match self.open.take() {
            Some(route) => route,
            None => self.open().await?,
        };
        self.pass(&mut route).await?;
        self.open = Some(route);
        Ok(Traffic {
            sent: self.body.len(),
            received: self.body.len(),
        })
    }
}
