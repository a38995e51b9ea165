//! A fresh database of each kind, and a few units of work to try on it.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test file uses a part of it, and which part differs"
)]
#![expect(clippy::expect_used, reason = "tests stop at what they did not expect")]

use std::sync::Arc;

use relay_storage::{
    Database, DatabaseUrl, Failure, Migrations, StorageOptions, Store, Unit, Unobserved,
};
use relay_testkit::Postgres;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement, Value};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};
use tempfile::TempDir;

pub(crate) const NOTES: Migrations = Migrations {
    prefix: "notes",
    steps: || vec![Box::new(First)],
};
pub(crate) const OWNERS: [Migrations; 2] = [relay_storage::MIGRATIONS, NOTES];

struct First;

impl MigrationName for First {
    fn name(&self) -> &'static str {
        "notes_0001"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for First {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let (key, blob) = match manager.get_database_backend() {
            DbBackend::Postgres => ("BIGSERIAL PRIMARY KEY", "BYTEA"),
            _ => ("INTEGER PRIMARY KEY AUTOINCREMENT", "BLOB"),
        };
        let book = format!("CREATE TABLE notes_book (id {key}, name TEXT NOT NULL UNIQUE)");
        db.execute_unprepared(&book).await?;
        // Named to sort before what it refers to: a dump must order tables itself.
        let entry = format!(
            "CREATE TABLE notes_a_entry (id {key}, book BIGINT NOT NULL REFERENCES notes_book (id), \
             text TEXT, body {blob}, CHECK (text <> 'forbidden'))"
        );
        db.execute_unprepared(&entry).await?;
        Ok(())
    }
}

/// A database of one kind with its schema, and what keeps it alive.
pub(crate) struct Bed {
    pub(crate) database: Database,
    pub(crate) dir: TempDir,
}

impl Bed {
    pub(crate) async fn open(url: DatabaseUrl, dir: TempDir) -> Self {
        let options = StorageOptions {
            url,
            ..StorageOptions::default()
        };
        let database = Database::open(options).await.expect("opens");
        database.migrate(&OWNERS).await.expect("migrates");
        Self { database, dir }
    }

    pub(crate) async fn sqlite() -> Self {
        let dir = tempfile::tempdir().expect("temporary directory");
        Self::open(DatabaseUrl::Sqlite(dir.path().join("test.db")), dir).await
    }

    /// One bed of every kind that is installed.
    pub(crate) async fn each() -> Vec<Self> {
        let mut beds = vec![Self::sqlite().await];
        if let Some(server) = Postgres::shared() {
            let dir = tempfile::tempdir().expect("temporary directory");
            beds.push(Self::open(DatabaseUrl::Postgres(server.database()), dir).await);
        }
        beds
    }

    pub(crate) fn start(&self) -> Store {
        Store::start(self.database.clone(), Arc::new(Unobserved))
    }
}

/// A statement with `?` as marks, for either database.
pub(crate) fn statement(backend: DbBackend, sql: &str, values: Vec<Value>) -> Statement {
    let mut text = String::new();
    for (at, part) in sql.split('?').enumerate() {
        match backend {
            _ if at == 0 => {}
            DbBackend::Postgres => {
                text.extend(["$", &at.to_string()]);
            }
            _ => text.push('?'),
        }
        text.push_str(part);
    }
    Statement::from_sql_and_values(backend, text, values)
}

/// Adds a book; a second one of the same name violates a constraint.
pub(crate) struct AddBook(pub(crate) String);

impl Unit for AddBook {
    type Output = u64;

    async fn run(&self, tx: &DatabaseTransaction) -> Result<u64, Failure<u64>> {
        let sql = "INSERT INTO notes_book (name) VALUES (?)";
        let insert = statement(tx.get_database_backend(), sql, vec![self.0.clone().into()]);
        Ok(tx.execute_raw(insert).await?.rows_affected())
    }
}

pub(crate) async fn count(db: &impl ConnectionTrait, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    let row = db
        .query_one_raw(Statement::from_string(db.get_database_backend(), sql))
        .await;
    row.expect("counts")
        .expect("one row")
        .try_get_by_index(0)
        .expect("a number")
}

/// Waits, without holding up the runtime, until a condition holds.
pub(crate) async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let holds = async {
        while !condition() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    };
    assert!(
        tokio::time::timeout(PATIENCE, holds).await.is_ok(),
        "never happened: {what}"
    );
}

pub(crate) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);
