//! The store's own table: one row it writes to find out whether writing works again.

use sea_orm::DbErr;
use sea_orm_migration::prelude::{ColumnDef, Table};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::Migrations;

/// The store's own migrations.
pub const MIGRATIONS: Migrations = Migrations {
    prefix: "store",
    steps: || vec![Box::new(Probe)],
};

struct Probe;

impl MigrationName for Probe {
    fn name(&self) -> &'static str {
        "store_0001_probe"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Probe {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("store_probe")
            .col(ColumnDef::new("id").integer().not_null().primary_key())
            .col(ColumnDef::new("body").binary().not_null())
            .to_owned();
        manager.create_table(table).await
    }
}
