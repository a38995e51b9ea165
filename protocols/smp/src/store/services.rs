//! Services: who they are, and how many queues are theirs.
//!
//! Whoever changes what is a service's own changes its count and hash in the same transaction,
//! by one statement that needs no reading. [`Drift`] compares them with what the queues say.

use relay_storage::{Failure, Store, Unit};
use sea_orm::{
    AccessMode, DatabaseTransaction, DbBackend, DbErr, IsolationLevel, QueryResult,
    TransactionTrait, Value,
};

use super::row::{damaged, exact, id};
use super::writes::{At, Stale, head_id};
use super::{bytes, execute, maybe, row, rows};
use crate::crypto::ids_digest;
use crate::queue::{EntityId, Side};
use crate::wire::{BLOCK, IdsDigest, ServiceRole, write};

/// Queues read at a time when they are counted.
const COUNTED: i64 = 2000;

/// A service as the database knows it.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) struct ServiceRow {
    pub(crate) id: EntityId,
    pub(crate) role: ServiceRole,
    pub(crate) created_at: i64,
    /// Of what is its own.
    pub(crate) digest: IdsDigest,
}

/// How many services there are, and how many queues are theirs.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct ServiceTotals {
    pub(crate) services: i64,
    pub(crate) queues: i64,
}

/// A service that comes for the first time; gives the row that is there then.
#[derive(Clone)]
pub(crate) struct Register {
    pub(crate) id: EntityId,
    pub(crate) role: ServiceRole,
    pub(crate) fingerprint: [u8; 32],
    pub(crate) chain: Vec<Vec<u8>>,
    pub(crate) now: i64,
}

impl Unit for Register {
    type Output = Option<ServiceRow>;

    async fn run(&self, tx: &DatabaseTransaction) -> Result<Self::Output, Failure<Self::Output>> {
        let sql = "INSERT INTO smp_services (service_id, role, fingerprint, chain, created_at, \
                   queue_count, hash_high, hash_low) VALUES ($1, $2, $3, $4, $5, 0, 0, 0) \
                   ON CONFLICT DO NOTHING";
        let values = [
            bytes(&self.id),
            role_code(self.role).into(),
            bytes(&self.fingerprint),
            chain_to_bytes(&self.chain).into(),
            self.now.into(),
        ];
        execute(tx, sql, values).await?;
        let sql = format!("SELECT {SERVICE} FROM smp_services WHERE fingerprint = $1");
        let found = row(tx, &sql, [bytes(&self.fingerprint)]).await?;
        Ok(found.as_ref().map(service).transpose()?)
    }

    fn weight(&self) -> usize {
        256 + self.chain.iter().map(Vec::len).sum::<usize>()
    }
}

/// What [`service`] reads.
pub(super) const SERVICE: &str = "service_id, role, created_at, queue_count, hash_high, hash_low";

pub(super) fn service(row: &QueryResult) -> Result<ServiceRow, DbErr> {
    Ok(ServiceRow {
        id: id(row, 0)?,
        role: role(row.try_get_by_index(1)?)?,
        created_at: row.try_get_by_index(2)?,
        digest: digest(row, 3)?,
    })
}

/// A count and the halves of a hash, in columns from `at` on.
fn digest(row: &QueryResult, at: usize) -> Result<IdsDigest, DbErr> {
    let halves: [i64; 2] = [row.try_get_by_index(at + 1)?, row.try_get_by_index(at + 2)?];
    Ok(IdsDigest {
        count: row.try_get_by_index(at)?,
        hash: exact(&halves.map(i64::to_be_bytes).concat())?,
    })
}

fn halves(hash: [u8; 16]) -> (i64, i64) {
    let whole = u128::from_be_bytes(hash);
    let half = |shift: u32| {
        let bytes = (whole >> shift).to_be_bytes();
        bytes
            .last_chunk()
            .map_or(0, |half| i64::from_be_bytes(*half))
    };
    (half(64), half(0))
}

/// What is a service's own, now.
pub(crate) async fn owned(
    tx: &DatabaseTransaction,
    id: &EntityId,
) -> Result<Option<IdsDigest>, DbErr> {
    let sql = "SELECT queue_count, hash_high, hash_low FROM smp_services WHERE service_id = $1";
    let found = row(tx, sql, [bytes(id)]).await?;
    found.as_ref().map(|row| digest(row, 0)).transpose()
}

