//! Migrations: each owner of tables (a plugin, core, the store itself) has its own list and
//! its own bookkeeping table `<prefix>_migrations`.
//!
//! Promises that an owner's pending migrations are applied in one transaction, whole or not
//! at all, and that a database with migrations this program does not know is not touched.

use std::collections::HashSet;
use std::fmt;

use sea_orm::sea_query::{Alias, IntoIden};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, DynIden, Statement,
    TransactionOptions, TransactionTrait, Value,
};
use sea_orm::{IsolationLevel, SqliteTransactionMode};
use sea_orm_migration::{MigrationTrait, MigratorTraitSelf, SchemaManager};

use crate::Database;
use crate::error::{Verdict, brief};

/// Serialises migrating processes on one PostgreSQL; any number all of ours agree on.
const ADVISORY_LOCK: i64 = 0x7265_6c61_7964;

/// An owner's tables: the prefix of their names and the steps that make them.
#[derive(Clone, Copy)]
pub struct Migrations {
    /// Prefix of the tables, such as `sogs`.
    pub prefix: &'static str,
    /// The steps, oldest first. Names are for ever.
    pub steps: fn() -> Vec<Box<dyn MigrationTrait>>,
}

/// What is applied and what is not, of one owner.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct MigrationStatus {
    /// The owner.
    pub prefix: &'static str,
    /// Steps found in the database, in order.
    pub applied: Vec<String>,
    /// Steps this program has and the database has not.
    pub pending: Vec<String>,
    /// Steps the database has and this program has not: a newer relayd was here.
    pub unknown: Vec<String>,
}

/// Why the database could not be brought up to date.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// A newer relayd has written to this database.
    #[error(
        "the database is newer than this relayd: it has {prefix} migration `{step}`, which this binary does not know; install the relayd that wrote it, or restore a backup from before the upgrade"
    )]
    Newer {
        /// Whose tables.
        prefix: &'static str,
        /// The first step unknown to us.
        step: String,
    },
    /// A step failed; nothing of this owner's steps was kept.
    #[error("migrating the {prefix} tables failed: {reason}")]
    Failed {
        /// Whose tables.
        prefix: &'static str,
        /// What the database said.
        reason: String,
    },
}

impl fmt::Debug for Migrations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Migrations")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

impl MigratorTraitSelf for Migrations {
    fn migrations(&self) -> Vec<Box<dyn MigrationTrait>> {
        (self.steps)()
    }

    fn migration_table_name(&self) -> DynIden {
        Alias::new(self.table()).into_iden()
    }
}

impl Migrations {
    fn table(&self) -> String {
        format!("{}_migrations", self.prefix)
    }

    fn failed(&self, error: &DbErr) -> MigrateError {
        MigrateError::Failed {
            prefix: self.prefix,
            reason: match Verdict::of(error) {
                Verdict::Fault(fault) => format!("{fault} ({})", brief(error)),
                _ => brief(error),
            },
        }
    }

    async fn applied<C: ConnectionTrait>(
        &self,
        db: &C,
        table_exists: bool,
    ) -> Result<Vec<String>, DbErr> {
        if !table_exists {
            return Ok(Vec::new());
        }
        let sql = format!("SELECT version FROM {} ORDER BY version", self.table());
        let rows = db
            .query_all_raw(Statement::from_string(db.get_database_backend(), sql))
            .await?;
        rows.iter().map(|row| row.try_get_by_index(0)).collect()
    }

    async fn status(&self, db: &DatabaseConnection) -> Result<MigrationStatus, DbErr> {
        let exists = SchemaManager::new(db).has_table(self.table()).await?;
        let applied = self.applied(db, exists).await?;
        Ok(self.compare(applied))
    }

    fn compare(&self, applied: Vec<String>) -> MigrationStatus {
        let known: Vec<String> = (self.steps)()
            .iter()
            .map(|step| step.name().to_owned())
            .collect();
        let is_applied: HashSet<&String> = applied.iter().collect();
        let pending = known
            .iter()
            .filter(|step| !is_applied.contains(step))
            .cloned()
            .collect();
        let unknown = applied
            .iter()
            .filter(|step| !known.contains(step))
            .cloned()
            .collect();
        MigrationStatus {
            prefix: self.prefix,
            applied,
            pending,
            unknown,
        }
    }

