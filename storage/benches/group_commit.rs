//! The group-commit writer against the same inserts done in a raw sqlx loop.
//!
//! `cargo bench -p relay-storage` runs every case on SQLite, and on PostgreSQL where it is
//! installed: units of 200 B and 16 kB; 1, 16 and 256 callers; both durability modes. The raw
//! loop commits as many inserts at once as there are callers: the best grouping possible.
//! After criterion's own report it prints a table with the ratio writer / raw of each case,
//! from samples taken alternately, so that a drifting machine does not distort it.
#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first error")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use criterion::{
    BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use relay_storage::{
    Database, DatabaseUrl, Durability, Failure, Migrations, StorageOptions, Store, Unit, Unobserved,
};
use relay_testkit::Postgres;
use relay_testkit::postgres::Fsync;
use sea_orm::sqlx::postgres::PgPoolOptions;
use sea_orm::sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sea_orm::sqlx::{self, PgPool, SqlitePool};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement, Value};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::time::Instant;

const SIZES: [(&str, usize); 2] = [("200 B", 200), ("16 kB", 16_000)];
const CALLERS: [usize; 3] = [1, 16, 256];
const CREATE: &str =
    "CREATE TABLE IF NOT EXISTS bench_messages (id BIGINT PRIMARY KEY, body BLOB NOT NULL)";

const TABLES: Migrations = Migrations {
    prefix: "bench",
    steps: || vec![Box::new(CreateTable)],
};

struct CreateTable;

impl MigrationName for CreateTable {
    fn name(&self) -> &'static str {
        "bench_0001"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateTable {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .get_connection()
            .execute_unprepared(&create(manager.get_database_backend()))
            .await?;
        Ok(())
    }
}

fn create(backend: DbBackend) -> String {
    if backend == DbBackend::Postgres {
        CREATE.replace("BLOB", "BYTEA")
    } else {
        CREATE.to_owned()
    }
}

struct Insert {
    id: i64,
    body: Arc<[u8]>,
}

impl Unit for Insert {
    type Output = ();

    async fn run(&self, tx: &DatabaseTransaction) -> Result<(), Failure<()>> {
        let backend = tx.get_database_backend();
        let sql = match backend {
            DbBackend::Postgres => "INSERT INTO bench_messages (id, body) VALUES ($1, $2)",
            _ => "INSERT INTO bench_messages (id, body) VALUES (?, ?)",
        };
        let values = [self.id.into(), Value::from(self.body.to_vec())];
        tx.execute_raw(Statement::from_sql_and_values(backend, sql, values))
            .await?;
        Ok(())
    }

    fn weight(&self) -> usize {
        self.body.len()
    }
}

/// The same database twice: one for the writer, one for the raw loop.
struct Bed {
    store: Store,
    raw: Raw,
    next_id: std::sync::atomic::AtomicI64,
    _dir: TempDir,
}

#[derive(Clone)]
enum Raw {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Bed {
    async fn sqlite(durability: Durability) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let synchronous = match durability {
            Durability::Power => SqliteSynchronous::Full,
            Durability::Process => SqliteSynchronous::Normal,
        };
        let options = SqliteConnectOptions::new()
            .filename(dir.path().join("raw.db"))
            .create_if_missing(true)
            .page_size(16_384)
            .journal_mode(SqliteJournalMode::Wal)
            .pragma("secure_delete", "on")
            .pragma("cache_size", "-16384")
            .pragma("temp_store", "memory")
            .pragma("wal_autocheckpoint", "4096")
            .pragma("journal_size_limit", "67108864")
            .synchronous(synchronous);
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await
            .unwrap();
        sqlx::query(CREATE).execute(&pool).await.unwrap();
        let url = DatabaseUrl::Sqlite(dir.path().join("store.db"));
        Self::with(url, durability, Raw::Sqlite(pool), dir).await
    }

    async fn postgres(server: &Postgres, durability: Durability) -> Self {
        let commit = if durability == Durability::Power {
            "on"
        } else {
            "off"
        };
        let options: sqlx::postgres::PgConnectOptions = server.database().parse().unwrap();
        let options = options.options([("synchronous_commit", commit)]);
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await
            .unwrap();
        sqlx::query(sqlx::AssertSqlSafe(create(DbBackend::Postgres)))
            .execute(&pool)
            .await
            .unwrap();
        let url = DatabaseUrl::Postgres(server.database());
        Self::with(
            url,
            durability,
            Raw::Postgres(pool),
            tempfile::tempdir().unwrap(),
        )
        .await
    }

    async fn with(url: DatabaseUrl, durability: Durability, raw: Raw, dir: TempDir) -> Self {
        let options = StorageOptions {
            url,
            durability,
            ..StorageOptions::default()
        };
        let database = Database::open(options).await.unwrap();
        database.migrate(&[TABLES]).await.unwrap();
        let store = Store::start(database, Arc::new(Unobserved));
        Self {
            store,
            raw,
            next_id: std::sync::atomic::AtomicI64::new(0),
            _dir: dir,
        }
    }

