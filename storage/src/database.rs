//! An open database: connections, migrations, checks. What [`crate::Store`] serves from, and
//! what offline tools (`relayctl doctor`, `backup restore`) use without a running writer.

use std::io;
use std::path::{Path, PathBuf};

use sea_orm::sqlx::PgPool;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};

use crate::error::{Fault, ReadError, Verdict, brief};
use crate::postgres::LastOutage;
use crate::sqlite::FileIdentity;
use crate::{DatabaseUrl, StorageOptions, postgres, sqlite};

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file could not be created or looked at.
    #[error("cannot open {path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database did not let us in.
    #[error("cannot open {url}: {reason}")]
    Connect {
        /// Which database, its password masked.
        url: DatabaseUrl,
        /// What it said.
        reason: String,
    },
}

/// Connections to one database.
#[derive(Clone, Debug)]
pub struct Database {
    pub(crate) url: DatabaseUrl,
    pub(crate) options: StorageOptions,
    pub(crate) readers: DatabaseConnection,
    pub(crate) writer: DatabaseConnection,
    identity: Option<FileIdentity>,
    pub(crate) outage: LastOutage,
}

#[derive(Clone, Copy)]
enum Use {
    Look,
    Serve,
}

impl Database {
    /// Opens the database of `options`, whose URL must not be relative any more
    /// ([`DatabaseUrl::below`]). An SQLite file is created when missing.
    pub async fn open(options: StorageOptions) -> Result<Self, OpenError> {
        match options.url.clone() {
            DatabaseUrl::Sqlite(path) => Self::open_sqlite(&path, options, Use::Serve).await,
            DatabaseUrl::Postgres(url) => Self::open_postgres(&url, options).await,
        }
    }

    /// Opens the database for a look at it while another process serves from it, whose writing
    /// this neither disturbs nor waits for.
    pub async fn look(options: StorageOptions) -> Result<Self, OpenError> {
        match options.url.clone() {
            DatabaseUrl::Sqlite(path) => Self::open_sqlite(&path, options, Use::Look).await,
            DatabaseUrl::Postgres(url) => Self::open_postgres(&url, options).await,
        }
    }

    async fn open_sqlite(
        path: &Path,
        options: StorageOptions,
        for_what: Use,
    ) -> Result<Self, OpenError> {
        let at_path = |source| OpenError::File {
            path: path.to_owned(),
            source,
        };
        sqlite::create_private(path).map_err(at_path)?;
        let connect = async {
            let writer = match for_what {
                Use::Serve => sqlite::writer(path, &options).await?,
                Use::Look => sqlite::writer_on_demand(path, &options),
            };
            Ok((writer, sqlite::readers(path, &options).await?))
        };
        let (writer, readers) = connect.await.map_err(|error| refused(&options, &error))?;
        let identity = Some(FileIdentity::of(path).map_err(at_path)?);
        Ok(Self {
            url: options.url.clone(),
            options,
            readers,
            writer,
            identity,
            outage: LastOutage::default(),
        })
    }

    async fn open_postgres(url: &str, options: StorageOptions) -> Result<Self, OpenError> {
        let outage = LastOutage::default();
        let connect = async {
            let writer = postgres::writer(url, &options, &outage).await?;
            Ok((writer, postgres::readers(url, &options, &outage).await?))
        };
        let (writer, readers) = connect.await.map_err(|error| refused(&options, &error))?;
        Ok(Self {
            url: options.url.clone(),
            options,
            readers,
            writer,
            identity: None,
            outage,
        })
    }

    /// The pool for reading.
    pub fn read(&self) -> &DatabaseConnection {
        &self.readers
    }

    /// Which kind of database this is.
    pub fn backend(&self) -> DbBackend {
        self.writer.get_database_backend()
    }

    /// Where it is.
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// How it was opened.
    pub fn options(&self) -> &StorageOptions {
        &self.options
    }

    /// A connection of its own for long work.
    pub(crate) async fn aside(&self) -> Result<DatabaseConnection, DbErr> {
        match &self.url {
            DatabaseUrl::Sqlite(path) => sqlite::aside(path, &self.options).await,
            DatabaseUrl::Postgres(url) => postgres::aside(url, &self.options, &self.outage).await,
        }
    }

