//! A fresh engine on each kind of database, and clients that speak to it in the wire's own words.

use std::sync::Arc;
use std::time::Duration;

use relay_core::clock::{TestClock, UnixTime};
use relay_core::entropy::Entropy;
use relay_storage::{Database, DatabaseUrl, StorageOptions, Store, Unobserved};
use relay_testkit::Postgres;
use tempfile::TempDir;

use crate::crypto::{BoxKey, OwnedSignature, SecretKey, SigningKey, authenticator, message};
use crate::engine::{Answer, Connection, Engine, Ground, SessionFacts, Settings};
use crate::store::MIGRATIONS;
use crate::wire::*;

pub(crate) const START: i64 = 1_750_000_000;
const SESSION: [u8; 32] = [9; 32];

/// A database with an engine on it.
pub(crate) struct Bed {
    pub(crate) engine: Engine,
    pub(crate) clock: TestClock,
    pub(crate) store: Store,
    entropy: Entropy,
    url: DatabaseUrl,
    dir: Arc<TempDir>,
}

impl Bed {
    /// One of each kind of database that is installed.
    pub(crate) async fn each(settings: Settings) -> Vec<Self> {
        let mut beds = vec![Self::sqlite(settings.clone()).await];
        if let Some(server) = Postgres::shared() {
            let url = DatabaseUrl::Postgres(server.database());
            beds.push(Self::on(url, Arc::new(tempfile::tempdir().unwrap()), settings).await);
        }
        beds
    }

    pub(crate) async fn sqlite(settings: Settings) -> Self {
        let dir = Arc::new(tempfile::tempdir().unwrap());
        let url = DatabaseUrl::Sqlite(dir.path().join("test.db"));
        Self::on(url, dir, settings).await
    }

    async fn on(url: DatabaseUrl, dir: Arc<TempDir>, settings: Settings) -> Self {
        let options = StorageOptions {
            url: url.clone(),
            ..StorageOptions::default()
        };
        let database = Database::open(options).await.unwrap();
        database
            .migrate(&[relay_storage::MIGRATIONS, MIGRATIONS])
            .await
            .unwrap();
        let store = Store::start(database, Arc::new(Unobserved));
        let clock = TestClock::at(UnixTime::from_secs(START));
        Self::start(url, dir, store, clock, Entropy::seeded(1), settings).await
    }

    async fn start(
        url: DatabaseUrl,
        dir: Arc<TempDir>,
        store: Store,
        clock: TestClock,
        entropy: Entropy,
        settings: Settings,
    ) -> Self {
        let ground = Ground {
            store: store.clone(),
            clock: Arc::new(clock.clone()),
            entropy: entropy.clone(),
        };
        let engine = Engine::start(ground, settings).await.unwrap();
        Self {
            engine,
            clock,
            store,
            entropy,
            url,
            dir,
        }
    }

    /// The same database after the process died.
    pub(crate) async fn restarted(self, settings: Settings) -> Self {
        let Self {
            engine,
            clock,
            store,
            entropy,
            url,
            dir,
        } = self;
        drop(engine);
        store.close().await;
        let options = StorageOptions {
            url: url.clone(),
            ..StorageOptions::default()
        };
        let database = Database::open(options).await.unwrap();
        let store = Store::start(database, Arc::new(Unobserved));
        Self::start(url, dir, store, clock, entropy, settings).await
    }

    pub(crate) fn client(&self) -> Client {
        self.client_of(18)
    }

    pub(crate) fn client_of(&self, version: u16) -> Client {
        let mut rng = self.entropy.rng();
        let session_key = SecretKey::generate(&mut rng);
        let facts = SessionFacts {
            version: Version(version),
            session_key: Some(session_key.clone()),
            peer_key: None,
            max_version: Version::NOTICES,
        };
        Client {
            connection: self.engine.attach(facts),
            version: Version(version),
            session_key: session_key.public(),
            entropy: self.entropy.clone(),
        }
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }
}

/// A connection and the client at its other end.
pub(crate) struct Client {
    pub(crate) connection: Connection,
    version: Version,
    session_key: DhKey,
    entropy: Entropy,
}

/// Who authorizes a command.
#[derive(Clone)]
pub(crate) enum Key {
    Sign(SigningKey),
    Agree(SecretKey),
}

impl Key {
    pub(crate) fn public(&self) -> AuthKey {
        match self {
            Self::Sign(key) => key.public(),
            Self::Agree(key) => AuthKey::X25519(key.public().0),
        }
    }
}