    fn ids(&self, count: usize) -> std::ops::Range<i64> {
        let count = i64::try_from(count).unwrap();
        let first = self
            .next_id
            .fetch_add(count, std::sync::atomic::Ordering::Relaxed);
        first..first + count
    }

    /// `rounds` units from each caller, each waiting for its answer before its next unit.
    async fn through_the_writer(&self, callers: usize, rounds: u64, body: &Arc<[u8]>) -> Duration {
        let rounds = usize::try_from(rounds).unwrap();
        let started = Instant::now();
        let callers = (0..callers).map(|_| {
            let (store, body, ids) = (self.store.clone(), Arc::clone(body), self.ids(rounds));
            tokio::spawn(async move {
                for id in ids {
                    store
                        .write(Insert {
                            id,
                            body: Arc::clone(&body),
                        })
                        .await
                        .unwrap();
                }
            })
        });
        for caller in callers.collect::<Vec<_>>() {
            caller.await.unwrap();
        }
        started.elapsed()
    }

    /// The same inserts with nothing around them, in a task like the writer's.
    async fn raw(&self, group: usize, rounds: u64, body: &Arc<[u8]>) -> Duration {
        let groups: Vec<_> = (0..rounds).map(|_| self.ids(group)).collect();
        let (pool, body) = (self.raw.clone(), Arc::clone(body));
        let started = Instant::now();
        let inserts = async move {
            for ids in groups {
                match &pool {
                    Raw::Sqlite(pool) => raw_sqlite(pool, ids, &body).await,
                    Raw::Postgres(pool) => raw_postgres(pool, ids, &body).await,
                }
            }
        };
        tokio::spawn(inserts).await.unwrap();
        started.elapsed()
    }
}

async fn raw_sqlite(pool: &SqlitePool, ids: std::ops::Range<i64>, body: &[u8]) {
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    for id in ids {
        let insert = sqlx::query("INSERT INTO bench_messages (id, body) VALUES (?, ?)")
            .bind(id)
            .bind(body.to_vec());
        insert.execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn raw_postgres(pool: &PgPool, ids: std::ops::Range<i64>, body: &[u8]) {
    let mut tx = pool.begin().await.unwrap();
    for id in ids {
        let insert = sqlx::query("INSERT INTO bench_messages (id, body) VALUES ($1, $2)")
            .bind(id)
            .bind(body.to_vec());
        insert.execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
}

/// Units written, and the seconds the writer and the raw loop took for as many.
#[derive(Clone, Copy, Default)]
struct Totals {
    units: f64,
    writer: f64,
    raw: f64,
}

/// Of each case, over all its samples: stalls such as checkpoints fall into some of them only.
type Cases = Arc<Mutex<BTreeMap<String, Totals>>>;

fn cases(criterion: &mut Criterion, runtime: &Runtime, name: &str, bed: &Bed, totals: &Cases) {
    let mut group = criterion.benchmark_group(name);
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    group
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2));
    for (size_name, size) in SIZES {
        let body: Arc<[u8]> = vec![7; size].into();
        for callers in CALLERS {
            let case = format!("{size_name}, {callers:>3} callers");
            group.throughput(Throughput::Elements(callers as u64));
            group.bench_function(BenchmarkId::new("writer", &case), |bencher| {
                bencher.to_async(runtime).iter_custom(async |rounds| {
                    let raw = bed.raw(callers, rounds, &body).await;
                    let writer = bed.through_the_writer(callers, rounds, &body).await;
                    let mut cases = totals.lock().unwrap();
                    let case = cases.entry(format!("{name:<18} {case}")).or_default();
                    #[expect(clippy::cast_precision_loss, reason = "a rate to print")]
                    let units = callers as f64 * rounds as f64;
                    case.units += units;
                    case.writer += writer.as_secs_f64();
                    case.raw += raw.as_secs_f64();
                    writer
                });
            });
        }
    }
    group.finish();
}

#[expect(clippy::print_stdout, reason = "the table this benchmark is for")]
fn print_ratios(totals: &Cases) {
    println!(
        "\n{:<42} {:>12} {:>12} {:>12}",
        "case", "writer/s", "raw/s", "writer/raw"
    );
    for (case, total) in totals.lock().unwrap().iter() {
        let (writer, raw) = (total.units / total.writer, total.units / total.raw);
        println!(
            "{case:<42} {writer:>12.0} {raw:>12.0} {:>12.2}",
            writer / raw
        );
    }
}

fn group_commit(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let totals = Cases::default();
    for (mode, durability) in [
        ("power", Durability::Power),
        ("process", Durability::Process),
    ] {
        let bed = runtime.block_on(Bed::sqlite(durability));
        cases(
            criterion,
            &runtime,
            &format!("sqlite {mode}"),
            &bed,
            &totals,
        );
        if let Some(server) = Postgres::start_with(Fsync::On) {
            let bed = runtime.block_on(Bed::postgres(&server, durability));
            cases(
                criterion,
                &runtime,
                &format!("postgres {mode}"),
                &bed,
                &totals,
            );
        }
    }
    print_ratios(&totals);
}

criterion_group!(benches, group_commit);
criterion_main!(benches);