/// A queue, or its notifier, becomes a service's own.
pub(crate) async fn join(
    tx: &DatabaseTransaction,
    service: &EntityId,
    id: &EntityId,
) -> Result<(), DbErr> {
    change(tx, service, ids_digest([&id[..]])).await
}

/// It is no longer that.
pub(crate) async fn leave(
    tx: &DatabaseTransaction,
    service: &EntityId,
    id: &EntityId,
) -> Result<(), DbErr> {
    let IdsDigest { count, hash } = ids_digest([&id[..]]);
    let count = -count;
    change(tx, service, IdsDigest { count, hash }).await
}

/// Adds to the count and to the hash. `(a | b) - (a & b)` is the exclusive or of both databases.
async fn change(tx: &DatabaseTransaction, service: &EntityId, by: IdsDigest) -> Result<(), DbErr> {
    let sql = "UPDATE smp_services SET queue_count = queue_count + $2, \
               hash_high = (hash_high | $3) - (hash_high & $3), \
               hash_low = (hash_low | $4) - (hash_low & $4) WHERE service_id = $1";
    let (high, low) = halves(by.hash);
    let values = [bytes(service), by.count.into(), high.into(), low.into()];
    execute(tx, sql, values).await.map(drop)
}

/// A queue with what belongs to whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Belonging {
    pub(crate) side: Side,
    /// The recipient's or the notifier's.
    pub(crate) id: EntityId,
    pub(crate) before: Option<EntityId>,
    pub(crate) after: Option<EntityId>,
}

/// Makes a queue a service's own, or nobody's; gives its first message.
pub(crate) async fn belong(
    tx: &DatabaseTransaction,
    at: At,
    belonging: &Belonging,
) -> Result<Result<Option<EntityId>, Stale>, DbErr> {
    let Belonging {
        side,
        id,
        before,
        after,
    } = belonging;
    let (row, revision) = (at.row.into(), at.revision.into());
    if before == after {
        let sql = "SELECT 1 FROM smp_queues WHERE id = $1 AND revision = $2";
        if super::row(tx, sql, [row, revision]).await?.is_none() {
            return Ok(Err(Stale));
        }
        return Ok(Ok(head_id(tx, at.row).await?));
    }
    let sql = match side {
        Side::Recipient => {
            "UPDATE smp_queues SET revision = revision + 1, recipient_service = $3 \
             WHERE id = $1 AND revision = $2"
        }
        Side::Notifier => {
            "UPDATE smp_queues SET revision = revision + 1, notifier_service = $3 \
             WHERE id = $1 AND revision = $2"
        }
    };
    let after_value = || maybe(after.as_ref().map(|id| &id[..]));
    if execute(tx, sql, [row, revision, after_value()]).await? == 0 {
        return Ok(Err(Stale));
    }
    if let Some(before) = before {
        leave(tx, before, id).await?;
    }
    if let Some(after) = after {
        join(tx, after, id).await?;
    }
    match side {
        Side::Recipient => Ok(Ok(head_id(tx, at.row).await?)),
        Side::Notifier => {
            let sql = "UPDATE smp_notifications SET service = $2 WHERE queue = $1";
            execute(tx, sql, [at.row.into(), after_value()]).await?;
            Ok(Ok(None))
        }
    }
}

/// By how much a service's count and hash are wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Drift {
    pub(crate) service: EntityId,
    /// To be added.
    pub(crate) missing: IdsDigest,
}

impl Drift {
    /// Counts what is a service's own and compares, in one view of the database.
    pub(crate) async fn of(store: &Store, known: &ServiceRow) -> Result<Option<Self>, DbErr> {
        let Some(side) = Side::of(known.role) else {
            return Ok(None);
        };
        let view = view(store).await?;
        let sql = "SELECT queue_count, hash_high, hash_low FROM smp_services \
                   WHERE service_id = $1";
        let Some(found) = row(&view, sql, [bytes(&known.id)]).await? else {
            return Ok(None);
        };
        let noted = digest(&found, 0)?;
        let counted = count(&view, side, &known.id).await?;
        view.rollback().await?;
        Ok((noted != counted).then(|| Self {
            service: known.id,
            missing: IdsDigest {
                count: counted.count - noted.count,
                hash: xor(counted.hash, noted.hash),
            },
        }))
    }
}