    /// Applies what is pending and wanted by `wanted`, in one transaction.
    async fn up(
        &self,
        db: &DatabaseConnection,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<String>, MigrateError> {
        self.try_up(db, wanted)
            .await
            .map_err(|error| self.failed(&error))
    }

    async fn try_up(
        &self,
        db: &DatabaseConnection,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<String>, DbErr> {
        let tx = begin_write(db).await?;
        if tx.get_database_backend() == DbBackend::Postgres {
            tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({ADVISORY_LOCK})"))
                .await?;
        }
        self.install(&tx).await?;
        let applied: HashSet<String> = self.applied(&tx, true).await?.into_iter().collect();
        let mut done = Vec::new();
        for step in (self.steps)() {
            if !applied.contains(step.name()) && wanted(step.name()) {
                step.up(&SchemaManager::new(&tx)).await?;
                self.record(&tx, step.name()).await?;
                done.push(step.name().to_owned());
            }
        }
        tx.commit().await?;
        Ok(done)
    }

    async fn record(&self, tx: &DatabaseTransaction, step: &str) -> Result<(), DbErr> {
        let backend = tx.get_database_backend();
        let (mark, now) = match backend {
            DbBackend::Postgres => ("$1", "extract(epoch from now())::bigint"),
            _ => ("?", "unixepoch()"),
        };
        let sql = format!(
            "INSERT INTO {} (version, applied_at) VALUES ({mark}, {now})",
            self.table()
        );
        let values = [Value::from(step)];
        tx.execute_raw(Statement::from_sql_and_values(backend, sql, values))
            .await?;
        Ok(())
    }
}

impl Database {
    /// What is applied and pending, changing nothing.
    pub async fn migration_status(
        &self,
        owners: &[Migrations],
    ) -> Result<Vec<MigrationStatus>, MigrateError> {
        let mut all = Vec::with_capacity(owners.len());
        for owner in owners {
            all.push(
                owner
                    .status(&self.readers)
                    .await
                    .map_err(|error| owner.failed(&error))?,
            );
        }
        Ok(all)
    }

    /// Says so when a newer relayd has written to this database, changing nothing.
    pub async fn refuse_newer(&self, owners: &[Migrations]) -> Result<(), MigrateError> {
        refuse_newer(&self.migration_status(owners).await?)
    }

    /// Brings every owner's tables up to date; refuses a database newer than this program
    /// before anything is changed. Gives the names of the steps applied.
    pub async fn migrate(&self, owners: &[Migrations]) -> Result<Vec<String>, MigrateError> {
        let all = self.migration_status(owners).await?;
        refuse_newer(&all)?;
        let mut done = Vec::new();
        for (owner, status) in owners.iter().zip(&all) {
            if !status.pending.is_empty() {
                done.extend(owner.up(&self.writer, &|_| true).await?);
            }
        }
        Ok(done)
    }

    /// Applies exactly the named steps: the schema a backup was made with.
    pub(crate) async fn migrate_to(
        &self,
        owners: &[Migrations],
        steps: &HashSet<String>,
    ) -> Result<(), MigrateError> {
        for owner in owners {
            owner.up(&self.writer, &|step| steps.contains(step)).await?;
        }
        Ok(())
    }
}

/// Says so when any owner's tables have steps this program does not know.
pub(crate) fn refuse_newer(all: &[MigrationStatus]) -> Result<(), MigrateError> {
    for status in all {
        if let Some(step) = status.unknown.first() {
            return Err(MigrateError::Newer {
                prefix: status.prefix,
                step: step.clone(),
            });
        }
    }
    Ok(())
}

/// Begins a transaction that will write: on SQLite at once, so that it never fails later
/// for having read first.
pub(crate) async fn begin_write(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let immediate = (db.get_database_backend() == DbBackend::Sqlite)
        .then_some(SqliteTransactionMode::Immediate);
    db.begin_with_options(TransactionOptions {
        isolation_level: None::<IsolationLevel>,
        access_mode: None,
        sqlite_transaction_mode: immediate,
    })
    .await
}
