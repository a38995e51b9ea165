//! A server in process, people, and the ways in which they ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use http_body_util::BodyExt;
use relay_core::clock::{Clock, TestClock, UnixTime};
use relay_core::entropy::Entropy;
use relay_core::telemetry::metrics::Metrics;
use relay_storage::{Database, DatabaseUrl, StorageOptions, Store, Unobserved};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::client::{As, Asking, Fresh, Request, Sealing};
pub(super) use crate::client::{Reply, Way};
use crate::config::{Current, SogsConfig};
use crate::crypto::client::Client;
use crate::crypto::{Encryption, ServerKey, SessionId};
use crate::domain::filter::words::WordList;
use crate::domain::identity::Naming;
use crate::files::FileStore;
use crate::server::pages::Pages;
use crate::server::pipeline::Pipeline;
use crate::server::pipeline::gate::Gate;
use crate::server::pipeline::metrics::RequestMetrics;
use crate::server::{Parts, Server};
use crate::store::room_edit::NewRoom;
use crate::store::{Actor, CacheLimits, RoomId, Tables};
use crate::vectors;
use crate::web::{Web, load_theme};
use crate::wire::encode_base64;
use crate::wire::moderation::{Role, RoleChange, Scope};
use crate::wire::rooms::Defaults;

/// Nothing is remembered of the time before.
pub(super) const START: UnixTime = UnixTime::from_secs(1_700_000_000);

/// Everything is allowed.
pub(super) const OPEN: Defaults = Defaults {
    read: true,
    accessible: true,
    write: true,
    upload: true,
};

/// Somebody.
pub(super) struct Person {
    pub(super) client: Client,
    pub(super) signs: As,
}

pub(super) struct Bench {
    pub(super) server: Arc<Server>,
    pub(super) key: Arc<ServerKey>,
    pub(super) clock: TestClock,
    router: Router,
    nonce: AtomicU64,
    _dir: TempDir,
}

/// With one open room, `lounge`.
pub(super) async fn bench() -> Bench {
    bench_with(|_| {}).await
}

pub(super) async fn bench_with(change: impl FnOnce(&mut SogsConfig)) -> Bench {
    let mut config = SogsConfig::default();
    config.limits.posts = crate::config::Rate::OFF;
    config.limits.reactions = crate::config::Rate::OFF;
    change(&mut config);
    let bench = Bench::start(config).await;
    bench.room("lounge", OPEN).await;
    bench
}

