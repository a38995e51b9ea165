//! Backups: made while serving, verified, restored.
//!
//! A backup is one consistent moment of the database, plus the files that belong to it (keys,
//! uploaded files), as a directory or, when its name ends in `.tar`, as a single file:
//!
//! ```text
//! database/relayd.db          SQLite: the database, compacted
//! database/tables/NAME.copy   PostgreSQL: each table in COPY's text format
//! files/…                     what stood below the data dir
//! manifest.json               what must be there, with sizes and SHA-256; written last
//! ```
//!
//! The database is copied before the files, so a file deleted in between is missing from the
//! backup although its row is there. That is on purpose: what was deleted stays deleted.
//! Everything is readable by its owner only, and appears under its name only when complete.

mod archive;
mod create;
mod manifest;
mod restore;
mod tables;
mod verify;

use std::io;
use std::path::{Path, PathBuf};

pub use create::{Plan, create};
pub use manifest::{Engine, Manifest};
pub use restore::{Target, restore};
pub(crate) use tables::read_every_table;
pub use verify::verify;

/// Why a backup was not made, found sound, or restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// Something of the backup is missing, changed or too much.
    #[error("{path} is damaged: {finding}")]
    Damaged {
        /// Which backup.
        path: PathBuf,
        /// What was found.
        finding: String,
    },
    /// The database did not play along.
    #[error("database: {0}")]
    Database(String),
    /// There is something where the backup, or what is restored, would go.
    #[error("{path} {reason}")]
    InTheWay {
        /// Where.
        path: String,
        /// Why that hinders.
        reason: &'static str,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is a backup, but not one that fits here.
    #[error("{0}")]
    Unfit(String),
}

impl From<sea_orm::DbErr> for BackupError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Database(crate::error::brief(&error))
    }
}

impl BackupError {
    fn at(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Io {
            path: path.to_owned(),
            source,
        }
    }

    fn damaged(path: &Path, finding: impl Into<String>) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            finding: finding.into(),
        }
    }
}

/// Runs blocking file work off the async threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => Err(BackupError::Database(format!(
            "backup task ended early: {error}"
        ))),
    }
}
