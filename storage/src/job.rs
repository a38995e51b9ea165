//! A unit of work in the writer's queue: its type forgotten, its caller waiting.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sea_orm::{DatabaseTransaction, DbErr, QueryResult};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::error::brief;
use crate::{Failure, Script, Unit, WriteError};

/// Why a unit could not stay in the transaction it ran in.
#[derive(Debug)]
pub(crate) enum Setback {
    /// The database refused a statement.
    Db(DbErr),
    /// Its code panicked.
    Panicked,
    /// It wants its writes undone, and has its answer ready.
    Undone,
}

/// What a unit makes of the rows its script returned.
#[derive(Debug)]
pub(crate) enum Scripted {
    /// It has its answer.
    Answered,
    /// It changed nothing, and has to be run.
    Open,
    /// It does not understand them: a bug of its own.
    Failed(WriteError),
}

/// What the writer can do with any unit.
pub(crate) trait Job: Send + Sync {
    fn weight(&self) -> usize;
    /// Whether nobody waits for the answer any more.
    fn abandoned(&self) -> bool;
    fn run<'a>(&'a mut self, tx: &'a DatabaseTransaction) -> BoxFuture<'a, Result<(), Setback>>;
    /// Its work as text, if it is such.
    fn script(&self, tag: i64) -> Option<Script>;
    /// The script was run and committed: these are its rows.
    fn scripted(&mut self, rows: Vec<QueryResult>) -> Scripted;
    /// The commit has happened: tell what must know in commit order.
    fn committed(&self);
    /// Tells the caller. With `Ok`, what the last run produced.
    fn answer(self: Box<Self>, outcome: Result<(), WriteError>);
}

/// A unit, its place in the queue, and who waits for it.
pub(crate) struct Waiting<U: Unit> {
    unit: U,
    produced: Option<U::Output>,
    undone: bool,
    reply: oneshot::Sender<Result<U::Output, WriteError>>,
    _place: OwnedSemaphorePermit,
}

impl<U: Unit> Waiting<U> {
    pub(crate) fn new(
        unit: U,
        reply: oneshot::Sender<Result<U::Output, WriteError>>,
        place: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            unit,
            produced: None,
            undone: false,
            reply,
            _place: place,
        }
    }

    async fn attempt(&mut self, tx: &DatabaseTransaction) -> Result<(), Setback> {
        (self.produced, self.undone) = (None, false);
        match AssertUnwindSafe(self.unit.run(tx)).catch_unwind().await {
            Ok(Ok(output)) => {
                self.produced = Some(output);
                Ok(())
            }
            Ok(Err(Failure::Undo(output))) => {
                (self.produced, self.undone) = (Some(output), true);
                Err(Setback::Undone)
            }
            Ok(Err(Failure::Db(error))) => Err(Setback::Db(error)),
            Err(_) => Err(Setback::Panicked),
        }
    }
}

impl<U: Unit> Job for Waiting<U> {
    fn weight(&self) -> usize {
        self.unit.weight()
    }

    fn abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn run<'a>(&'a mut self, tx: &'a DatabaseTransaction) -> BoxFuture<'a, Result<(), Setback>> {
        self.attempt(tx).boxed()
    }

    fn script(&self, tag: i64) -> Option<Script> {
        // Who panics here panics again when it is run, where that is looked after.
        std::panic::catch_unwind(AssertUnwindSafe(|| self.unit.script(tag))).unwrap_or(None)
    }

    fn scripted(&mut self, rows: Vec<QueryResult>) -> Scripted {
        let understood = AssertUnwindSafe(|| self.unit.scripted(rows));
        match std::panic::catch_unwind(understood) {
            Ok(Ok(Some(output))) => {
                (self.produced, self.undone) = (Some(output), false);
                Scripted::Answered
            }
            Ok(Ok(None)) => Scripted::Open,
            Ok(Err(error)) => Scripted::Failed(WriteError::Failed(brief(&error))),
            Err(_) => Scripted::Failed(WriteError::Panicked),
        }
    }

    fn committed(&self) {
        let Some(output) = self.produced.as_ref().filter(|_| !self.undone) else {
            return;
        };
        let hook = AssertUnwindSafe(|| self.unit.committed(output));
        if std::panic::catch_unwind(hook).is_err() {
            tracing::error!("a commit hook panicked; what it keeps in memory may be stale");
        }
    }

    fn answer(self: Box<Self>, outcome: Result<(), WriteError>) {
        let Self {
            produced, reply, ..
        } = *self;
        // A caller that went away loses nothing: it was never told.
        let _ = reply.send(outcome.and_then(|()| produced.ok_or(WriteError::Closed)));
    }
}
