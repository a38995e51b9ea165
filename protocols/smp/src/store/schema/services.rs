//! The tables of services.
//!
//! A service's row has the count and the hash of what is its own, kept right by every change of
//! it, so that subscribing to a million queues reads one row. The hash is two integers, because
//! neither database has an exclusive or of byte strings. A notification carries its notifier's
//! service, so that what waits for a service is found without looking at its notifiers.

use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

use super::Dialect;

pub(super) struct Services;

impl MigrationName for Services {
    fn name(&self) -> &'static str {
        "smp_0002_services"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Services {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let dialect = Dialect::of(manager.get_database_backend());
        let db = manager.get_connection();
        for statement in STATEMENTS {
            let statement = statement.replace("{bytes}", dialect.bytes);
            db.execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}

const STATEMENTS: [&str; 6] = [
    "CREATE TABLE smp_services (
        service_id {bytes} NOT NULL PRIMARY KEY,
        role SMALLINT NOT NULL,
        fingerprint {bytes} NOT NULL,
        chain {bytes} NOT NULL,
        created_at BIGINT NOT NULL,
        queue_count BIGINT NOT NULL,
        hash_high BIGINT NOT NULL,
        hash_low BIGINT NOT NULL
    )",
    "CREATE UNIQUE INDEX smp_services_fingerprint ON smp_services (fingerprint)",
    "CREATE INDEX smp_queues_recipient_service ON smp_queues (recipient_service, id) \
        WHERE recipient_service IS NOT NULL",
    "CREATE INDEX smp_queues_notifier_service ON smp_queues (notifier_service, id) \
        WHERE notifier_service IS NOT NULL",
    "ALTER TABLE smp_notifications ADD COLUMN service {bytes}",
    "CREATE INDEX smp_notifications_of_service ON smp_notifications (service, id) \
        WHERE service IS NOT NULL",
];