/// A queue as its recipient knows it.
#[derive(Clone)]
pub(crate) struct Queue {
    pub(crate) recipient: Vec<u8>,
    pub(crate) sender: Vec<u8>,
    pub(crate) link: Option<Vec<u8>>,
    pub(crate) notifier: Option<Vec<u8>>,
    pub(crate) key: Key,
    pub(crate) body_key: BoxKey,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Queue")
    }
}

/// A command with its entity and who authorizes it.
pub(crate) struct Say<'a>(
    pub(crate) &'a [u8],
    pub(crate) Command<'a>,
    pub(crate) Option<&'a Key>,
);

/// Link data for tests.
pub(crate) const DATA: LinkData<'static> = LinkData {
    fixed: b"fixed",
    user: b"user",
};

impl Client {
    pub(crate) fn signer(&self) -> Key {
        Key::Sign(SigningKey::generate(&mut self.entropy.rng()))
    }

    pub(crate) fn signer_448(&self) -> Key {
        Key::Sign(SigningKey::generate_ed448(&mut self.entropy.rng()))
    }

    pub(crate) fn agreer(&self) -> Key {
        Key::Agree(SecretKey::generate(&mut self.entropy.rng()))
    }

    fn session(&self) -> Session<'static> {
        Session {
            version: self.version,
            id: Short::from(&SESSION),
        }
    }

    fn transmission(&self, corr_id: &[u8], Say(entity, command, key): &Say<'_>) -> Vec<u8> {
        let (corr_id, entity) = (Short::cut(corr_id), Short::cut(entity));
        let draft = Draft::new(self.version, corr_id, entity, command).unwrap();
        let signed = draft.signed(self.session());
        let signature = match key {
            Some(Key::Sign(key)) => Some(key.sign(&signed.to_vec())),
            _ => None,
        };
        let authenticator = match key {
            Some(Key::Agree(key)) => {
                authenticator(key, &self.session_key, signed, corr_id.as_bytes())
            }
            _ => None,
        };
        let authorization = (signature.as_ref().map(OwnedSignature::for_command))
            .or(authenticator.as_ref().map(Authorization::X25519));
        let credentials = authorization.map(|authorization| Credentials {
            authorization,
            service: None,
        });
        let mut bytes = Vec::new();
        write(&mut bytes, BLOCK, |out| {
            draft.encode(self.session(), credentials, out);
        })
        .unwrap();
        bytes
    }

    /// Sends a block of given transmissions; gives what is refused, and what is answered.
    pub(crate) async fn block(&mut self, transmissions: &[Vec<u8>]) -> (Vec<String>, Vec<String>) {
        let session = self.session();
        let requests: Vec<_> = (transmissions.iter())
            .map(|bytes| Request::parse(session, bytes))
            .collect();
        let answers = self.connection.execute(&requests).await;
        (self.told(&answers.refused), self.told(&answers.done))
    }

    /// Sends a block; gives all answers, those of refused commands first.
    pub(crate) async fn say(&mut self, commands: &[Say<'_>]) -> Vec<String> {
        let (mut refused, done) = self.say_apart(commands).await;
        refused.extend(done);
        refused
    }

    pub(crate) async fn say_apart(&mut self, commands: &[Say<'_>]) -> (Vec<String>, Vec<String>) {
        let transmissions: Vec<_> = (commands.iter())
            .map(|say| self.transmission(&self.entropy.bytes::<24>(), say))
            .collect();
        self.block(&transmissions).await
    }

    /// Sends one command.
    pub(crate) async fn one(
        &mut self,
        entity: &[u8],
        command: Command<'_>,
        key: Option<&Key>,
    ) -> String {
        let answers = self.say(&[Say(entity, command, key)]).await;
        assert_eq!(answers.len(), 1);
        answers.into_iter().next().unwrap()
    }

    /// A command of the recipient.
    pub(crate) async fn on(&mut self, queue: &Queue, command: Command<'_>) -> String {
        let (recipient, key) = (queue.recipient.clone(), queue.key.clone());
        self.one(&recipient, command, Some(&key)).await
    }

    pub(crate) async fn send(&mut self, queue: &Queue, body: &str, key: Option<&Key>) -> String {
        let command = Command::Send {
            notification: false,
            body: body.as_bytes(),
        };
        self.one(&queue.sender, command, key).await
    }

    /// Acknowledges a message as [`Client::told`] shows it.
    pub(crate) async fn ack(&mut self, queue: &Queue, told: &str) -> String {
        let id = message_id(told);
        self.on(queue, Command::Ack(Short::cut(&id))).await
    }

    pub(crate) async fn create(&mut self) -> Queue {
        self.create_as(
            Some(QueueRequest::Messaging(None)),
            SubscriptionMode::Subscribe,
        )
        .await
    }

    pub(crate) async fn create_as(
        &mut self,
        request: Option<QueueRequest<'_>>,
        mode: SubscriptionMode,
    ) -> Queue {
        let corr_id: [u8; 24] = self.entropy.bytes();
        self.try_create(&corr_id, request, mode, None)
            .await
            .unwrap()
    }

    pub(crate) async fn try_create(
        &mut self,
        corr_id: &[u8],
        request: Option<QueueRequest<'_>>,
        mode: SubscriptionMode,
        notifier: Option<NewNotifier>,
    ) -> Result<Queue, String> {
        let (key, secret) = (self.signer(), SecretKey::generate(&mut self.entropy.rng()));
        let new = New {
            key: key.public(),
            dh_key: secret.public(),
            password: None,
            mode,
            request,
            notifier,
        };
        let say = Say(&[], Command::New(Box::new(new)), Some(&key));
        let bytes = self.transmission(corr_id, &say);
        let parsed = [Request::parse(self.session(), &bytes)];
        let answers = self.connection.execute(&parsed).await;
        let answer = answers.refused.iter().chain(&answers.done).next().unwrap();
        let bytes = self.bytes(answer);
        match Reply::parse(self.session(), &bytes)
            .unwrap()
            .response
            .unwrap()
        {
            Response::Ids(ids) => Ok(Queue {
                recipient: ids.recipient_id.as_bytes().to_vec(),
                sender: ids.sender_id.as_bytes().to_vec(),
                link: ids.link_id.map(|id| id.as_bytes().to_vec()),
                notifier: ids.notifier.map(|(id, _)| id.as_bytes().to_vec()),
                body_key: secret.box_key(&ids.dh_key).unwrap(),
                key,
            }),
            other => Err(Self::tell(&other)),
        }
    }

    /// Events that wait now.
    pub(crate) async fn events(&mut self) -> Vec<String> {
        let events = self.connection.events(usize::MAX).await;
        self.told(&events)
    }

    /// The one event that waits.
    pub(crate) async fn event(&mut self) -> String {
        let mut events = self.events().await;
        assert_eq!(events.len(), 1, "{events:?}");
        events.remove(0)
    }

    /// The body of a message event of this queue.
    #[expect(clippy::unused_self, reason = "reads better")]
    pub(crate) fn open(&self, queue: &Queue, told: &str) -> String {
        let (_, sealed) = told.rsplit_once(' ').unwrap();
        let mut sealed = data_encoding::HEXLOWER.decode(sealed.as_bytes()).unwrap();
        let id = message_id(told).try_into().unwrap();
        match message::open(&queue.body_key, &id, &mut sealed).unwrap() {
            Message::Sent { body, .. } => String::from_utf8(body.to_vec()).unwrap(),
            Message::Quota { .. } => "QUOTA".to_owned(),
        }
    }

    fn told(&self, answers: &[Answer]) -> Vec<String> {
        let each = answers.iter().map(|answer| {
            let bytes = self.bytes(answer);
            let reply = Reply::parse(self.session(), &bytes).unwrap();
            Self::tell(&reply.response.unwrap())
        });
        each.collect()
    }

    fn bytes(&self, answer: &Answer) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&mut bytes, BLOCK, |out| answer.encode(self.session(), out)).unwrap();
        bytes
    }

    fn tell(response: &Response<'_>) -> String {
        let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
        match response {
            Response::Msg { id, body } => {
                format!("MSG {} {}", hex(id.as_bytes()), hex(body))
            }
            Response::Nid { notifier_id, .. } => format!("NID {}", hex(notifier_id.as_bytes())),
            Response::Lnk { data, .. } => {
                format!("LNK {} {}", text(data.fixed), text(data.user))
            }
            Response::Err(error) => format!("ERR {}", text(&error.to_bytes().unwrap())),
            Response::Info(json) => format!("INFO {}", text(json)),
            other => other.tag().to_owned(),
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The id in a message as [`Client::told`] shows it.
pub(crate) fn message_id(told: &str) -> Vec<u8> {
    let id = told
        .strip_prefix("MSG ")
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    data_encoding::HEXLOWER.decode(id.as_bytes()).unwrap()
}
