//! One commit of many units.
//!
//! First the quick way: units run one after the other in one transaction, joined by whoever
//! arrives meanwhile, until the queue is empty or a limit is reached. If one fails, all is
//! rolled back and the same units run the careful way, each inside a savepoint, so that the
//! failing one fails alone. What failed for nobody's fault (a serialisation conflict) is run
//! again a few times.

use std::time::Duration;

use sea_orm::{DatabaseTransaction, DbErr, TransactionTrait};
use tokio::time::Instant;

use crate::error::{Verdict, brief};
use crate::job::{Job, Setback};
use crate::migrate::begin_write;
use crate::queue::Arrivals;
use crate::{Database, Fault, StorageOptions, WriteError};

/// How often a transaction is run again for a conflict that is nobody's fault.
const RETRIES: usize = 5;

/// When a commit is full.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) units: usize,
    pub(crate) bytes: usize,
    time: Duration,
}

impl Limits {
    pub(crate) fn of(options: &StorageOptions) -> Self {
        Self {
            units: options.batch_units.max(1),
            bytes: usize::try_from(options.batch_bytes.get()).unwrap_or(usize::MAX),
            time: options.batch_time.get(),
        }
    }
}

/// What a batch came to. Its callers still wait: see [`Outcome::answer`].
pub(crate) struct Outcome {
    pub(crate) units: usize,
    pub(crate) bytes: usize,
    /// From the first unit's start to the commit.
    pub(crate) took: Duration,
    /// The fault of the store, if it was one that ended this batch.
    pub(crate) fault: Option<Fault>,
    jobs: Vec<Box<dyn Job>>,
    answer: Result<(), WriteError>,
}

impl Outcome {
    /// All is committed.
    pub(crate) fn kept(jobs: Vec<Box<dyn Job>>, bytes: usize, started: Instant) -> Self {
        for job in &jobs {
            job.committed();
        }
        Self::new(jobs, bytes, started, None, Ok(()))
    }

    /// The store failed in the commit.
    pub(crate) fn lost(
        jobs: Vec<Box<dyn Job>>,
        bytes: usize,
        started: Instant,
        fault: Fault,
    ) -> Self {
        Self::new(jobs, bytes, started, Some(fault), Err(commit_error(fault)))
    }

    fn new(
        jobs: Vec<Box<dyn Job>>,
        bytes: usize,
        started: Instant,
        fault: Option<Fault>,
        answer: Result<(), WriteError>,
    ) -> Self {
        Self {
            units: jobs.len(),
            bytes,
            took: started.elapsed(),
            fault,
            jobs,
            answer,
        }
    }

    /// Tells the callers. After this they act on what they heard, so whatever has to be known
    /// first must be.
    pub(crate) fn answer(self) {
        for job in self.jobs {
            job.answer(self.answer.clone());
        }
    }
}

/// The units of one commit.
pub(crate) struct Batch<'a> {
    database: &'a Database,
    limits: Limits,
    jobs: Vec<Box<dyn Job>>,
    bytes: usize,
    started: Instant,
}

/// How an attempt at the whole batch ended short of a commit.
enum Collapse {
    /// One unit failed; the others may yet be kept.
    Unit,
    /// Run it again.
    Retry,
    /// The store failed before the commit: nothing was kept.
    Store(Fault),
    /// The store failed during the commit.
    Commit(Fault),
}

impl<'a> Batch<'a> {
    pub(crate) fn new(database: &'a Database) -> Self {
        Self {
            database,
            limits: Limits::of(&database.options),
            jobs: Vec::new(),
            bytes: 0,
            started: Instant::now(),
        }
    }

    /// Runs `first` and whoever arrives in `queue` meanwhile, and commits.
    pub(crate) async fn commit(
        mut self,
        first: Vec<Box<dyn Job>>,
        queue: &mut Arrivals,
    ) -> Outcome {
        let outcome = match self.quickly(first, queue).await {
            Err(Collapse::Unit | Collapse::Retry) => self.carefully().await,
            other => other,
        };
        self.finish(outcome)
    }

    async fn quickly(
        &mut self,
        first: Vec<Box<dyn Job>>,
        queue: &mut Arrivals,
    ) -> Result<(), Collapse> {
        for job in first {
            self.push(job);
        }
        let tx = self.begin().await?;
        let mut run = 0;
        loop {
            if let Err(setback) = self.run_from(run, &tx).await {
                roll_back(tx).await;
                return Err(collapse(setback));
            }
            run = self.jobs.len();
            if self.is_full() {
                break;
            }
            let Some(job) = queue.next().await else { break };
            self.push(job);
        }
        commit(tx).await
    }

    fn push(&mut self, job: Box<dyn Job>) {
        self.bytes += job.weight();
        self.jobs.push(job);
    }

