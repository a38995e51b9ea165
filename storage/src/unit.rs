//! A unit of work: what one caller wants written, whole or not at all.
//!
//! Many units share one transaction (see [`crate::writer`]). A unit may be run more than
//! once before it is committed, always on a transaction in which its earlier attempts have
//! left nothing behind; so `run` must have no effect but through its transaction. What must
//! happen exactly once, in commit order, belongs into [`Unit::committed`].

use std::future::Future;

use sea_orm::{DatabaseTransaction, DbErr, QueryResult};

use crate::Script;

/// One caller's change. Implement it on a plain struct that holds the values to write.
///
/// ```
/// use relay_storage::{Failure, Unit};
/// use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};
///
/// struct Touch { room: i64 }
///
/// impl Unit for Touch {
///     type Output = u64;
///
///     async fn run(&self, tx: &DatabaseTransaction) -> Result<u64, Failure<u64>> {
///         let sql = format!("UPDATE rooms SET seqno = seqno + 1 WHERE id = {}", self.room);
///         Ok(tx.execute_unprepared(&sql).await?.rows_affected())
///     }
/// }
/// ```
pub trait Unit: Send + Sync + 'static {
    /// What the caller hears after the commit.
    type Output: Send + Sync + 'static;

    /// Does the work inside the shared transaction.
    fn run(
        &self,
        tx: &DatabaseTransaction,
    ) -> impl Future<Output = Result<Self::Output, Failure<Self::Output>>> + Send;

    /// The same work in statements that can be told in one go, if it is such; each row they
    /// return begins with `tag`. See [`Script`]. The writer chooses which way a unit goes.
    fn script(&self, tag: i64) -> Option<Script> {
        let _ = tag;
        None
    }

    /// What came of [`Unit::script`], by the rows with its tag. `None` if it changed nothing and
    /// has to be [`run`](Unit::run) to find out why.
    fn scripted(&self, rows: Vec<QueryResult>) -> Result<Option<Self::Output>, DbErr> {
        let _ = rows;
        Ok(None)
    }

    /// Called once after the commit, in commit order, before any caller is answered: the
    /// place to correct what memory holds of the database. Must be quick.
    fn committed(&self, output: &Self::Output) {
        let _ = output;
    }

    /// About how many bytes this unit adds, for the limits on batches and on the queue.
    fn weight(&self) -> usize {
        256
    }
}

/// Why a unit keeps nothing.
#[derive(Debug)]
pub enum Failure<T> {
    /// The unit decided against itself: undo what it wrote, and tell its caller this.
    Undo(T),
    /// The database said no.
    Db(DbErr),
}

impl<T> From<DbErr> for Failure<T> {
    fn from(error: DbErr) -> Self {
        Self::Db(error)
    }
}
