//! What can go wrong with a database, sorted by who has to do something about it.
//!
//! Promises that no error text carries data: only codes, and the names of tables and
//! constraints. PostgreSQL's DETAIL ("Key (id)=(…) already exists") is never taken over.

use std::fmt;
use std::sync::Arc;

use sea_orm::sqlx::{self, error::ErrorKind};
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr};

/// A trouble of the store itself, not of one caller: it shows in the health of the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Another program holds the database locked.
    Busy,
    /// The file or an index is damaged.
    Corrupt,
    /// No space left for the database.
    DiskFull,
    /// Reading or writing the file failed.
    Io,
    /// The database cannot be written.
    ReadOnly,
    /// The database file was moved or deleted while open.
    Replaced,
    /// No connection to the server, or it is going down.
    Unreachable,
}

impl Fault {
    /// Every one there is.
    pub const ALL: [Self; 7] = [
        Self::Busy,
        Self::Corrupt,
        Self::DiskFull,
        Self::Io,
        Self::ReadOnly,
        Self::Replaced,
        Self::Unreachable,
    ];

    /// One word for metrics and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Corrupt => "corrupt",
            Self::DiskFull => "disk_full",
            Self::Io => "io",
            Self::ReadOnly => "read_only",
            Self::Replaced => "replaced",
            Self::Unreachable => "unreachable",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy => "the database is locked by another program",
            Self::Corrupt => "the database is damaged; restore a backup",
            Self::DiskFull => "no space left for the database; free some disk",
            Self::Io => "reading or writing the database failed; look at the disk",
            Self::ReadOnly => "the database cannot be written; look at its owner, mode and mount",
            Self::Replaced => {
                "the database file was moved or deleted while open; put it back or restart"
            }
            Self::Unreachable => "the database server cannot be reached",
        })
    }
}

/// What kind of rule a unit broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    /// A CHECK constraint.
    Check,
    /// A row that is referred to is missing, or one still referred to would go.
    ForeignKey,
    /// A value that must be there is missing.
    NotNull,
    /// Something that may exist once would exist twice.
    Unique,
}

/// Why a write was not acknowledged.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
    /// A statement of the unit itself is wrong; a mistake in relayd.
    #[error("statement failed: {0}")]
    Failed(String),
    /// The connection broke during COMMIT: the unit may have been kept, or not.
    #[error("{0}; whether the last write was kept is unknown")]
    OutcomeUnknown(Fault),
    /// More is waiting for the writer than may wait.
    #[error("the database cannot keep up; try again later")]
    Overloaded,
    /// The unit's code panicked; a mistake in relayd.
    #[error("unit of work panicked")]
    Panicked,
    /// The unit broke a constraint. Its neighbours were kept.
    #[error("refused by the database: {0:?}")]
    Refused(Violation),
    /// The store has a fault. Nothing of the unit was kept.
    #[error("{0}")]
    Unavailable(Fault),
}

/// Why a read failed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The statement itself is wrong; a mistake in relayd.
    #[error("query failed: {0}")]
    Failed(String),
    /// The store has a fault.
    #[error("{0}")]
    Unavailable(Fault),
}

impl From<DbErr> for ReadError {
    fn from(error: DbErr) -> Self {
        match Verdict::of(&error) {
            Verdict::Fault(fault) => Self::Unavailable(fault),
            Verdict::Retry => Self::Unavailable(Fault::Busy),
            Verdict::Refused(_) | Verdict::Bug => Self::Failed(brief(&error)),
        }
    }
}

/// Whose trouble an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The unit broke a rule.
    Refused(Violation),
    /// Nobody's: the same transaction may succeed when run again.
    Retry,
    /// The store's.
    Fault(Fault),
    /// Ours.
    Bug,
}

impl Verdict {
    pub(crate) fn of(error: &DbErr) -> Self {
        match error {
            DbErr::ConnectionAcquire(
                ConnAcquireErr::Timeout | ConnAcquireErr::ConnectionClosed,
            ) => Self::Fault(Fault::Unreachable),
            DbErr::Conn(RuntimeErr::SqlxError(error))
            | DbErr::Exec(RuntimeErr::SqlxError(error))
            | DbErr::Query(RuntimeErr::SqlxError(error)) => Self::of_sqlx(error),
            _ => Self::Bug,
        }
    }

