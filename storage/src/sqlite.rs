//! How relayd opens an SQLite file, and what it asks of it.
//!
//! One writer connection, a pool of `query_only` readers, WAL. A new file gets pages of
//! 16 KiB (message bodies are 16 kB) and incremental vacuum; `secure_delete` overwrites
//! what is deleted. The file is created 0600, and SQLite gives its companions the same mode.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sea_orm::sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sea_orm::sqlx::{ConnectOptions, Connection};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};

use crate::{Durability, StorageOptions};

const PAGE_SIZE: u32 = 16_384;
/// The writer checkpoints by itself only when the maintenance worker fell far behind.
const AUTOCHECKPOINT_PAGES: &str = "4096";
/// What the WAL file is cut back to after a checkpoint that emptied it.
const WAL_SIZE_LIMIT: &str = "67108864";
/// Answers of the writer's thread that may wait to be taken: those to the longest text of
/// [`crate::express`], so that it is not held up before its commit.
const ANSWERS: usize = 256;
/// Per connection, in KiB (negative by SQLite's convention).
const CACHE_KIB: &str = "-16384";

/// Which file a path meant when it was opened, to notice that it means another one now.
#[derive(Clone, Debug)]
pub(crate) struct FileIdentity {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl FileIdentity {
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let meta = std::fs::metadata(path)?;
        Ok(Self {
            path: path.to_owned(),
            device: meta.dev(),
            inode: meta.ino(),
        })
    }

    /// Whether the path still leads to the file that was opened.
    pub(crate) fn holds(&self) -> bool {
        Self::of(&self.path).is_ok_and(|now| now.device == self.device && now.inode == self.inode)
    }
}

/// Creates the file, readable by its owner only, unless it exists.
pub(crate) fn create_private(path: &Path) -> io::Result<()> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match file {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map(drop),
    }
}

/// The one connection that writes.
pub(crate) async fn writer(
    path: &Path,
    options: &StorageOptions,
) -> Result<DatabaseConnection, DbErr> {
    pool(writing(path, options), 1, options.connect_timeout.get()).await
}

/// The same, made when it is first used: setting its `auto_vacuum` takes the lock for writing.
pub(crate) fn writer_on_demand(path: &Path, options: &StorageOptions) -> DatabaseConnection {
    let pool = pool_options(1, options.connect_timeout.get()).min_connections(0);
    pool.connect_lazy_with(writing(path, options)).into()
}

fn writing(path: &Path, options: &StorageOptions) -> SqliteConnectOptions {
    let synchronous = match options.durability {
        Durability::Power => SqliteSynchronous::Full,
        Durability::Process => SqliteSynchronous::Normal,
    };
    base(path, options)
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        .page_size(PAGE_SIZE)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .row_buffer_size(ANSWERS)
        .pragma("wal_autocheckpoint", AUTOCHECKPOINT_PAGES)
        .pragma("journal_size_limit", WAL_SIZE_LIMIT)
}

/// The pool that reads.
pub(crate) async fn readers(
    path: &Path,
    options: &StorageOptions,
) -> Result<DatabaseConnection, DbErr> {
    let connect = base(path, options).pragma("query_only", "on");
    pool(
        connect,
        options.read_connections.max(1),
        options.connect_timeout.get(),
    )
    .await
}

/// A connection of its own for long work (backup, checkpoint), which must hold up nobody.
pub(crate) async fn aside(
    path: &Path,
    options: &StorageOptions,
) -> Result<DatabaseConnection, DbErr> {
    let connect = base(path, options).create_if_missing(false);
    pool(connect, 1, options.connect_timeout.get()).await
}

fn base(path: &Path, options: &StorageOptions) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(options.connect_timeout.get())
        .statement_cache_capacity(256)
        .pragma("cache_size", CACHE_KIB)
        .pragma("temp_store", "memory")
        // On every connection: one without it fills new pages with whatever its cache held.
        .pragma("secure_delete", "on")
        .disable_statement_logging()
}

async fn pool(
    connect: SqliteConnectOptions,
    size: u32,
    timeout: Duration,
) -> Result<DatabaseConnection, DbErr> {
    let pool = pool_options(size, timeout)
        .connect_with(connect)
        .await
        .map_err(crate::error::connect_error)?;
    Ok(pool.into())
}

fn pool_options(size: u32, timeout: Duration) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(size)
        .min_connections(1)
        .acquire_timeout(timeout)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .before_acquire(|connection, _| {
            // SQLite ends a transaction by itself on some faults (disk full, I/O error); sqlx
            // then counts one too many for ever. Such a connection is replaced.
            let idle = !connection.is_in_transaction();
            Box::pin(async move { Ok(idle) })
        })
}

/// One value of a PRAGMA, as text.
pub(crate) async fn pragma(db: &DatabaseConnection, name: &str) -> Result<String, DbErr> {
    let statement =
        sea_orm::Statement::from_string(db.get_database_backend(), format!("PRAGMA {name}"));
    let row = db.query_one_raw(statement).await?;
    let value = row.map(|row| {
        row.try_get_by_index::<i64>(0)
            .map(|number| number.to_string())
            .or_else(|_| row.try_get_by_index::<String>(0))
    });
    value.transpose().map(Option::unwrap_or_default)
}
