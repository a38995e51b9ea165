//! One commit of many scripts, in as few trips to SQLite as there are kinds of them.
//!
//! Units that can say their work as a [`Script`] and wait together are told in one text: BEGIN,
//! their statements, COMMIT. Equal statements stand together, filled up to a power of two with
//! copies that do nothing, so that the same few texts are prepared once and used again.
//!
//! A unit that finds no answer in its rows has changed nothing and takes the ordinary way after
//! the commit, as all do when a statement is refused: see [`crate::batch`].

use sea_orm::sqlx::pool::PoolConnection;
use sea_orm::sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sea_orm::sqlx::{self, AssertSqlSafe, Sqlite};
use sea_orm::{DbBackend, DbErr, QueryResult};
use tokio::time::Instant;

use crate::batch::{Limits, Outcome};
use crate::error::{Verdict, brief, connect_error};
use crate::job::{Job, Scripted};
use crate::queue::Arrivals;
use crate::script::{Script, add_null};
use crate::{Database, Fault};

/// Most units whose statements stand in one text.
const TEXT_UNITS: usize = 32;
/// Most units of one commit.
const COMMIT_UNITS: usize = 128;

/// The connection for writing, kept from one express to the next: the pool asks each connection
/// that comes back for a sign of life, which would be as many trips to SQLite's thread again.
#[derive(Default)]
pub(crate) struct Lane(Option<PoolConnection<Sqlite>>);

impl Lane {
    async fn connection(&mut self, database: &Database) -> Result<&mut SqliteConnection, DbErr> {
        let connection = match self.0.take() {
            Some(connection) => connection,
            None => {
                let pool = database.writer.get_sqlite_connection_pool();
                pool.acquire().await.map_err(connect_error)?
            }
        };
        Ok(self.0.insert(connection))
    }

    /// Gives the connection back to its pool, for who goes the ordinary way.
    pub(crate) fn leave(&mut self) {
        self.0 = None;
    }
}

/// Units that go together, in the order in which their statements are run.
pub(crate) struct Express {
    units: Vec<Passenger>,
    bytes: usize,
    started: Instant,
}

struct Passenger {
    job: Box<dyn Job>,
    script: Script,
    /// What its rows begin with.
    tag: usize,
}

/// How far an express came.
pub(crate) struct Arrived {
    /// Whom it served, and how that ended.
    pub(crate) outcome: Option<Outcome>,
    /// Who has to take the ordinary way.
    pub(crate) left: Vec<Box<dyn Job>>,
}

impl Express {
    /// `first` and whoever waits behind it, as far as they have scripts. If not even `first` has
    /// one, or the database takes none, it is given back.
    pub(crate) async fn gather(
        database: &Database,
        first: Box<dyn Job>,
        arrivals: &mut Arrivals,
    ) -> Result<Self, Box<dyn Job>> {
        if database.backend() != DbBackend::Sqlite {
            return Err(first);
        }
        let limits = Limits::of(&database.options);
        let mut express = Self {
            units: Vec::new(),
            bytes: 0,
            started: Instant::now(),
        };
        express.take(first)?;
        while express.units.len() < COMMIT_UNITS.min(limits.units) && express.bytes < limits.bytes {
            let Some(job) = arrivals.next().await else {
                break;
            };
            if let Err(job) = express.take(job) {
                arrivals.put_back(job);
                break;
            }
        }
        // Callers whose units wait together cannot tell which came first.
        (express.units).sort_by_key(|unit| unit.script.sql.as_ptr().addr());
        Ok(express)
    }

    fn take(&mut self, job: Box<dyn Job>) -> Result<(), Box<dyn Job>> {
        let tag = self.units.len();
        let Some(script) = i64::try_from(tag).ok().and_then(|tag| job.script(tag)) else {
            return Err(job);
        };
        self.bytes += job.weight();
        self.units.push(Passenger { job, script, tag });
        Ok(())
    }

    /// Runs and commits all of them.
    pub(crate) async fn commit(mut self, database: &Database, lane: &mut Lane) -> Arrived {
        if !database.in_place() {
            return self.failed(Fault::Replaced);
        }
        match self.run(database, lane).await {
            Ok(rows) => self.arrived(rows),
            Err(error) => match Verdict::of(&error) {
                Verdict::Fault(fault) => self.failed(fault),
                _ => self.refused(),
            },
        }
    }