impl Bench {
    async fn start(config: SogsConfig) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let (key, clock) = (Arc::new(vectors::server_key()), TestClock::at(START));
        let parts = Parts {
            tables: tables(&config, &key, &dir).await,
            files: FileStore::open(dir.path(), Entropy::seeded(1)).expect("a folder"),
            key: Arc::clone(&key),
            words: WordList::built_in(),
            config: Current::new(config),
            clock: Arc::new(clock.clone()),
            entropy: Entropy::seeded(2),
        };
        let (metrics, config) = (Metrics::new(), parts.config.clone());
        let server = Arc::new(Server::new(parts, &metrics));
        let pipeline = Arc::new(Pipeline {
            house: Arc::clone(&server),
            gate: Gate::new(*key.public()),
            key: Arc::clone(&key),
            config: config.clone(),
            clock: Arc::new(clock.clone()),
            entropy: Entropy::seeded(3),
            metrics: RequestMetrics::new(&metrics),
        });
        let theme = load_theme(None).expect("the built-in theme");
        let web = Web::new(Pages(Arc::clone(&server)), config, key.public_hex(), theme);
        Self {
            server,
            key,
            clock,
            router: pipeline.router(web.router()),
            nonce: AtomicU64::new(0),
            _dir: dir,
        }
    }

    /// Makes a room.
    pub(super) async fn room(&self, token: &str, defaults: Defaults) -> RoomId {
        let room = NewRoom {
            token: token.parse().expect("a token"),
            name: format!("The {token}"),
            description: None,
            defaults,
        };
        let made = self.server.tables.create_room(room, self.clock.now());
        made.await.expect("made")
    }

    /// Gives somebody a role.
    pub(super) async fn role(&self, person: &Person, scope: Scope, role: Role) {
        let change = RoleChange {
            visible: scope != Scope::Global,
            scope,
            role,
        };
        let id = self.id(person);
        let (system, now) = (Actor::system(), self.clock.now());
        let set = self.server.tables.set_role(&system, id, change, now);
        set.await.expect("a role");
    }

    /// Somebody who is an admin of the lounge.
    pub(super) async fn admin(&self) -> Person {
        let admin = Person::blinded(200);
        self.role(&admin, lounge(), Role::Admin).await;
        admin
    }

    /// Somebody who moderates the lounge.
    pub(super) async fn moderator(&self) -> Person {
        let moderator = Person::blinded(201);
        self.role(&moderator, lounge(), Role::Moderator).await;
        moderator
    }

    /// Under which id somebody is known.
    pub(super) fn id(&self, person: &Person) -> SessionId {
        let blinding = self.key.blinding();
        match person.signs {
            As::Plain => person.client.id05(),
            As::Blinded15 => person.client.id15(&blinding),
            As::Blinded25 => person.client.id25(&blinding),
        }
    }

    pub(super) fn fresh(&self) -> Fresh {
        let nonce = self.nonce.fetch_add(1, Ordering::Relaxed);
        Fresh {
            nonce: u128::from(nonce).to_le_bytes(),
            timestamp: self.clock.now().secs(),
        }
    }

    /// Asks over HTTP with these headers.
    pub(super) async fn send(&self, request: Request<'_>, headers: &[(&str, String)]) -> Reply {
        let mut sent = axum::http::Request::builder()
            .method(request.method)
            .uri(request.target);
        for (name, value) in headers {
            sent = sent.header(*name, value);
        }
        let sent = sent
            .body(Body::from(request.body.to_vec()))
            .expect("a request");
        let response = self.router.clone().oneshot(sent).await.expect("an answer");
        let (head, body) = response.into_parts();
        let headers = head.headers.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        });
        Reply {
            status: head.status.as_u16(),
            headers: headers.collect(),
            body: body.collect().await.expect("a body").to_bytes().to_vec(),
        }
    }

    /// Asks in an onion with these headers.
    pub(super) async fn onion(
        &self,
        encryption: Encryption,
        request: Request<'_>,
        headers: &[(&str, String)],
    ) -> Reply {
        let sealing = Sealing {
            encryption,
            server: *self.key.public(),
            ephemeral: [9; 32],
        };
        let sealed = request.onion(headers, &sealing).expect("sealed");
        let outer = Request {
            method: "POST",
            target: "/oxen/v4/lsrpc",
            body: &sealed.body,
        };
        let reply = self.send(outer, &[]).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        sealed.open(&reply.body).expect("a sealed reply")
    }

    /// Asks in some way; nobody is anonymous.
    pub(super) async fn ask(
        &self,
        way: Way,
        who: Option<&Person>,
        (method, target): (&str, &str),
        body: &[u8],
    ) -> Reply {
        let request = Request {
            method,
            target,
            body,
        };
        let asking = Asking {
            server: self.key.public(),
            who: who.map(|person| (&person.client, person.signs)),
            fresh: self.fresh(),
        };
        let wrapped = way.wrap(request, asking).expect("a request");
        let outer = Request {
            method: &wrapped.method,
            target: &wrapped.target,
            body: &wrapped.body,
        };
        let reply = self.send(outer, &wrapped.headers).await;
        wrapped.unwrap(reply).expect("a reply")
    }

    /// Asks over HTTP.
    pub(super) async fn get(&self, who: Option<&Person>, target: &str) -> Reply {
        self.ask(Way::Plain, who, ("GET", target), b"").await
    }

    /// Asks over HTTP with a body in JSON.
    pub(super) async fn call(
        &self,
        who: Option<&Person>,
        method: &str,
        target: &str,
        body: &Value,
    ) -> Reply {
        let body = body.to_string();
        self.ask(Way::Plain, who, (method, target), body.as_bytes())
            .await
    }

    /// Asks over HTTP without a body.
    pub(super) async fn bare(&self, who: Option<&Person>, method: &str, target: &str) -> Reply {
        self.ask(Way::Plain, who, (method, target), b"").await
    }

    /// Posts some text into the lounge; gives the message.
    pub(super) async fn post(&self, who: &Person, text: &str) -> Value {
        let reply = self
            .call(Some(who), "POST", "/room/lounge/message", &message(text))
            .await;
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.json()
    }
}

impl Person {
    /// Somebody who signs with a blinded id.
    pub(super) fn blinded(seed: u8) -> Self {
        Self {
            client: Client::new([seed; 32]),
            signs: As::Blinded15,
        }
    }

    /// Somebody who signs with their plain key.
    pub(super) fn plain(seed: u8) -> Self {
        Self {
            client: Client::new([seed; 32]),
            signs: As::Plain,
        }
    }
}

pub(super) fn lounge() -> Scope {
    Scope::Rooms(vec!["lounge".to_owned()])
}

/// The body of a post.
pub(super) fn message(text: &str) -> Value {
    let padded = [text.as_bytes(), &[0x80, 0, 0]].concat();
    json!({"data": encode_base64(&padded), "signature": encode_base64(&[1; 64])})
}

async fn tables(config: &SogsConfig, key: &ServerKey, dir: &TempDir) -> Tables {
    let options = StorageOptions {
        url: DatabaseUrl::Sqlite(dir.path().join("test.db")),
        ..StorageOptions::default()
    };
    let database = Database::open(options).await.expect("opened");
    let owners = [relay_storage::MIGRATIONS, crate::store::schema::MIGRATIONS];
    database.migrate(&owners).await.expect("migrated");
    let store = Store::start(database, Arc::new(Unobserved));
    let naming = if config.auth.require_blinded_ids {
        Naming::Blinded15
    } else {
        Naming::Unblinded
    };
    let tables = Tables::new(store, naming, key.blinding(), CacheLimits::default());
    let prepared = tables.prepare_system_user(&key.public_hex(), START).await;
    prepared.expect("a system user");
    tables
}
