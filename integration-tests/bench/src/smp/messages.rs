//! Senders and recipients.

use std::collections::VecDeque;
use std::sync::Arc;

use rand::Rng;
use relay_smp::client::{Opened, Queue, QueueKey};
use relay_smp::wire::SubscriptionMode;

use super::scenario::SenderKey;
use super::server::{Connection, Server, refused};
use crate::drive::{Client, Failure, Traffic};

/// A queue takes a few more before it is full.
const FITS: u32 = 120;

/// Sends to queues that nobody reads. When they are full it makes new ones.
#[derive(Debug)]
pub(crate) struct Sender {
    server: Arc<Server>,
    key: QueueKey,
    body: Vec<u8>,
    connection: Option<Connection>,
    /// Ids for senders, and how many messages fit in.
    queues: VecDeque<(Vec<u8>, u32)>,
}

/// A sender and a recipient, and a queue between them. What fails halfway is made anew.
#[derive(Debug)]
pub(crate) struct Pair {
    server: Arc<Server>,
    key: QueueKey,
    body: Vec<u8>,
    open: Option<Channel>,
    /// Messages that go through one channel.
    lasts: u32,
    left: u32,
}

/// Two connections and a queue that is subscribed to and secured.
#[derive(Debug)]
struct Channel {
    sender: Connection,
    recipient: Connection,
    queue: Queue,
}

impl Sender {
    pub(crate) async fn prepare(
        server: &Arc<Server>,
        key: SenderKey,
        size: usize,
        queues: usize,
    ) -> Result<Self, Failure> {
        let mut sender = Self {
            server: Arc::clone(server),
            key: key.generate(&mut server.entropy.rng()),
            body: random(server, size),
            connection: None,
            queues: VecDeque::new(),
        };
        let connection = server.connect().await?;
        for _ in 0..queues {
            sender.add_queue(&connection).await?;
        }
        sender.connection = Some(connection);
        Ok(sender)
    }

    async fn add_queue(&mut self, connection: &Connection) -> Result<(), Failure> {
        let client = &connection.client;
        let queue = self
            .server
            .create(client, SubscriptionMode::OnlyCreate)
            .await?;
        let secured = client.secure_as_sender(&queue.sender_id, &self.key).await;
        secured.map_err(refused)?;
        self.queues.push_back((queue.sender_id, FITS));
        Ok(())
    }

    async fn send(&mut self, connection: &Connection) -> Result<(), Failure> {
        if self.queues.is_empty() {
            self.add_queue(connection).await?;
        }
        // Taken out: a queue to which sending fails is not tried again.
        let Some((id, left)) = self.queues.pop_front() else {
            return Err(Failure::new("no queue"));
        };
        let sent = connection
            .client
            .send(&id, Some(&self.key), false, &self.body)
            .await;
        sent.map_err(refused)?;
        if left > 1 {
            self.queues.push_back((id, left - 1));
        }
        Ok(())
    }
}

impl Client for Sender {
    async fn step(&mut self) -> Result<Traffic, Failure> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.server.connect().await?,
        };
        self.send(&connection).await?;
        self.connection = Some(connection);
        Ok(Traffic {
            sent: self.body.len(),
            received: 0,
        })
    }
}

impl Pair {
    pub(crate) async fn prepare(
        server: &Arc<Server>,
        key: SenderKey,
        size: usize,
        lasts: u32,
    ) -> Result<Self, Failure> {
        let key = key.generate(&mut server.entropy.rng());
        Ok(Self {
            server: Arc::clone(server),
            body: random(server, size),
            open: Some(Channel::open(server, &key).await?),
            key,
            lasts,
            left: lasts,
        })
    }
}

impl Channel {
    async fn open(server: &Server, key: &QueueKey) -> Result<Self, Failure> {
        let (sender, recipient) = (server.connect().await?, server.connect().await?);
        let queue = server
            .create(&recipient.client, SubscriptionMode::Subscribe)
            .await?;
        let secured = sender.client.secure_as_sender(&queue.sender_id, key).await;
        secured.map_err(refused)?;
        Ok(Self {
            sender,
            recipient,
            queue,
        })
    }

    /// One message from end to end.
    async fn pass(&mut self, key: &QueueKey, body: &[u8]) -> Result<(), Failure> {
        let Self {
            sender,
            recipient,
            queue,
        } = self;
        let sent = sender
            .client
            .send(&queue.sender_id, Some(key), false, body)
            .await;
        sent.map_err(refused)?;
        let event = recipient.events.next().await;
        let event = event.ok_or_else(|| Failure::new("the recipient's connection ended"))?;
        let message = queue.open(&event).map_err(refused)?;
        if message.body() != Some(body) {
            return Err(Failure::new("another message"));
        }
        let next = recipient
            .client
            .acknowledge(queue, message.id())
            .await
            .map_err(refused)?;
        next.map_or(Ok(()), |_: Opened| Err(Failure::new("a message too many")))
    }
}

impl Client for Pair {
    async fn step(&mut self) -> Result<Traffic, Failure> {
        let mut channel = match self.open.take() {
            Some(channel) => channel,
            None => Channel::open(&self.server, &self.key).await?,
        };
        channel.pass(&self.key, &self.body).await?;
        self.left -= 1;
        if self.left > 0 {
            self.open = Some(channel);
        } else {
            self.left = self.lasts;
        }
        Ok(Traffic {
            sent: self.body.len(),
            received: self.body.len(),
        })
    }
}

/// A message's body.
pub(super) fn random(server: &Server, size: usize) -> Vec<u8> {
    let mut body = vec![0; size];
    server.entropy.rng().fill_bytes(&mut body);
    body
}
