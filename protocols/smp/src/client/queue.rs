//! Typed calls: what a recipient, a sender and a notifier do with a queue.

use rand::CryptoRng;

use super::{Call, CallError, Client, QueueKey, Received};
use crate::crypto::{BoxKey, Nonce, SecretKey, message};
use crate::wire::{
    AuthKey, Command, DhKey, Ids, Message, New, NewNotifier, QueueMode, QueueRequest, Response,
    Short, SubscriptionMode,
};

/// A queue to be created.
#[derive(Clone, Debug)]
pub struct NewQueue<'a> {
    /// The recipient's key.
    pub key: QueueKey,
    /// The server's password.
    pub password: Option<&'a str>,
    /// Whether to be subscribed at once.
    pub mode: SubscriptionMode,
    /// The kind, and a link.
    pub request: QueueRequest<'a>,
    /// A notifier's key, where one is to be set at once.
    pub notifier: Option<AuthKey>,
}

/// A queue of ours: what its recipient knows.
#[derive(Clone, Debug)]
pub struct Queue {
    /// For the recipient's commands.
    pub recipient_id: Vec<u8>,
    /// For senders.
    pub sender_id: Vec<u8>,
    /// Authorizes the recipient's commands.
    pub key: QueueKey,
    /// The kind; unknown where the version does not say.
    pub mode: Option<QueueMode>,
    /// Its link.
    pub link_id: Option<Vec<u8>>,
    /// Its notifier, if one was set.
    pub notifier: Option<Notifier>,
    secret: BoxKey,
}

/// A queue's notifier: what the recipient knows of it.
#[derive(Clone, Debug)]
pub struct Notifier {
    /// For the notifier's commands.
    pub id: Vec<u8>,
    secret: BoxKey,
}

/// A message, decrypted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Opened {
    /// What a sender sent.
    Sent {
        /// Its id, to acknowledge it by.
        id: [u8; 24],
        /// Unix seconds at which the server took it.
        timestamp: i64,
        /// Whether a notification was asked for.
        notification: bool,
        /// As it was sent.
        body: Vec<u8>,
    },
    /// The queue was full.
    Quota {
        /// Its id, to acknowledge it by.
        id: [u8; 24],
        /// Unix seconds at which that began.
        timestamp: i64,
    },
}

impl NewQueue<'_> {
    /// A queue for one sender, subscribed to at once, without a password.
    pub fn with(key: QueueKey) -> Self {
        Self {
            key,
            password: None,
            mode: SubscriptionMode::Subscribe,
            request: QueueRequest::Messaging(None),
            notifier: None,
        }
    }
}

