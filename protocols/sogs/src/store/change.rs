//! Changes: what one caller wants written, whole or not at all.
//!
//! A change looks at the rows its permission depends on in the transaction that writes it, so that
//! of a ban and a post the one that is committed first decides about the other. One that is refused
//! has left nothing behind but its caller's nonce.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use relay_core::clock::UnixTime;
use relay_storage::{Failure, Unit};
use sea_orm::{DatabaseTransaction, DbErr, TryGetable, Value};

use super::cache::Cache;
use super::sql::{self, Columns, values};
use super::touch::Touch;
use super::{StoreError, Tables, UserId};
use crate::private::private_debug;
use crate::wire::Refusal;
use crate::wire::refusal::AuthError;

/// Who changes something, and by which request.
#[derive(Clone)]
pub struct Actor {
    /// Who.
    pub user: UserId,
    ticket: Option<Arc<Ticket>>,
}

/// The right of one signed request to change something: its nonce, which counts once.
///
/// The nonce is written together with the first change of the request, and the other changes of
/// the request are let through. They must follow one after the other.
pub struct Ticket {
    nonce: [u8; 16],
    expiry: UnixTime,
    spent: AtomicBool,
}

impl Actor {
    /// Somebody whose request was signed. The nonce is refused until `expiry`.
    pub fn signed(user: UserId, nonce: [u8; 16], expiry: UnixTime) -> Self {
        let ticket = Ticket {
            nonce,
            expiry,
            spent: AtomicBool::new(false),
        };
        Self {
            user,
            ticket: Some(Arc::new(ticket)),
        }
    }

    /// Somebody whose request cannot be replayed, or may be.
    pub const fn trusted(user: UserId) -> Self {
        Self { user, ticket: None }
    }

    /// The server itself, for its operator: it may do everything.
    pub const fn system() -> Self {
        Self::trusted(UserId::SYSTEM)
    }
}

private_debug!(Actor, Ticket);

/// Why a change keeps nothing.
pub(crate) enum Halt {
    Refused(Refusal),
    Db(DbErr),
}

impl From<DbErr> for Halt {
    fn from(error: DbErr) -> Self {
        Self::Db(error)
    }
}

impl From<Refusal> for Halt {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// A change, on a plain struct that holds what to write. It may be run more than once before it
/// is committed.
pub(crate) trait Change: Send + Sync + 'static {
    /// What the caller hears after the commit.
    type Done: Send + Sync + 'static;

    fn apply(&self, tx: &mut Tx<'_>) -> impl Future<Output = Result<Self::Done, Halt>> + Send;

    /// About how many bytes it writes.
    fn weight(&self) -> usize {
        256
    }
}

/// The transaction of a change. It notes what memory holds of what was changed.
pub(crate) struct Tx<'a> {
    pub(crate) db: &'a DatabaseTransaction,
    touched: Vec<Touch>,
    wrote: bool,
}

