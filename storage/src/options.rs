//! The `[storage]` section: what an operator can set about the database.

use relay_config::{ByteSize, Section, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::DatabaseUrl;

/// The one database of all relays.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct StorageOptions {
    /// Where the database is: `sqlite:PATH` (a relative path is below `data_dir`), or
    /// `postgres://user:password@host/database`. For a PostgreSQL unix socket write
    /// `postgres://user@/database?host=/run/postgresql`.
    pub url: DatabaseUrl,

    /// What an acknowledged write survives.
    pub durability: Durability,

    /// Connections for reading (the writer has one of its own).
    pub read_connections: u32,

    /// Most units of work that share one commit.
    pub batch_units: usize,

    /// Most bytes of new data that share one commit.
    pub batch_bytes: ByteSize,

    /// Longest time a commit is kept open for more units to join. A lone unit never waits.
    pub batch_time: Span,

    /// Most bytes of units waiting for the writer; who comes after that waits.
    pub queue_bytes: ByteSize,

    /// How long a caller waits for a place in that queue before it hears "overloaded".
    pub queue_timeout: Span,

    /// How long to wait for a connection to PostgreSQL, or for a lock held by another program.
    pub connect_timeout: Span,
}

/// What an acknowledged write survives.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// A power failure: every commit is synced to the disk before it is acknowledged
    /// (SQLite `synchronous=FULL`, PostgreSQL `synchronous_commit=on`).
    #[default]
    Power,
    /// A crash or kill of relayd, not a power failure or a crash of the operating system
    /// (SQLite `synchronous=NORMAL`), nor a crash of the PostgreSQL server
    /// (`synchronous_commit=off`): then the last moments may be missing, never torn.
    Process,
}

impl Default for StorageOptions {
    fn default() -> Self {
        Self {
            url: DatabaseUrl::default(),
            durability: Durability::Power,
            read_connections: 4,
            batch_units: 512,
            batch_bytes: ByteSize::mib(8),
            batch_time: Span::millis(10),
            queue_bytes: ByteSize::mib(64),
            queue_timeout: Span::secs(10),
            connect_timeout: Span::secs(5),
        }
    }
}

impl Section for StorageOptions {
    const NAME: &'static str = "storage";
}