    fn of_sqlx(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => Self::of_database(error.as_ref()),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Fault(Fault::Unreachable),
            _ => Self::Bug,
        }
    }

    fn of_database(error: &dyn sqlx::error::DatabaseError) -> Self {
        let violation = match error.kind() {
            ErrorKind::UniqueViolation => Some(Violation::Unique),
            ErrorKind::ForeignKeyViolation => Some(Violation::ForeignKey),
            ErrorKind::NotNullViolation => Some(Violation::NotNull),
            ErrorKind::CheckViolation => Some(Violation::Check),
            _ => None,
        };
        if let Some(violation) = violation {
            return Self::Refused(violation);
        }
        let code = error.code().unwrap_or_default();
        match code.parse::<u32>() {
            Ok(extended) if code.len() < 5 => sqlite_verdict(extended),
            _ => postgres_verdict(&code),
        }
    }
}

/// SQLite's result codes: the low byte is the primary one.
fn sqlite_verdict(extended: u32) -> Verdict {
    if extended == 1032 {
        return Verdict::Fault(Fault::Replaced); // READONLY_DBMOVED
    }
    let fault = match extended & 0xff {
        5 | 6 => Fault::Busy,
        7 | 10 | 14 => Fault::Io, // no memory, I/O error, cannot open
        8 => Fault::ReadOnly,
        11 | 26 => Fault::Corrupt, // damaged, not a database
        13 => Fault::DiskFull,
        19 => return Verdict::Refused(Violation::Check),
        _ => return Verdict::Bug,
    };
    Verdict::Fault(fault)
}

/// PostgreSQL's SQLSTATEs: the first two characters are the class.
fn postgres_verdict(state: &str) -> Verdict {
    let fault = match state {
        "40001" | "40P01" | "55P03" => return Verdict::Retry,
        "25006" => Fault::ReadOnly,
        "53100" => Fault::DiskFull,
        "57014" => Fault::Busy,
        "XX001" | "XX002" => Fault::Corrupt,
        _ => match state.get(..2) {
            Some("08" | "53" | "57") => Fault::Unreachable,
            Some("58") => Fault::Io,
            Some("23") => return Verdict::Refused(Violation::Check),
            _ => return Verdict::Bug,
        },
    };
    Verdict::Fault(fault)
}

/// An error of sqlx in the words of sea-orm.
pub(crate) fn connect_error(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))
}

/// The error without anything a client may have sent: code and message of the database.
pub(crate) fn brief(error: &DbErr) -> String {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => match error.as_ref() {
            sqlx::Error::Database(error) => {
                format!(
                    "{} (code {})",
                    error.message(),
                    error.code().unwrap_or_default()
                )
            }
            other => other.to_string(),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_codes_name_the_fault() {
        for (code, fault) in [
            (5, Fault::Busy),
            (517, Fault::Busy), // BUSY_SNAPSHOT
            (778, Fault::Io),   // IOERR_WRITE
            (13, Fault::DiskFull),
            (1032, Fault::Replaced),
            (264, Fault::ReadOnly), // READONLY_RECOVERY
            (11, Fault::Corrupt),
        ] {
            assert_eq!(sqlite_verdict(code), Verdict::Fault(fault), "{code}");
        }
        assert_eq!(sqlite_verdict(1), Verdict::Bug);
    }

    #[test]
    fn postgres_states_name_the_fault() {
        for (state, verdict) in [
            ("40001", Verdict::Retry),
            ("57P01", Verdict::Fault(Fault::Unreachable)), // admin_shutdown
            ("53100", Verdict::Fault(Fault::DiskFull)),
            ("53300", Verdict::Fault(Fault::Unreachable)), // too_many_connections
            ("08006", Verdict::Fault(Fault::Unreachable)),
            ("25006", Verdict::Fault(Fault::ReadOnly)),
            ("42601", Verdict::Bug), // syntax_error
        ] {
            assert_eq!(postgres_verdict(state), verdict, "{state}");
        }
    }
}
