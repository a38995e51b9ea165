//! The audit log: who did what to this server, and when. A table, so that it is backed up,
//! survives restarts, and is written as durably as everything else.
//!
//! It records operators, never clients. Entries are kept until `relayctl audit prune`.

use relay_storage::{Failure, Migrations, ReadError, Store, Unit, WriteError};
use sea_orm::entity::prelude::*;
use sea_orm::{ActiveValue, DatabaseTransaction, DbErr, QueryOrder, QuerySelect};
use sea_orm_migration::prelude::{ColumnDef, Index, Table};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::clock::{SharedClock, UnixTime};

/// Core's own tables.
pub const MIGRATIONS: Migrations = Migrations {
    prefix: "core",
    steps: || vec![Box::new(AuditTable)],
};

/// A row of the log.
#[derive(Clone, Debug, DeriveEntityModel, Eq, PartialEq)]
#[sea_orm(table_name = "core_audit")]
pub struct Model {
    /// In order of writing.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Unix milliseconds.
    pub at: i64,
    /// Who: a user of this machine, by name and number, or `relayd` itself.
    pub actor: String,
    /// What: a verb of the admin API, such as `log.level`.
    pub action: String,
    /// To what, and how: the request without secrets.
    pub detail: String,
    /// `done`, or why it was refused.
    pub outcome: String,
}

/// No relations.
#[derive(Clone, Copy, Debug, DeriveRelation, EnumIter)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What happened, to be written down.
#[derive(Clone, Debug)]
pub struct Event {
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// To what, and how.
    pub detail: String,
    /// `done`, or why it was refused.
    pub outcome: String,
}

/// Writes and reads the log. Every clone is the same.
#[derive(Clone, Debug)]
pub struct Audit {
    store: Store,
    clock: SharedClock,
}

impl Audit {
    /// The log in `store`.
    pub fn new(store: Store, clock: SharedClock) -> Self {
        Self { store, clock }
    }

    /// Writes an entry; gives its number when it is committed.
    pub async fn record(&self, event: Event) -> Result<i64, WriteError> {
        self.store
            .write(Record {
                at: self.clock.now(),
                event,
            })
            .await
    }

    /// The newest entries, newest first.
    pub async fn newest(&self, limit: u64) -> Result<Vec<Model>, ReadError> {
        let entries = Entity::find().order_by_desc(Column::Id).limit(limit);
        Ok(entries.all(self.store.read()).await?)
    }

    /// When something of this kind was last done, as far as the log goes back.
    pub async fn last_done(&self, action: &str) -> Result<Option<UnixTime>, ReadError> {
        let done = Entity::find()
            .filter(Column::Action.eq(action))
            .filter(Column::Outcome.eq("done"))
            .order_by_desc(Column::Id);
        let last = done.one(self.store.read()).await?;
        Ok(last.map(|entry| UnixTime::from_secs(entry.at.div_euclid(1000))))
    }

    /// Forgets what happened before `before`; gives how many entries that were.
    pub async fn prune(&self, before: UnixTime) -> Result<u64, WriteError> {
        self.store.write(Prune { before }).await
    }
}

struct Record {
    at: UnixTime,
    event: Event,
}

impl Unit for Record {
    type Output = i64;

    async fn run(&self, tx: &DatabaseTransaction) -> Result<i64, Failure<i64>> {
        let event = self.event.clone();
        let row = ActiveModel {
            id: ActiveValue::NotSet,
            at: ActiveValue::Set(self.at.millis()),
            actor: ActiveValue::Set(event.actor),
            action: ActiveValue::Set(event.action),
            detail: ActiveValue::Set(event.detail),
            outcome: ActiveValue::Set(event.outcome),
        };
        Ok(Entity::insert(row).exec(tx).await?.last_insert_id)
    }

    fn weight(&self) -> usize {
        64 + self.event.detail.len()
    }
}

struct Prune {
    before: UnixTime,
}

impl Unit for Prune {
    type Output = u64;

    async fn run(&self, tx: &DatabaseTransaction) -> Result<u64, Failure<u64>> {
        let old = Entity::delete_many().filter(Column::At.lt(self.before.millis()));
        Ok(old.exec(tx).await?.rows_affected)
    }
}

struct AuditTable;

impl MigrationName for AuditTable {
    fn name(&self) -> &'static str {
        "core_0001_audit"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for AuditTable {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(Entity)
            .col(
                ColumnDef::new(Column::Id)
                    .big_integer()
                    .not_null()
                    .auto_increment()
                    .primary_key(),
            )
            .col(ColumnDef::new(Column::At).big_integer().not_null())
            .col(ColumnDef::new(Column::Actor).text().not_null())
            .col(ColumnDef::new(Column::Action).text().not_null())
            .col(ColumnDef::new(Column::Detail).text().not_null())
            .col(ColumnDef::new(Column::Outcome).text().not_null())
            .to_owned();
        manager.create_table(table).await?;
        let by_time = Index::create()
            .name("core_audit_at")
            .table(Entity)
            .col(Column::At)
            .to_owned();
        manager.create_index(by_time).await
    }
}
