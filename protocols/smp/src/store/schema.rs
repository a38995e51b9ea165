//! The tables.
//!
//! What is read with every command is kept apart from what is big. A queue's row has a few
//! hundred bytes; bodies and link data have tables of their own. On SQLite's pages of 16 KiB a
//! message is exactly one page, without overflow; and the index of messages has all that is asked
//! of them but the body, so that counting, expiring and finding the first touch no body.

mod services;

use relay_storage::Migrations;
use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

/// The relay's tables.
pub(crate) const MIGRATIONS: Migrations = Migrations {
    prefix: "smp",
    steps: || vec![Box::new(First), Box::new(services::Services)],
};

struct First;

impl MigrationName for First {
    fn name(&self) -> &'static str {
        "smp_0001_queues"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for First {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let dialect = Dialect::of(manager.get_database_backend());
        let db = manager.get_connection();
        for statement in TABLES.into_iter().chain([dialect.message_index]) {
            let statement = statement
                .replace("{key}", dialect.key)
                .replace("{id}", dialect.id)
                .replace("{bytes}", dialect.bytes);
            db.execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}

struct Dialect {
    /// A key that is never used twice.
    key: &'static str,
    /// A key that only has to grow.
    id: &'static str,
    bytes: &'static str,
    message_index: &'static str,
}

impl Dialect {
    fn of(backend: DbBackend) -> Self {
        match backend {
            DbBackend::Postgres => Self {
                key: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
                id: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
                bytes: "BYTEA",
                message_index: "CREATE INDEX smp_messages_of_queue ON smp_messages (queue, id) \
                                INCLUDE (sent_at, kind, message_id)",
            },
            _ => Self {
                key: "INTEGER PRIMARY KEY AUTOINCREMENT",
                id: "INTEGER PRIMARY KEY",
                bytes: "BLOB",
                message_index: "CREATE INDEX smp_messages_of_queue \
                                ON smp_messages (queue, id, sent_at, kind, message_id)",
            },
        }
    }
}

const TABLES: [&str; 11] = [
    "CREATE TABLE smp_queues (
        id {key},
        revision BIGINT NOT NULL,
        recipient_id {bytes} NOT NULL,
        sender_id {bytes} NOT NULL,
        recipient_keys {bytes} NOT NULL,
        body_secret {bytes} NOT NULL,
        sender_key {bytes},
        mode SMALLINT NOT NULL,
        status SMALLINT NOT NULL,
        blocked TEXT,
        link_id {bytes},
        notifier_id {bytes},
        notifier_key {bytes},
        notifier_secret {bytes},
        recipient_service {bytes},
        notifier_service {bytes},
        used_day BIGINT NOT NULL
    )",
    "CREATE UNIQUE INDEX smp_queues_recipient ON smp_queues (recipient_id)",
    "CREATE UNIQUE INDEX smp_queues_sender ON smp_queues (sender_id)",
    "CREATE UNIQUE INDEX smp_queues_link ON smp_queues (link_id) WHERE link_id IS NOT NULL",
    "CREATE UNIQUE INDEX smp_queues_notifier ON smp_queues (notifier_id) \
        WHERE notifier_id IS NOT NULL",
    "CREATE TABLE smp_links (
        queue BIGINT NOT NULL PRIMARY KEY,
        fixed_data {bytes} NOT NULL,
        user_data {bytes} NOT NULL
    )",
    "CREATE TABLE smp_messages (
        id {id},
        queue BIGINT NOT NULL,
        message_id {bytes} NOT NULL,
        sent_at BIGINT NOT NULL,
        kind SMALLINT NOT NULL,
        body {bytes} NOT NULL
    )",
    "CREATE TABLE smp_notifications (
        id {id},
        queue BIGINT NOT NULL,
        notifier_id {bytes} NOT NULL,
        nonce {bytes} NOT NULL,
        meta {bytes} NOT NULL,
        created_at BIGINT NOT NULL
    )",
    "CREATE INDEX smp_notifications_of_queue ON smp_notifications (queue, id)",
    "CREATE TABLE smp_counters (
        name TEXT NOT NULL PRIMARY KEY,
        value BIGINT NOT NULL
    )",
    "CREATE TABLE smp_active_queues (
        period SMALLINT NOT NULL,
        chunk BIGINT NOT NULL,
        bits {bytes} NOT NULL,
        PRIMARY KEY (period, chunk)
    )",
];
