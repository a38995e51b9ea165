//! How relayd connects to PostgreSQL.
//!
//! One connection writes, a pool reads. `durability` becomes `synchronous_commit`.
//! Statements are never logged, and the server is told who we are (`application_name`).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::{ConnectOptions, Connection};
use sea_orm::{DatabaseConnection, DbErr};

use tokio::time::Instant;

use crate::{Durability, StorageOptions};

/// A connection that has been idle this long is pinged before it is used.
const PING_AFTER: Duration = Duration::from_secs(30);

/// When the server was last found gone: connections from before that are pinged before use.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastOutage(Arc<Mutex<Option<Instant>>>);

impl LastOutage {
    pub(crate) fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn outlived_by(&self, age: Duration) -> bool {
        let outage = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        outage.is_some_and(|outage| age >= outage.elapsed())
    }
}

/// The one connection that writes.
pub(crate) async fn writer(
    url: &str,
    options: &StorageOptions,
    outage: &LastOutage,
) -> Result<DatabaseConnection, DbErr> {
    let synchronous_commit = match options.durability {
        Durability::Power => "on",
        Durability::Process => "off",
    };
    let connect = base(url)?.options([("synchronous_commit", synchronous_commit)]);
    pool(connect, 1, options, outage).await
}

/// The pool that reads.
pub(crate) async fn readers(
    url: &str,
    options: &StorageOptions,
    outage: &LastOutage,
) -> Result<DatabaseConnection, DbErr> {
    let connect = base(url)?.options([("default_transaction_read_only", "on")]);
    pool(connect, options.read_connections.max(1), options, outage).await
}

/// A connection of its own for long work (backup, restore).
pub(crate) async fn aside(
    url: &str,
    options: &StorageOptions,
    outage: &LastOutage,
) -> Result<DatabaseConnection, DbErr> {
    pool(base(url)?, 1, options, outage).await
}

fn base(url: &str) -> Result<PgConnectOptions, DbErr> {
    let connect: PgConnectOptions = url.parse().map_err(crate::error::connect_error)?;
    Ok(connect
        .application_name("relayd")
        .disable_statement_logging())
}

async fn pool(
    connect: PgConnectOptions,
    size: u32,
    options: &StorageOptions,
    outage: &LastOutage,
) -> Result<DatabaseConnection, DbErr> {
    let outage = outage.clone();
    let pool = PgPoolOptions::new()
        .max_connections(size)
        .min_connections(0)
        .acquire_timeout(options.connect_timeout.get())
        .test_before_acquire(false)
        .before_acquire(move |connection, state| {
            let trusted = state.idle_for < PING_AFTER && !outage.outlived_by(state.age);
            Box::pin(async move { Ok(trusted || connection.ping().await.is_ok()) })
        })
        .connect_with(connect)
        .await
        .map_err(crate::error::connect_error)?;
    Ok(pool.into())
}