impl Unit for Drift {
    type Output = ();

    /// What happened since the counting is in the count already, so the difference still holds.
    async fn run(&self, tx: &DatabaseTransaction) -> Result<(), Failure<()>> {
        Ok(change(tx, &self.service, self.missing).await?)
    }
}

/// A transaction that sees one state of the database.
async fn view(store: &Store) -> Result<DatabaseTransaction, DbErr> {
    let db = store.read();
    match store.backend() {
        DbBackend::Postgres => {
            let isolation = Some(IsolationLevel::RepeatableRead);
            db.begin_with_config(isolation, Some(AccessMode::ReadOnly))
                .await
        }
        _ => db.begin().await,
    }
}

async fn count(
    view: &DatabaseTransaction,
    side: Side,
    service: &EntityId,
) -> Result<IdsDigest, DbErr> {
    let sql = match side {
        Side::Recipient => {
            "SELECT id, recipient_id FROM smp_queues WHERE recipient_service = $1 AND id > $2 \
             ORDER BY id LIMIT $3"
        }
        Side::Notifier => {
            "SELECT id, notifier_id FROM smp_queues WHERE notifier_service = $1 AND id > $2 \
             ORDER BY id LIMIT $3"
        }
    };
    let (mut counted, mut after) = (IdsDigest::default(), i64::MIN);
    loop {
        let values: [Value; 3] = [bytes(service), after.into(), COUNTED.into()];
        let found = rows(view, sql, values).await?;
        let Some(last) = found.last() else {
            return Ok(counted);
        };
        after = last.try_get_by_index(0)?;
        for row in &found {
            let id: Vec<u8> = row.try_get_by_index(1)?;
            let one = ids_digest([&id[..]]);
            counted.count += 1;
            counted.hash = xor(counted.hash, one.hash);
        }
    }
}

pub(crate) fn xor(a: [u8; 16], b: [u8; 16]) -> [u8; 16] {
    (u128::from_be_bytes(a) ^ u128::from_be_bytes(b)).to_be_bytes()
}

pub(super) fn role_code(role: ServiceRole) -> i16 {
    match role {
        ServiceRole::Messaging => 0,
        ServiceRole::Notifier => 1,
        ServiceRole::Proxy => 2,
    }
}

fn role(code: i16) -> Result<ServiceRole, DbErr> {
    Ok(match code {
        0 => ServiceRole::Messaging,
        1 => ServiceRole::Notifier,
        2 => ServiceRole::Proxy,
        _ => return Err(damaged()),
    })
}

/// As in the hello: how many, and each with its length.
fn chain_to_bytes(chain: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let written = write(&mut bytes, BLOCK, |out| {
        out.non_empty(chain, |out, der| out.large(der));
    });
    written.map(|()| bytes).unwrap_or_default()
}

impl std::fmt::Debug for ServiceRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ServiceRow({:?})", self.role)
    }
}

impl std::fmt::Debug for Register {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Register({:?})", self.role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_two_integers_and_an_exclusive_or_needs_no_xor() {
        let a: [u8; 16] = std::array::from_fn(|at| 0xf0 ^ u8::try_from(at * 17).unwrap());
        let b: [u8; 16] = std::array::from_fn(|at| 0x8f ^ u8::try_from(at * 13).unwrap());
        let ((a_high, a_low), (b_high, b_low)) = (halves(a), halves(b));
        let sql = |a: i64, b: i64| (a | b).checked_sub(a & b).unwrap();
        let both = [sql(a_high, b_high), sql(a_low, b_low)].map(i64::to_be_bytes);
        assert_eq!(both.concat(), xor(a, b));
        for (a, b) in [
            (i64::MIN, i64::MAX),
            (-1, i64::MIN),
            (i64::MAX, -1),
            (i64::MIN, i64::MIN),
        ] {
            assert_eq!(sql(a, b), a ^ b);
        }
    }
}
