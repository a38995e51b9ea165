//! Tables and files in a temporary place, with a few rooms, for tests of what stands on them.

use std::sync::Arc;

use relay_core::clock::{TestClock, UnixTime};
use relay_core::entropy::Entropy;
use relay_core::telemetry::metrics::Metrics;
use relay_storage::{Database, DatabaseUrl, StorageOptions, Store, Unobserved};
use tempfile::TempDir;

use crate::config::{Current, SogsConfig};
use crate::crypto::client::Client;
use crate::crypto::{ServerKey, SessionId};
use crate::domain::files::Lifetimes;
use crate::domain::filter::words::WordList;
use crate::domain::identity::Naming;
use crate::domain::rate::RateLimit;
use crate::files::{FilePath, FileStore, Room as Space};
use crate::server::{Parts, Server};
use crate::store::change::Actor;
use crate::store::files::NewFile;
use crate::store::posting::{Filtered, Posting};
use crate::store::room_edit::NewRoom;
use crate::store::{CacheLimits, FileId, MessageId, RoomId, Tables, UserId};
use crate::vectors;
use crate::wire::messages::{Content, NewMessage};
use crate::wire::moderation::{Role, RoleChange, Scope};
use crate::wire::rooms::Defaults;

/// When tests begin.
pub(crate) const NOW: UnixTime = UnixTime::from_millis(1_700_000_000_000);

/// A server without a front.
pub(crate) struct Bed {
    pub(crate) tables: Tables,
    pub(crate) files: FileStore,
    pub(crate) config: Current,
    pub(crate) key: Arc<ServerKey>,
    pub(crate) entropy: Entropy,
    pub(crate) lounge: RoomId,
    _dir: TempDir,
}

impl Bed {
    /// With an open room, `lounge`, and one that only its members know, `hidden`.
    pub(crate) async fn make(naming: Naming) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let options = StorageOptions {
            url: DatabaseUrl::Sqlite(dir.path().join("test.db")),
            ..StorageOptions::default()
        };
        let database = Database::open(options).await.expect("opened");
        let owners = [relay_storage::MIGRATIONS, crate::store::schema::MIGRATIONS];
        database.migrate(&owners).await.expect("migrated");
        let key = Arc::new(vectors::server_key());
        let store = Store::start(database, Arc::new(Unobserved));
        let tables = Tables::new(store, naming, key.blinding(), CacheLimits::default());
        let hex = key.public_hex();
        let system = tables.prepare_system_user(&hex, NOW).await;
        system.expect("written");
        let lounge = tables.create_room(room("lounge", true), NOW).await;
        tables
            .create_room(room("hidden", false), NOW)
            .await
            .expect("made");
        let entropy = Entropy::seeded(1);
        let mut config = SogsConfig::default();
        config.auth.require_blinded_ids = naming != Naming::Unblinded;
        Self {
            tables,
            files: FileStore::open(dir.path(), entropy.clone()).expect("opened"),
            config: Current::new(config),
            key,
            entropy,
            lounge: lounge.expect("made"),
            _dir: dir,
        }
    }

    /// Somebody who has signed something.
    pub(crate) async fn user(&self, seed: u8) -> (SessionId, UserId) {
        let client = Client::new([seed; 32]);
        let id = if self.config.get().auth.require_blinded_ids {
            client.id15(&self.key.blinding())
        } else {
            client.id05()
        };
        let user = self.tables.admit(id, NOW).await.expect("admitted");
        (id, user.id)
    }

    /// With a front, but nobody listening.
    pub(crate) fn server(&self) -> Arc<Server> {
        let parts = Parts {
            tables: self.tables.clone(),
            files: self.files.clone(),
            key: Arc::clone(&self.key),
            config: self.config.clone(),
            words: WordList::built_in(),
            clock: Arc::new(TestClock::at(NOW)),
            entropy: self.entropy.clone(),
        };
        Arc::new(Server::new(parts, &Metrics::default()))
    }

    pub(crate) async fn make_admin(&self, id: SessionId) {
        let change = RoleChange {
            scope: Scope::Rooms(vec!["lounge".to_owned()]),
            role: Role::Admin,
            visible: true,
        };
        let system = Actor::system();
        let set = self.tables.set_role(&system, id, change, NOW);
        set.await.expect("made");
    }

    pub(crate) async fn post(&self, user: UserId, data: &[u8], now: UnixTime) -> MessageId {
        self.post_as(user, data, Filtered::default(), now).await
    }

    /// What a filter keeps from everybody.
    pub(crate) async fn post_hidden(&self, user: UserId, data: &[u8], now: UnixTime) -> MessageId {
        let filtered = Filtered {
            hidden: true,
            reply: None,
        };
        self.post_as(user, data, filtered, now).await
    }

    async fn post_as(
        &self,
        user: UserId,
        data: &[u8],
        filtered: Filtered,
        now: UnixTime,
    ) -> MessageId {
        let new = NewMessage {
            content: Content {
                data: data.to_vec(),
                signature: [7; 64],
                files: Vec::new(),
            },
            whisper_to: None,
            whisper_mods: false,
        };
        let (actor, posting) = (Actor::trusted(user), posting(now));
        let posted = self
            .tables
            .post(&actor, self.lounge, new, filtered, posting);
        posted.await.expect("posted").id
    }

    pub(crate) async fn upload(&self, user: UserId, expiry: UnixTime) -> (FileId, FilePath) {
        let space = Space {
            max_size: 1 << 20,
            keep_free: 0,
        };
        let received = self.files.receive_bytes("some bytes".into(), space).await;
        let placed = received.expect("received").place().await.expect("placed");
        let row = NewFile {
            size: placed.size(),
            filename: None,
            path: placed.path().to_string(),
            uploaded: NOW,
            expiry: Some(expiry),
        };
        let actor = Actor::trusted(user);
        let id = self.tables.add_file(&actor, self.lounge, row).await;
        let path = placed.path().clone();
        placed.keep();
        (id.expect("known"), path)
    }
}

/// Without limits.
pub(crate) fn posting(now: UnixTime) -> Posting {
    Posting {
        limit: RateLimit {
            count: 0,
            ..RateLimit::POSTS
        },
        lifetimes: Lifetimes::default(),
        now,
    }
}

fn room(token: &str, open: bool) -> NewRoom {
    NewRoom {
        token: token.parse().expect("a token"),
        name: "The Lounge".to_owned(),
        description: None,
        defaults: Defaults {
            read: open,
            accessible: open,
            write: true,
            upload: true,
        },
    }
}
