//! Counters and the queues active in a period, as they outlive a restart.

use relay_storage::{Failure, ReadError, Store, Unit};
use sea_orm::{DatabaseTransaction, DbErr, QueryResult};

use super::{bytes, execute, rows};

/// One chunk of a period's active queues.
#[derive(Clone, Debug)]
pub(crate) struct Chunk {
    pub(crate) period: i16,
    pub(crate) number: i64,
    pub(crate) bits: Vec<u8>,
}

/// What has changed since the last flush.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flush {
    pub(crate) counters: Vec<(String, i64)>,
    /// Periods that began anew; done before `chunks`.
    pub(crate) cleared: Vec<i16>,
    pub(crate) chunks: Vec<Chunk>,
}

impl Unit for Flush {
    type Output = ();

    async fn run(&self, tx: &DatabaseTransaction) -> Result<(), Failure<()>> {
        for (name, value) in &self.counters {
            let sql = "INSERT INTO smp_counters (name, value) VALUES ($1, $2) \
                       ON CONFLICT (name) DO UPDATE SET value = excluded.value";
            execute(tx, sql, [name.as_str().into(), (*value).into()]).await?;
        }
        for period in &self.cleared {
            let sql = "DELETE FROM smp_active_queues WHERE period = $1";
            execute(tx, sql, [(*period).into()]).await?;
        }
        for chunk in &self.chunks {
            let sql = "INSERT INTO smp_active_queues (period, chunk, bits) VALUES ($1, $2, $3) \
                       ON CONFLICT (period, chunk) DO UPDATE SET bits = excluded.bits";
            let values = [chunk.period.into(), chunk.number.into(), bytes(&chunk.bits)];
            execute(tx, sql, values).await?;
        }
        Ok(())
    }

    fn weight(&self) -> usize {
        self.counters.len() * 64 + self.chunks.len() * 640 + 64
    }
}

/// All counters.
pub(crate) async fn counters(store: &Store) -> Result<Vec<(String, i64)>, ReadError> {
    let rows = rows(store.read(), "SELECT name, value FROM smp_counters", []).await?;
    Ok(rows.iter().map(counter).collect::<Result<_, _>>()?)
}

fn counter(row: &QueryResult) -> Result<(String, i64), DbErr> {
    Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))
}

/// All active queues of all periods.
pub(crate) async fn active(store: &Store) -> Result<Vec<Chunk>, ReadError> {
    let sql = "SELECT period, chunk, bits FROM smp_active_queues";
    let rows = rows(store.read(), sql, []).await?;
    Ok(rows.iter().map(chunk).collect::<Result<_, _>>()?)
}

fn chunk(row: &QueryResult) -> Result<Chunk, DbErr> {
    Ok(Chunk {
        period: row.try_get_by_index(0)?,
        number: row.try_get_by_index(1)?,
        bits: row.try_get_by_index(2)?,
    })
}