    async fn run(
        &mut self,
        database: &Database,
        lane: &mut Lane,
    ) -> Result<Vec<QueryResult>, DbErr> {
        let connection = lane.connection(database).await?;
        let rows = self.tell(connection).await;
        if rows.is_err() {
            // SQLite may have ended the transaction by itself; then this is refused.
            if let Err(error) = sqlx::raw_sql("ROLLBACK").execute(connection).await {
                tracing::debug!(error = %brief(&connect_error(error)), "rolling back");
            }
            lane.leave();
        }
        Ok(rows?.into_iter().map(QueryResult::from).collect())
    }

    async fn tell(&mut self, connection: &mut SqliteConnection) -> Result<Vec<SqliteRow>, DbErr> {
        let mut rows = Vec::with_capacity(self.units.len());
        let texts: Vec<&mut [Passenger]> = self
            .units
            .chunk_by_mut(|one, next| std::ptr::eq(one.script.sql, next.script.sql))
            .flat_map(|same| same.chunks_mut(TEXT_UNITS))
            .collect();
        let last = texts.len() - 1;
        for (at, units) in texts.into_iter().enumerate() {
            let (text, arguments) = text(units, at == 0, at == last)?;
            let query = sqlx::query_with(AssertSqlSafe(text), arguments);
            let said = query.fetch_all(&mut *connection).await;
            rows.extend(said.map_err(connect_error)?);
        }
        Ok(rows)
    }

    fn arrived(self, rows: Vec<QueryResult>) -> Arrived {
        let mut by_tag: Vec<Vec<QueryResult>> = Vec::new();
        by_tag.resize_with(self.units.len(), Vec::new);
        for row in rows {
            let tag = row.try_get_by_index::<i64>(0).ok();
            let tag = tag.and_then(|tag| usize::try_from(tag).ok());
            if let Some(own) = tag.and_then(|tag| by_tag.get_mut(tag)) {
                own.push(row);
            }
        }
        let (mut served, mut left) = (Vec::new(), Vec::new());
        for mut unit in self.units {
            let rows = by_tag.get_mut(unit.tag).map(std::mem::take);
            match unit.job.scripted(rows.unwrap_or_default()) {
                Scripted::Answered => served.push(unit.job),
                Scripted::Open => left.push(unit.job),
                Scripted::Failed(error) => unit.job.answer(Err(error)),
            }
        }
        let outcome = Outcome::kept(served, self.bytes, self.started);
        Arrived {
            outcome: Some(outcome),
            left,
        }
    }

    /// The text ended with COMMIT, so nobody knows how far it came.
    fn failed(self, fault: Fault) -> Arrived {
        let (bytes, started) = (self.bytes, self.started);
        let outcome = Outcome::lost(self.into_jobs(), bytes, started, fault);
        Arrived {
            outcome: Some(outcome),
            left: Vec::new(),
        }
    }

    /// One of them was refused, and all are rolled back: alone each, only one is.
    fn refused(self) -> Arrived {
        Arrived {
            outcome: None,
            left: self.into_jobs(),
        }
    }

    fn into_jobs(self) -> Vec<Box<dyn Job>> {
        self.units.into_iter().map(|unit| unit.job).collect()
    }
}

/// The statements of units of one kind, and their values, which are moved into it.
fn text(
    units: &mut [Passenger],
    first: bool,
    last: bool,
) -> Result<(String, SqliteArguments), DbErr> {
    let script = units.first().map_or("", |unit| unit.script.sql);
    let width = units.first().map_or(0, |unit| unit.script.values.len());
    let copies = units.len().next_power_of_two();
    let mut text = String::with_capacity(copies * script.len() + 32);
    text.push_str(if first { "BEGIN IMMEDIATE;" } else { "" });
    (0..copies).for_each(|_| text.push_str(script));
    text.push_str(if last { "COMMIT;" } else { "" });
    let mut arguments = SqliteArguments::default();
    for unit in &mut *units {
        for value in unit.script.values.drain(..) {
            value.add_to(&mut arguments)?;
        }
    }
    for _ in 0..(copies - units.len()) * width {
        add_null(&mut arguments)?;
    }
    Ok((text, arguments))
}
