//! Tests of the tables, each on both databases.

mod bans;
mod counters;
mod files;
mod memory;
mod people;
mod plans;
mod posts;
mod reactions;
mod rooms;
mod timers;
mod twins;

use std::sync::Arc;
use std::time::Duration;

use relay_core::clock::UnixTime;
use relay_storage::{
    Database, DatabaseUrl, MIGRATIONS as STORE_TABLES, StorageOptions, Store, Unobserved,
};
use relay_testkit::Postgres;
use tempfile::TempDir;

use super::posting::{Filtered, Posting};
use super::room_edit::NewRoom;
use super::{
    Actor, CacheLimits, MessageId, Room, RoomId, StoreError, StoredMessage, Tables, User, UserId,
    schema,
};
use crate::crypto::{Blinding, IdKind, SessionId};
use crate::domain::files::Lifetimes;
use crate::domain::identity::Naming;
use crate::domain::rate::RateLimit;
use crate::domain::reactions::Emoji;
use crate::domain::whisper::Reader;
use crate::wire::Refusal;
use crate::wire::messages::{Content, NewMessage};
use crate::wire::moderation::{Role, RoleChange, Scope};
use crate::wire::rooms::Defaults;

static SYSTEM: Actor = Actor::system();

const SERVER: [u8; 32] = [7; 32];
const OPEN: Defaults = Defaults {
    read: true,
    accessible: true,
    write: true,
    upload: true,
};
const MINUTE: Duration = Duration::from_mins(1);
const UNLIMITED: RateLimit = RateLimit {
    count: 0,
    window: Duration::ZERO,
};

/// The tables on one kind of database, and what keeps it alive.
struct Bed {
    tables: Tables,
    url: DatabaseUrl,
    _dir: Option<TempDir>,
}

impl Bed {
    async fn open(url: DatabaseUrl, dir: Option<TempDir>) -> Self {
        let tables = process(&url).await;
        tables
            .prepare_system_user("00", at(0))
            .await
            .expect("system user");
        Self {
            tables,
            url,
            _dir: dir,
        }
    }

    async fn sqlite() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        Self::open(DatabaseUrl::Sqlite(dir.path().join("t.db")), Some(dir)).await
    }

    /// One of each kind that is installed.
    async fn each() -> Vec<Self> {
        let mut beds = vec![Self::sqlite().await];
        if let Some(server) = Postgres::shared() {
            beds.push(Self::open(DatabaseUrl::Postgres(server.database()), None).await);
        }
        beds
    }

    async fn room(&self, token: &str) -> RoomId {
        let room = NewRoom {
            token: token.parse().expect("a token"),
            name: token.to_owned(),
            description: None,
            defaults: OPEN,
        };
        self.tables
            .create_room(room, at(1))
            .await
            .expect("a new room")
    }

    async fn shown(&self, room: RoomId) -> Arc<Room> {
        let room = self.tables.room_by_id(room).await.expect("read");
        room.expect("there")
    }

    /// Somebody who comes with a blinded id.
    async fn user(&self, n: u8) -> Arc<User> {
        self.tables.admit(id15(n), at(2)).await.expect("admitted")
    }

    async fn moderator(&self, n: u8, room: &str, role: Role) -> Arc<User> {
        self.user(n).await;
        let change = role_in(room, role);
        let done = self.tables.set_role(&SYSTEM, id15(n), change, at(3));
        done.await.expect("a role");
        self.user(n).await
    }

    async fn post(&self, user: &User, room: RoomId, text: &str) -> Arc<StoredMessage> {
        let posted = self.try_post(user, room, text).await;
        posted.expect("posted")
    }

    async fn try_post(
        &self,
        user: &User,
        room: RoomId,
        text: &str,
    ) -> Result<Arc<StoredMessage>, StoreError> {
        let new = new_message(text);
        let actor = Actor::trusted(user.id);
        let filtered = Filtered::default();
        self.tables
            .post(&actor, room, new, filtered, posting(at(10)))
            .await
    }

    async fn react(&self, user: &User, room: RoomId, id: MessageId, emoji: &str) {
        let done = self
            .tables
            .react(&Actor::trusted(user.id), room, id, emoji_of(emoji), at(20))
            .await;
        done.expect("reacted");
    }

    /// What a poller is told, as (number, JSON).
    async fn news(&self, room: RoomId, reader: Reader, since: i64) -> Vec<serde_json::Value> {
        let page = self.tables.since(room, reader, since, 256, true);
        let json = page.await.expect("read").json(None, 4);
        serde_json::from_str(&json).expect("json")
    }
}

/// Another process on the same database.
async fn process(url: &DatabaseUrl) -> Tables {
    process_with(url, Naming::Blinded15, CacheLimits::default()).await
}

/// The same, which knows people by other ids, or keeps less in memory.
async fn process_with(url: &DatabaseUrl, naming: Naming, limits: CacheLimits) -> Tables {
    let options = StorageOptions {
        url: url.clone(),
        ..StorageOptions::default()
    };
    let database = Database::open(options).await.expect("opens");
    let owners = [STORE_TABLES, schema::MIGRATIONS];
    database.migrate(&owners).await.expect("migrates");
    let store = Store::start(database, Arc::new(Unobserved));
    let blinding = Blinding::new(&SERVER);
    Tables::new(store, naming, blinding, limits)
}

fn at(secs: i64) -> UnixTime {
    UnixTime::from_secs(1_000_000 + secs)
}

fn id15(n: u8) -> SessionId {
    SessionId::new(IdKind::Blinded15, &[n; 32])
}

fn emoji_of(text: &str) -> Emoji {
    Emoji::parse(text, 12).expect("an emoji")
}

fn posting(now: UnixTime) -> Posting {
    Posting {
        limit: UNLIMITED,
        lifetimes: Lifetimes::default(),
        now,
    }
}

fn content(text: &str) -> Content {
    Content {
        data: [text.as_bytes(), b"\x80\0\0"].concat(),
        signature: [9; 64],
        files: Vec::new(),
    }
}

fn new_message(text: &str) -> NewMessage {
    NewMessage {
        content: content(text),
        whisper_to: None,
        whisper_mods: false,
    }
}

fn rooms(tokens: &[&str]) -> Scope {
    Scope::Rooms(tokens.iter().map(|&token| token.to_owned()).collect())
}

fn role_in(room: &str, role: Role) -> RoleChange {
    RoleChange {
        scope: rooms(&[room]),
        role,
        visible: true,
    }
}

/// Why something was refused.
fn refusal<T: std::fmt::Debug>(result: Result<T, StoreError>) -> Refusal {
    match result {
        Err(StoreError::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

fn actor(user: &User) -> Actor {
    Actor::trusted(user.id)
}

fn reader(user: UserId) -> Reader {
    Reader::User(user.0)
}
