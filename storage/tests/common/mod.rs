//! A fresh database of each kind, and a few units of work to try on it.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test file uses a part of it"
)]

use std::sync::Arc;

use relay_storage::{
    Database, DatabaseUrl, Failure, Migrations, StorageOptions, Store, Unit, Unobserved,
};
use relay_testkit::Postgres;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement, Value};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};
use tempfile::TempDir;

pub const NOTES: Migrations = Migrations {
    prefix: "notes",
    steps: || vec![Box::new(First)],
};
pub const OWNERS: [Migrations; 2] = [relay_storage::MIGRATIONS, NOTES];

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
pub struct Bed {
    pub database: Database,
    pub dir: TempDir,
}

impl Bed {
    pub async fn open(url: DatabaseUrl, dir: TempDir) -> Self {
        let options = StorageOptions {
            url,
            ..StorageOptions::default()
        };
        let database = Database::open(options).await.expect("opens");
        database.migrate(&OWNERS).await.expect("migrates");
        Self { database, dir }
    }

    pub async fn sqlite() -> Self {
        let dir = tempfile::tempdir().expect("temporary directory");
        Self::open(DatabaseUrl::Sqlite(dir.path().join("test.db")), dir).await
    }

    /// One bed of every kind that is installed.
    pub async fn each() -> Vec<Self> {
        let mut beds = vec![Self::sqlite().await];
        if let Some(server) = Postgres::shared() {
            let dir = tempfile::tempdir().expect("temporary directory");
            beds.push(Self::open(DatabaseUrl::Postgres(server.database()), dir).await);
        }
        beds
    }

    pub fn start(&self) -> Store {
        Store::start(self.database.clone(), Arc::new(Unobserved))
    }
}

/// A statement with `?` as marks, for either database.
pub fn statement(backend: DbBackend, sql: &str, values: Vec<Value>) -> Statement {
    let mut text = String::new();
    let mut at = 0;
    for part in sql.split('?') {
        if at > 0 {
            text += &if backend == DbBackend::Postgres {
                format!("${at}")
            } else {
                "?".to_owned()
            };
        }
        text += part;
        at += 1;
    }
    Statement::from_sql_and_values(backend, text, values)
}

/// Adds a book; a second one of the same name violates a constraint.
pub struct AddBook(pub String);

impl Unit for AddBook {
    type Output = u64;

    async fn run(&self, tx: &DatabaseTransaction) -> Result<u64, Failure<u64>> {
        let sql = "INSERT INTO notes_book (name) VALUES (?)";
        let insert = statement(tx.get_database_backend(), sql, vec![self.0.clone().into()]);
        Ok(tx.execute_raw(insert).await?.rows_affected())
    }
}

pub async fn count(db: &impl ConnectionTrait, table: &str) -> i64 {
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
pub async fn eventually(what: &str, condition: impl Fn() -> bool) {
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

pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);