    async fn run_from(&mut self, from: usize, tx: &DatabaseTransaction) -> Result<(), Setback> {
        for job in &mut self.jobs[from..] {
            job.run(tx).await?;
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.jobs.len() >= self.limits.units
            || self.bytes >= self.limits.bytes
            || self.started.elapsed() >= self.limits.time
    }

    /// Nothing has been run yet, so a connection found dead may be replaced by a fresh one.
    async fn begin(&self) -> Result<DatabaseTransaction, Collapse> {
        if !self.database.in_place() {
            return Err(Collapse::Store(Fault::Replaced));
        }
        let db = &self.database.writer;
        let mut begun = begin_write(db).await;
        if matches!(&begun, Err(error) if died_in_the_pool(error)) {
            begun = begin_write(db).await;
        }
        begun.map_err(|error| Collapse::Store(fault_of(&error)))
    }

    async fn carefully(&mut self) -> Result<(), Collapse> {
        for _ in 0..RETRIES {
            match self.with_savepoints().await {
                Err(Collapse::Retry) => {}
                other => return other,
            }
        }
        Err(Collapse::Store(Fault::Busy))
    }

    async fn with_savepoints(&mut self) -> Result<(), Collapse> {
        let tx = self.begin().await?;
        let mut failed = Vec::new();
        for (at, job) in self.jobs.iter_mut().enumerate() {
            match run_alone(job.as_mut(), &tx).await {
                Ok(None) => {}
                Ok(Some(error)) => failed.push((at, error)),
                Err(collapse) => {
                    roll_back(tx).await;
                    return Err(collapse);
                }
            }
        }
        commit(tx).await?;
        for (at, error) in failed.into_iter().rev() {
            self.jobs.remove(at).answer(Err(error));
        }
        Ok(())
    }

    fn finish(self, outcome: Result<(), Collapse>) -> Outcome {
        let (jobs, bytes, started) = (self.jobs, self.bytes, self.started);
        let fault = match outcome {
            Ok(()) => return Outcome::kept(jobs, bytes, started),
            Err(Collapse::Commit(fault)) => return Outcome::lost(jobs, bytes, started, fault),
            Err(Collapse::Store(fault)) => fault,
            Err(Collapse::Unit | Collapse::Retry) => Fault::Busy,
        };
        let answer = Err(WriteError::Unavailable(fault));
        Outcome::new(jobs, bytes, started, Some(fault), answer)
    }
}

/// Whether a connection broke, as opposed to none being had in time.
fn died_in_the_pool(error: &DbErr) -> bool {
    !matches!(error, DbErr::ConnectionAcquire(_))
        && Verdict::of(error) == Verdict::Fault(Fault::Unreachable)
}

/// Runs one unit inside a savepoint. `Ok(Some)` is the unit's own failure.
async fn run_alone(
    job: &mut dyn Job,
    tx: &DatabaseTransaction,
) -> Result<Option<WriteError>, Collapse> {
    let savepoint = tx.begin().await.map_err(|error| sort(&error))?;
    let setback = match job.run(&savepoint).await {
        Ok(()) => {
            return savepoint
                .commit()
                .await
                .map(|()| None)
                .map_err(|error| sort(&error));
        }
        Err(setback) => setback,
    };
    let error = match setback {
        Setback::Undone => None,
        Setback::Panicked => Some(WriteError::Panicked),
        Setback::Db(error) => match Verdict::of(&error) {
            Verdict::Refused(violation) => Some(WriteError::Refused(violation)),
            Verdict::Bug => Some(WriteError::Failed(brief(&error))),
            Verdict::Retry | Verdict::Fault(_) => return Err(sort(&error)),
        },
    };
    savepoint.rollback().await.map_err(|error| sort(&error))?;
    Ok(error)
}

async fn commit(tx: DatabaseTransaction) -> Result<(), Collapse> {
    tx.commit()
        .await
        .map_err(|error| match Verdict::of(&error) {
            Verdict::Retry => Collapse::Retry,
            // A deferred constraint: only COMMIT finds out, and cannot say whose it was.
            Verdict::Refused(_) => Collapse::Unit,
            _ => Collapse::Commit(fault_of(&error)),
        })
}

async fn roll_back(tx: DatabaseTransaction) {
    if let Err(error) = tx.rollback().await {
        tracing::debug!(error = %brief(&error), "rolling back");
    }
}

fn collapse(setback: Setback) -> Collapse {
    match setback {
        Setback::Undone | Setback::Panicked => Collapse::Unit,
        Setback::Db(error) => sort(&error),
    }
}

fn sort(error: &DbErr) -> Collapse {
    match Verdict::of(error) {
        Verdict::Refused(_) | Verdict::Bug => Collapse::Unit,
        Verdict::Retry => Collapse::Retry,
        Verdict::Fault(fault) => Collapse::Store(fault),
    }
}

fn fault_of(error: &DbErr) -> Fault {
    match Verdict::of(error) {
        Verdict::Fault(fault) => fault,
        Verdict::Retry => Fault::Busy,
        Verdict::Refused(_) | Verdict::Bug => {
            tracing::error!(error = %brief(error), "unexpected answer from the database");
            Fault::Io
        }
    }
}

/// After a failed COMMIT only some faults leave no doubt that nothing was kept.
fn commit_error(fault: Fault) -> WriteError {
    match fault {
        Fault::Busy | Fault::DiskFull | Fault::ReadOnly => WriteError::Unavailable(fault),
        _ => WriteError::OutcomeUnknown(fault),
    }
}
