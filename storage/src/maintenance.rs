//! Housekeeping that must not hold up traffic: run now and then by a background worker.
//!
//! For SQLite: the WAL is merged and cut (what was deleted must be gone from it too), free
//! pages are given back in small steps, statistics for the planner are refreshed.
//! PostgreSQL does all that itself (autovacuum).

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};

use crate::sqlite::pragma;
use crate::{Database, ReadError, Store};

/// Free pages given back in one step; a step is one short write transaction.
const VACUUM_STEP: i64 = 256;
/// Steps a run takes at most.
const VACUUM_STEPS: usize = 64;
/// Free pages that stay for the next messages.
const FREE_PAGES_KEPT: i64 = 1024;

const BRIEF_PATIENCE: &str = "PRAGMA busy_timeout = 50";

/// What a maintenance run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Maintained {
    /// Pages moved from the write-ahead log into the database.
    pub pages_checkpointed: i64,
    /// Whether the log was cut to nothing; if not, a reader still needed it.
    pub log_emptied: bool,
    /// Pages given back to the file system.
    pub pages_freed: i64,
}

impl Store {
    /// Runs all housekeeping once.
    pub async fn maintain(&self) -> Result<Maintained, ReadError> {
        match self.backend() {
            DbBackend::Sqlite => maintain_sqlite(self.database())
                .await
                .map_err(ReadError::from),
            _ => Ok(Maintained::default()),
        }
    }
}

async fn maintain_sqlite(database: &Database) -> Result<Maintained, DbErr> {
    let aside = database.aside().await?;
    let done = housekeep(&aside).await;
    aside.close().await?;
    done
}

async fn housekeep(db: &DatabaseConnection) -> Result<Maintained, DbErr> {
    db.execute_unprepared("PRAGMA optimize").await?;
    let pages_freed = free_pages(db).await?;
    // First without blocking anybody, so that the blocking second has little left to do. That
    // one keeps writers out while it waits for readers: it must not wait long.
    checkpoint(db, "PASSIVE").await?;
    db.execute_unprepared(BRIEF_PATIENCE).await?;
    let (blocked, pages) = checkpoint(db, "TRUNCATE").await?;
    Ok(Maintained {
        pages_checkpointed: pages,
        log_emptied: !blocked,
        pages_freed,
    })
}

async fn checkpoint(db: &DatabaseConnection, mode: &str) -> Result<(bool, i64), DbErr> {
    let sql = format!("PRAGMA wal_checkpoint({mode})");
    let row = db
        .query_one_raw(Statement::from_string(DbBackend::Sqlite, sql))
        .await?;
    match row {
        Some(row) => Ok((
            row.try_get_by_index::<i64>(0)? != 0,
            row.try_get_by_index(2)?,
        )),
        None => Ok((false, 0)),
    }
}

async fn free_pages(db: &DatabaseConnection) -> Result<i64, DbErr> {
    let before = free_page_count(db).await?;
    let mut left = before;
    for _ in 0..VACUUM_STEPS {
        let step = (left - FREE_PAGES_KEPT).min(VACUUM_STEP);
        if step <= 0 {
            break;
        }
        let sql = format!("PRAGMA incremental_vacuum({step})");
        db.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql))
            .await?;
        left = free_page_count(db).await?;
    }
    Ok(before - left)
}

async fn free_page_count(db: &DatabaseConnection) -> Result<i64, DbErr> {
    Ok(pragma(db, "freelist_count").await?.parse().unwrap_or(0))
}
