//! The manifest: what a backup holds, and from which schema.

use serde::{Deserialize, Serialize};

/// The format this program writes, and the newest it reads.
pub(super) const FORMAT: u32 = 1;
pub(super) const NAME: &str = "manifest.json";
/// Where an SQLite database stands in a backup.
pub(super) const SQLITE: &str = "database/relayd.db";
/// Where PostgreSQL's tables stand in a backup.
pub(super) const TABLES: &str = "database/tables";
/// Where files of the data dir stand in a backup.
pub(super) const FILES: &str = "files";

/// What a backup holds.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Manifest {
    /// Of this manifest and the layout around it.
    pub format: u32,
    /// The relayd that made it.
    pub relayd: String,
    /// When, in unix seconds.
    pub created: i64,
    /// Of which kind of database.
    pub engine: Engine,
    /// Applied migrations by owner.
    pub migrations: Vec<Applied>,
    /// PostgreSQL: tables in an order in which they can be filled.
    #[serde(default)]
    pub tables: Vec<Table>,
    /// PostgreSQL: where each sequence stood.
    #[serde(default)]
    pub sequences: Vec<Sequence>,
    /// Every file but this one.
    pub entries: Vec<Entry>,
}

/// The kind of database a backup is of.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// PostgreSQL.
    Postgres,
    /// SQLite.
    Sqlite,
}

/// The migrations of one owner of tables.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Applied {
    /// The owner.
    pub prefix: String,
    /// Its applied steps.
    pub steps: Vec<String>,
}

/// A table of a PostgreSQL backup.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns, in the order of the copied text.
    pub columns: Vec<String>,
    /// How many rows were copied.
    pub rows: u64,
}

/// A sequence of a PostgreSQL backup.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Sequence {
    /// Its name.
    pub name: String,
    /// The last value it gave out.
    pub last_value: i64,
}

/// A file of a backup.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Entry {
    /// Path inside the backup.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Of the content, in hex.
    pub sha256: String,
}

impl Manifest {
    /// Bytes of all files together.
    pub fn size(&self) -> u64 {
        self.entries.iter().map(|entry| entry.size).sum()
    }
}
