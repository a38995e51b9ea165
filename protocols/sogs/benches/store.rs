//! How fast the tables are: posts that are on the disk before they are answered, and reading what
//! is recent and what is new, from memory and from the database.
//!
//! `cargo bench -p relay-sogs --bench store` runs every case on SQLite, and on PostgreSQL where it
//! is installed.
#![expect(clippy::expect_used, reason = "a benchmark stops at the first error")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use relay_core::clock::UnixTime;
use relay_sogs::crypto::{Blinding, IdKind, SessionId};
use relay_sogs::domain::files::Lifetimes;
use relay_sogs::domain::identity::Naming;
use relay_sogs::domain::rate::RateLimit;
use relay_sogs::domain::whisper::Reader;
use relay_sogs::store::posting::{Filtered, Posting};
use relay_sogs::store::room_edit::NewRoom;
use relay_sogs::store::{Actor, CacheLimits, MessageId, RoomId, Tables, UserId, schema};
use relay_sogs::wire::messages::{Content, NewMessage};
use relay_sogs::wire::rooms::Defaults;
use relay_storage::{Database, DatabaseUrl, StorageOptions, Store, Unobserved};
use relay_testkit::Postgres;
use relay_testkit::postgres::Fsync;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::time::Instant;

const CALLERS: u8 = 64;
const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

struct Bed {
    name: &'static str,
    tables: Tables,
    room: RoomId,
    users: Vec<UserId>,
    nonces: Arc<std::sync::atomic::AtomicU64>,
    _dir: TempDir,
}

impl Bed {
    async fn new(name: &'static str, url: impl FnOnce(&TempDir) -> DatabaseUrl) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let options = StorageOptions {
            url: url(&dir),
            ..StorageOptions::default()
        };
        let database = Database::open(options).await.expect("opens");
        let owners = [relay_storage::MIGRATIONS, schema::MIGRATIONS];
        database.migrate(&owners).await.expect("migrates");
        let store = Store::start(database, Arc::new(Unobserved));
        let blinding = Blinding::new(&[7; 32]);
        let tables = Tables::new(store, Naming::Blinded15, blinding, CacheLimits::default());
        let room = NewRoom {
            token: "lounge".parse().expect("a token"),
            name: "lounge".to_owned(),
            description: None,
            defaults: Defaults {
                read: true,
                accessible: true,
                write: true,
                upload: true,
            },
        };
        tables
            .prepare_system_user("00", NOW)
            .await
            .expect("written");
        let room = tables.create_room(room, NOW).await.expect("a room");
        let mut users = Vec::new();
        for n in 0..CALLERS {
            let id = SessionId::new(IdKind::Blinded15, &[n; 32]);
            users.push(tables.admit(id, NOW).await.expect("a user").id);
        }
        Self {
            name,
            tables,
            room,
            users,
            nonces: Arc::default(),
            _dir: dir,
        }
    }

    /// One post of each caller after the other, each waiting for its answer, as often as said.
    async fn post(&self, posts: u64) -> Duration {
        let each = posts.div_ceil(u64::from(CALLERS));
        let started = Instant::now();
        let callers = self.users.iter().map(|user| {
            let (tables, room, user) = (self.tables.clone(), self.room, *user);
            let nonces = Arc::clone(&self.nonces);
            tokio::spawn(async move {
                for _ in 0..each {
                    let nonce = nonces.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let nonce = [nonce.to_le_bytes(), [0; 8]].concat();
                    let nonce = nonce.try_into().expect("16 bytes");
                    let actor = Actor::signed(user, nonce, NOW);
                    let post = tables.post(&actor, room, message(), Filtered::default(), posting());
                    post.await.expect("posted");
                }
            })
        });
        for caller in callers.collect::<Vec<_>>() {
            caller.await.expect("posts");
        }
        // More were made than criterion asked for, so that every caller makes as many.
        let few = |count: u64| f64::from(u32::try_from(count).expect("few"));
        let made = few(each * u64::from(CALLERS));
        started.elapsed().mul_f64(few(posts) / made)
    }
}

fn message() -> NewMessage {
    let mut data = vec![5; 300];
    data.push(0x80);
    data.resize(319, 0);
    NewMessage {
        content: Content {
            data,
            signature: [9; 64],
            files: Vec::new(),
        },
        whisper_to: None,
        whisper_mods: false,
    }
}

fn posting() -> Posting {
    Posting {
        limit: RateLimit {
            count: u32::MAX,
            window: Duration::from_secs(16),
        },
        lifetimes: Lifetimes::default(),
        now: NOW,
    }
}

fn bench(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let mut beds = vec![runtime.block_on(Bed::new("sqlite", |dir| {
        DatabaseUrl::Sqlite(dir.path().join("bench.db"))
    }))];
    let server = Postgres::start_with(Fsync::On);
    if let Some(server) = &server {
        let url = DatabaseUrl::Postgres(server.database());
        beds.push(runtime.block_on(Bed::new("postgres", |_| url)));
    }
    for bed in &beds {
        posts(criterion, &runtime, bed);
        reads(criterion, &runtime, bed);
        runtime.block_on(bed.tables.store().close());
    }
}

fn posts(criterion: &mut Criterion, runtime: &Runtime, bed: &Bed) {
    let mut group = criterion.benchmark_group(bed.name);
    group.throughput(Throughput::Elements(1));
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    group.measurement_time(Duration::from_secs(8));
    group.bench_function("post, 64 callers", |bencher| {
        bencher
            .to_async(runtime)
            .iter_custom(|posts| bed.post(posts));
    });
}

fn reads(criterion: &mut Criterion, runtime: &Runtime, bed: &Bed) {
    let mut group = criterion.benchmark_group(bed.name);
    let (tables, room) = (&bed.tables, bed.room);
    let last = runtime.block_on(tables.room_by_id(room)).expect("read");
    let last = last.expect("there").message_sequence();
    group.bench_function("recent 100, memory", |bencher| {
        bencher.to_async(runtime).iter(|| async {
            let page = tables.recent(room, Reader::Anonymous, 100).await;
            black_box(page.expect("read").json(None, 5))
        });
    });
    group.bench_function("recent 100, database", |bencher| {
        bencher.to_async(runtime).iter(|| async {
            let page = tables.before(room, Reader::Anonymous, MessageId(i64::MAX), 100);
            black_box(page.await.expect("read").json(None, 5))
        });
    });
    group.bench_function("since, nothing new", |bencher| {
        bencher.to_async(runtime).iter(|| async {
            let page = tables.since(room, Reader::Anonymous, last, 100, true).await;
            black_box(page.expect("read").json(None, 5))
        });
    });
}

criterion_group!(benches, bench);
criterion_main!(benches);