    /// Asks the database for a sign of life, through a reader.
    pub async fn ping(&self) -> Result<(), Fault> {
        if self
            .identity
            .as_ref()
            .is_some_and(|identity| !identity.holds())
        {
            return Err(Fault::Replaced);
        }
        let statement = Statement::from_string(self.backend(), "SELECT 1");
        match self.readers.query_one_raw(statement).await {
            Ok(_) => Ok(()),
            Err(error) => match Verdict::of(&error) {
                Verdict::Fault(fault) => Err(fault),
                _ => Err(Fault::Io),
            },
        }
    }

    /// Whether the file opened is still the one at its path (always so on PostgreSQL).
    pub(crate) fn in_place(&self) -> bool {
        self.identity.as_ref().is_none_or(FileIdentity::holds)
    }

    /// Reads everything and says what is damaged; an empty list is a sound database.
    /// On PostgreSQL, which checks its own pages, every table is read through.
    pub async fn check_integrity(&self) -> Result<Vec<String>, ReadError> {
        let aside = self.aside().await?;
        let findings = match self.backend() {
            DbBackend::Sqlite => check_sqlite(&aside).await,
            _ => crate::backup::read_every_table(&aside).await,
        };
        aside.close().await?;
        Ok(findings?)
    }

    /// A line per setting that decides about durability and speed: name and value.
    pub async fn settings(&self) -> Result<Vec<(&'static str, String)>, ReadError> {
        let names: &[&str] = match self.backend() {
            DbBackend::Sqlite => &[
                "journal_mode",
                "synchronous",
                "page_size",
                "auto_vacuum",
                "secure_delete",
                "page_count",
                "freelist_count",
            ],
            _ => &[
                "server_version",
                "synchronous_commit",
                "fsync",
                "full_page_writes",
                "max_connections",
            ],
        };
        let mut settings = Vec::with_capacity(names.len());
        for name in names {
            settings.push((*name, self.setting(name).await?));
        }
        Ok(settings)
    }

    async fn setting(&self, name: &str) -> Result<String, ReadError> {
        if self.backend() == DbBackend::Sqlite {
            return Ok(sqlite::pragma(&self.writer, name).await?);
        }
        let statement = Statement::from_string(self.backend(), format!("SHOW {name}"));
        let row = self.writer.query_one_raw(statement).await?;
        Ok(row
            .map(|row| row.try_get_by_index(0))
            .transpose()?
            .unwrap_or_default())
    }

    /// Closes every connection; SQLite then merges its WAL into the file.
    pub async fn close(&self) {
        for pool in [&self.readers, &self.writer] {
            if let Err(error) = pool.clone().close().await {
                tracing::warn!(error = %brief(&error), "closing the database");
            }
        }
    }
}

async fn check_sqlite(db: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    let mut findings = Vec::new();
    for pragma in ["PRAGMA integrity_check(20)", "PRAGMA foreign_key_check"] {
        let rows = db
            .query_all_raw(Statement::from_string(DbBackend::Sqlite, pragma))
            .await?;
        for row in rows {
            let finding: String = row.try_get_by_index(0)?;
            if finding != "ok" {
                findings.push(finding);
            }
        }
    }
    Ok(findings)
}

fn refused(options: &StorageOptions, error: &DbErr) -> OpenError {
    let reason = match (Verdict::of(error), &options.url) {
        // There is no server: what keeps a connection to a file waiting is a lock.
        (Verdict::Fault(Fault::Unreachable), DatabaseUrl::Sqlite(_)) => Fault::Busy.to_string(),
        (Verdict::Fault(fault), _) => format!("{fault} ({})", brief(error)),
        _ => brief(error),
    };
    OpenError::Connect {
        url: options.url.clone(),
        reason,
    }
}

/// The sqlx pool below a connection of ours.
pub(crate) fn postgres_pool(db: &DatabaseConnection) -> &PgPool {
    db.get_postgres_connection_pool()
}