impl Client {
    /// `NEW`
    pub async fn create(
        &self,
        queue: NewQueue<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<Queue, CallError> {
        let (secret, notifier_secret) = (SecretKey::generate(rng), SecretKey::generate(rng));
        let command = Command::New(Box::new(New {
            key: queue.key.public(),
            dh_key: secret.public(),
            password: queue.password.map(|text| Short::cut(text.as_bytes())),
            mode: queue.mode,
            request: Some(queue.request),
            notifier: queue.notifier.map(|key| NewNotifier {
                key,
                dh_key: notifier_secret.public(),
            }),
        }));
        let answer = self.call(Call::plain(command).by(&queue.key)).await?;
        match answer.response()? {
            Response::Ids(ids) => Queue::new(&ids, queue.key.clone(), &secret, &notifier_secret),
            other => Err(CallError::Unexpected(other.tag())),
        }
    }

    /// `SUB`; waiting messages come as events.
    pub async fn subscribe(&self, queue: &Queue) -> Result<(), CallError> {
        self.done(queue.call(Command::Sub)).await
    }

    /// `KEY`: only the holder of this key may send.
    pub async fn secure(&self, queue: &Queue, sender: AuthKey) -> Result<(), CallError> {
        self.done(queue.call(Command::Key(sender))).await
    }

    /// `SKEY`: the sender secures.
    pub async fn secure_as_sender(
        &self,
        sender_id: &[u8],
        key: &QueueKey,
    ) -> Result<(), CallError> {
        let command = Command::Skey(key.public());
        self.done(Call::about(sender_id, command).by(key)).await
    }

    /// `SEND`; without a key to a queue that is not secured.
    pub async fn send(
        &self,
        sender_id: &[u8],
        key: Option<&QueueKey>,
        notification: bool,
        body: &[u8],
    ) -> Result<(), CallError> {
        let command = Command::Send { notification, body };
        let call = Call::about(sender_id, command);
        self.done(Call { key, ..call }).await
    }

    /// `GET`: the first message without subscribing, if there is one.
    pub async fn get(&self, queue: &Queue) -> Result<Option<Opened>, CallError> {
        self.next_message(queue, Command::Get).await
    }

    /// `ACK`: gives the next message, if there is one already.
    pub async fn acknowledge(&self, queue: &Queue, id: &[u8]) -> Result<Option<Opened>, CallError> {
        self.next_message(queue, Command::Ack(Short::cut(id))).await
    }

    /// `NKEY`
    pub async fn set_notifier(
        &self,
        queue: &Queue,
        key: AuthKey,
        rng: &mut impl CryptoRng,
    ) -> Result<Notifier, CallError> {
        let secret = SecretKey::generate(rng);
        let dh_key = secret.public();
        let answer = self.call(queue.call(Command::Nkey(NewNotifier { key, dh_key })));
        match answer.await?.response()? {
            Response::Nid {
                notifier_id,
                dh_key,
            } => Notifier::new(notifier_id, &secret, &dh_key),
            other => Err(CallError::Unexpected(other.tag())),
        }
    }

    /// `NSUB`; notifications come as events.
    pub async fn subscribe_notifier(&self, id: &[u8], key: &QueueKey) -> Result<(), CallError> {
        self.done(Call::about(id, Command::Nsub).by(key)).await
    }

    /// `OFF`
    pub async fn suspend(&self, queue: &Queue) -> Result<(), CallError> {
        self.done(queue.call(Command::Off)).await
    }

    /// `DEL`
    pub async fn delete(&self, queue: &Queue) -> Result<(), CallError> {
        self.done(queue.call(Command::Del)).await
    }

    /// `PING`
    pub async fn ping(&self) -> Result<(), CallError> {
        match self.call(Call::plain(Command::Ping)).await?.response()? {
            Response::Pong => Ok(()),
            other => Err(CallError::Unexpected(other.tag())),
        }
    }

    /// A command whose answer is `OK`, or `SOK`.
    pub async fn done(&self, call: Call<'_>) -> Result<(), CallError> {
        match self.call(call).await?.response()? {
            Response::Ok | Response::Sok(_) => Ok(()),
            other => Err(CallError::Unexpected(other.tag())),
        }
    }

    async fn next_message(
        &self,
        queue: &Queue,
        command: Command<'_>,
    ) -> Result<Option<Opened>, CallError> {
        let answer = self.call(queue.call(command)).await?;
        match answer.response()? {
            Response::Ok => Ok(None),
            _ => queue.open(&answer).map(Some),
        }
    }
}

impl Queue {
    fn new(
        ids: &Ids<'_>,
        key: QueueKey,
        secret: &SecretKey,
        notifier_secret: &SecretKey,
    ) -> Result<Self, CallError> {
        let notifier = ids
            .notifier
            .map(|(id, dh_key)| Notifier::new(id, notifier_secret, &dh_key))
            .transpose()?;
        Ok(Self {
            recipient_id: ids.recipient_id.as_bytes().to_vec(),
            sender_id: ids.sender_id.as_bytes().to_vec(),
            key,
            mode: ids.mode,
            link_id: ids.link_id.map(|id| id.as_bytes().to_vec()),
            notifier,
            secret: secret.box_key(&ids.dh_key).ok_or(CallError::Key)?,
        })
    }

    /// A recipient's command about it.
    pub fn call<'a>(&'a self, command: Command<'a>) -> Call<'a> {
        Call::about(&self.recipient_id, command).by(&self.key)
    }

    /// Decrypts a `MSG`.
    pub fn open(&self, received: &Received) -> Result<Opened, CallError> {
        let (id, body) = match received.response()? {
            Response::Msg { id, body } => (id, body),
            other => return Err(CallError::Unexpected(other.tag())),
        };
        let id = id.as_bytes().try_into().map_err(|_| CallError::Unopened)?;
        let mut body = body.to_vec();
        let opened = message::open(&self.secret, &id, &mut body);
        Ok(Opened::new(id, opened.map_err(|_| CallError::Unopened)?))
    }
}

impl Notifier {
    fn new(id: Short<'_>, secret: &SecretKey, server: &DhKey) -> Result<Self, CallError> {
        Ok(Self {
            id: id.as_bytes().to_vec(),
            secret: secret.box_key(server).ok_or(CallError::Key)?,
        })
    }

    /// Decrypts an `NMSG`: the message's id and Unix seconds.
    pub fn open(&self, received: &Received) -> Result<(Vec<u8>, i64), CallError> {
        let (nonce, meta) = match received.response()? {
            Response::Nmsg { nonce, meta } => (Nonce(*nonce), meta),
            other => return Err(CallError::Unexpected(other.tag())),
        };
        let mut meta = meta.as_bytes().to_vec();
        let opened = message::open_notification(&self.secret, nonce, &mut meta);
        let meta = opened.map_err(|_| CallError::Unopened)?;
        Ok((meta.message_id.as_bytes().to_vec(), meta.timestamp))
    }
}

impl Opened {
    fn new(id: [u8; 24], message: Message<'_>) -> Self {
        match message {
            Message::Sent {
                timestamp,
                notification,
                body,
            } => Self::Sent {
                id,
                timestamp,
                notification,
                body: body.to_vec(),
            },
            Message::Quota { timestamp } => Self::Quota { id, timestamp },
        }
    }

    /// Its id, to acknowledge it by.
    pub fn id(&self) -> &[u8; 24] {
        match self {
            Self::Sent { id, .. } | Self::Quota { id, .. } => id,
        }
    }

    /// What was sent; nothing where the queue was full.
    pub fn body(&self) -> Option<&[u8]> {
        match self {
            Self::Sent { body, .. } => Some(body),
            Self::Quota { .. } => None,
        }
    }
}