impl Tx<'_> {
    pub(crate) async fn one(
        &self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Option<Columns>, DbErr> {
        sql::one(self.db, sql, values).await
    }

    pub(crate) async fn all(&self, sql: &str, values: Vec<Value>) -> Result<Vec<Columns>, DbErr> {
        sql::all(self.db, sql, values).await
    }

    pub(crate) async fn scalar<T: TryGetable + Default>(
        &self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<T, DbErr> {
        sql::scalar(self.db, sql, values).await
    }

    /// Writes; gives how many rows.
    pub(crate) async fn execute(&mut self, sql: &str, values: Vec<Value>) -> Result<u64, DbErr> {
        self.wrote = true;
        sql::execute(self.db, sql, values).await
    }

    /// Writes one row and reads something of it.
    pub(crate) async fn returning(
        &mut self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Option<Columns>, DbErr> {
        self.wrote = true;
        sql::one(self.db, sql, values).await
    }

    /// After the commit, memory must know.
    pub(crate) fn touch(&mut self, touch: Touch) {
        self.touched.push(touch);
    }
}

/// A change as a unit of work.
struct Written<C> {
    change: C,
    actor: Actor,
    cache: Arc<Cache>,
}

/// What a change came to.
struct Outcome<T> {
    answer: Result<T, Refusal>,
    touched: Vec<Touch>,
    /// Whether the nonce was written.
    ticket: bool,
}

impl<C: Change> Written<C> {
    /// Writes the nonce, unless an earlier change of the request has; `None` if another request
    /// has.
    async fn redeem(&self, tx: &DatabaseTransaction) -> Result<Option<bool>, DbErr> {
        let Some(ticket) = self.actor.ticket.as_deref() else {
            return Ok(Some(false));
        };
        if ticket.spent.load(Ordering::Acquire) {
            return Ok(Some(false));
        }
        let fresh = sql::execute(
            tx,
            "INSERT INTO sogs_nonce (user_id, nonce, expiry) VALUES (?, ?, ?) \
             ON CONFLICT DO NOTHING",
            values![
                self.actor.user,
                ticket.nonce.to_vec(),
                ticket.expiry.millis()
            ],
        );
        Ok((fresh.await? > 0).then_some(true))
    }
}

impl<C: Change> Unit for Written<C> {
    type Output = Outcome<C::Done>;

    async fn run(&self, db: &DatabaseTransaction) -> Result<Self::Output, Failure<Self::Output>> {
        let refused = |refusal, ticket| Outcome {
            answer: Err(refusal),
            touched: Vec::new(),
            ticket,
        };
        let Some(ticket) = self.redeem(db).await? else {
            return Ok(refused(Refusal::Auth(AuthError::NonceReused), false));
        };
        let mut tx = Tx {
            db,
            touched: Vec::new(),
            wrote: false,
        };
        match self.change.apply(&mut tx).await {
            Ok(done) => Ok(Outcome {
                answer: Ok(done),
                touched: tx.touched,
                ticket,
            }),
            Err(Halt::Refused(refusal)) if tx.wrote => Err(Failure::Undo(refused(refusal, false))),
            Err(Halt::Refused(refusal)) => Ok(refused(refusal, ticket)),
            Err(Halt::Db(error)) => Err(error.into()),
        }
    }

    fn committed(&self, output: &Self::Output) {
        if output.ticket
            && let Some(ticket) = &self.actor.ticket
        {
            ticket.spent.store(true, Ordering::Release);
        }
        for touch in &output.touched {
            self.cache.touched(touch);
        }
    }

    fn weight(&self) -> usize {
        self.change.weight()
    }
}

/// Changes that are made together: all of them, or none.
pub(crate) struct All<C>(pub(crate) Vec<C>);

impl<C: Change> Change for All<C> {
    type Done = Vec<C::Done>;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<Self::Done, Halt> {
        let mut done = Vec::with_capacity(self.0.len());
        for change in &self.0 {
            done.push(change.apply(tx).await?);
        }
        Ok(done)
    }

    fn weight(&self) -> usize {
        self.0.iter().map(Change::weight).sum()
    }
}

/// A change of nothing: only its nonce is written.
struct Nothing;

impl Change for Nothing {
    type Done = ();

    async fn apply(&self, _: &mut Tx<'_>) -> Result<(), Halt> {
        Ok(())
    }
}

impl Tables {
    /// Writes the nonce of a request whose work begins outside the database.
    pub async fn redeem(&self, actor: &Actor) -> Result<(), StoreError> {
        self.change(actor, Nothing).await
    }

    pub(crate) async fn change<C: Change>(
        &self,
        actor: &Actor,
        change: C,
    ) -> Result<C::Done, StoreError> {
        let written = Written {
            change,
            actor: actor.clone(),
            cache: Arc::clone(&self.inner.cache),
        };
        let outcome = self.inner.store.write(written).await?;
        Ok(outcome.answer?)
    }
}
