//! The rows of one person.
//!
//! On a blinding server somebody who is named by their `05` id may have two: that of their `15` id,
//! or of the `05` id until they come ([`super::pending`]), and that of their `25` id. What is set by
//! the `05` id is set in both. The second is made only where `25` ids are taken; where it is there
//! already, it is kept right even if they are not taken at the moment.

use relay_core::clock::UnixTime;
use sea_orm::{ConnectionTrait, DbErr};

use super::change::Tx;
use super::sql::{self, values};
use super::{Tables, UserId, pending, users};
use crate::crypto::SessionId;
use crate::domain::identity::{Named, Naming, resolve, twin};

/// Somebody who was named.
#[derive(Clone, Copy)]
pub(crate) struct Person {
    named: Named,
    twin: Option<SessionId>,
    make_twin: bool,
}

impl Tables {
    /// Works out who may be meant; which of them it is, the transaction finds.
    pub(crate) fn person(&self, id: SessionId) -> Person {
        let (naming, blinding) = (self.inner.naming, &self.inner.blinding);
        Person {
            named: resolve(id, naming, blinding, |_| false),
            twin: twin(id, naming, blinding),
            make_twin: naming == Naming::BlindedEither,
        }
    }
}

impl Person {
    /// What their rights are filed under while they wait, and their second id if it may be taken.
    pub(crate) const fn waits(&self) -> Option<(SessionId, Option<SessionId>)> {
        match self.named {
            Named::Pending { abs, .. } if self.make_twin => Some((abs, self.twin)),
            Named::Pending { abs, .. } => Some((abs, None)),
            Named::Row(_) => None,
        }
    }
}

/// Somebody's row, if there is one; of several the one that signed something last. Of the two `15`
/// ids of a `05` id only one ever signs: the other can be named, but nobody comes with it.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    person: &Person,
) -> Result<Option<UserId>, DbErr> {
    if let Named::Pending { abs, .. } = person.named
        && let Some(user) = seen(db, [abs, abs.neg(), person.twin.unwrap_or(abs)]).await?
    {
        return Ok(Some(user));
    }
    Ok(known(db, person).await?.first().copied())
}

/// All rows of somebody.
pub(crate) async fn known(
    db: &impl ConnectionTrait,
    person: &Person,
) -> Result<Vec<UserId>, DbErr> {
    let first = match person.named {
        Named::Row(id) => users::find(db, &id).await?,
        Named::Pending { row, abs } => match met(db, &abs).await? {
            Some(user) => Some(user),
            None => users::find(db, &row).await?,
        },
    };
    let mut rows = Vec::from_iter(first);
    if let Some(twin) = &person.twin {
        rows.extend(users::find(db, twin).await?);
    }
    Ok(rows)
}

/// All rows of somebody, made if there are none; if their owner has not come yet, what is set for
/// them will wait.
pub(crate) async fn rows_of(
    tx: &mut Tx<'_>,
    person: &Person,
    now: UnixTime,
) -> Result<Vec<UserId>, DbErr> {
    let first = match person.named {
        Named::Row(id) => users::row_of(tx, &id, now).await?,
        Named::Pending { row, abs } => match met(tx.db, &abs).await? {
            Some(user) => user,
            None => {
                let user = users::row_of(tx, &row, now).await?;
                pending::file(tx, user, &abs).await?;
                user
            }
        },
    };
    let mut rows = vec![first];
    match &person.twin {
        Some(twin) if person.make_twin => rows.push(users::row_of(tx, twin, now).await?),
        Some(twin) => rows.extend(users::find(tx.db, twin).await?),
        None => {}
    }
    Ok(rows)
}

/// The row under a `05` id where rights wait, or waited, for somebody.
pub(crate) async fn waiting_row(
    db: &impl ConnectionTrait,
    person: &Person,
) -> Result<Option<UserId>, DbErr> {
    match person.named {
        Named::Row(_) => Ok(None),
        Named::Pending { row, .. } => users::find(db, &row).await,
    }
}

async fn met(db: &impl ConnectionTrait, abs: &SessionId) -> Result<Option<UserId>, DbErr> {
    seen(db, [*abs, abs.neg(), *abs]).await
}

/// Whoever of these signed something last.
async fn seen(db: &impl ConnectionTrait, ids: [SessionId; 3]) -> Result<Option<UserId>, DbErr> {
    let [a, b, c] = ids.map(|id| id.to_string());
    let row = sql::one(
        db,
        "SELECT id FROM sogs_user WHERE session_id IN (?, ?, ?) AND last_active > 0 \
         ORDER BY last_active DESC LIMIT 1",
        values![a, b, c],
    );
    row.await?.map(|mut row| row.next().map(UserId)).transpose()
}
