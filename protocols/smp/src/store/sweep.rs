//! Small steps through big tables: what expires, and what was used today.

use relay_storage::{Failure, Unit};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult, Value};

use super::{LONGEST, execute, listed, rows};

/// How many queues one step looks at.
const STEP: i64 = 200;

/// One step of the expiry of messages: the queues after `after` that have any.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExpireMessages {
    pub(crate) after: i64,
    /// Unix seconds.
    pub(crate) before: i64,
}

/// What a step came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Swept {
    pub(crate) removed: u64,
    /// Where the next step begins; nothing if this was the last.
    pub(crate) next: Option<i64>,
}

impl Unit for ExpireMessages {
    type Output = Swept;

    async fn run(&self, tx: &DatabaseTransaction) -> Result<Swept, Failure<Swept>> {
        let queues = queues_with_messages(tx, self.after).await?;
        let mut removed = 0;
        for (queue, oldest) in &queues {
            if *oldest < self.before {
                removed += super::writes::expire(tx, *queue, self.before).await?;
            }
        }
        let next = queues.last().map(|(queue, _)| *queue);
        Ok(Swept { removed, next })
    }
}

/// Queues and the time of their oldest message.
async fn queues_with_messages(
    tx: &DatabaseTransaction,
    after: i64,
) -> Result<Vec<(i64, i64)>, DbErr> {
    let sql = "SELECT queue, min(sent_at) FROM smp_messages WHERE queue > $1 \
               GROUP BY queue ORDER BY queue LIMIT $2";
    let rows = rows(tx, sql, [after.into(), STEP.into()]).await?;
    rows.iter().map(pair).collect()
}

fn pair(row: &QueryResult) -> Result<(i64, i64), DbErr> {
    Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))
}

/// One step of the expiry of notifications; again until it removes nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExpireNotifications {
    /// Unix seconds.
    pub(crate) before: i64,
}

impl Unit for ExpireNotifications {
    type Output = u64;

    async fn run(&self, tx: &DatabaseTransaction) -> Result<u64, Failure<u64>> {
        // The oldest have the lowest ids.
        let sql = "DELETE FROM smp_notifications WHERE id IN (SELECT id FROM \
                   (SELECT id, created_at FROM smp_notifications ORDER BY id LIMIT $2) AS oldest \
                   WHERE created_at < $1)";
        Ok(execute(tx, sql, [self.before.into(), (STEP * 5).into()]).await?)
    }
}

/// Notifications that were handed to their notifiers.
#[derive(Clone, Debug)]
pub(crate) struct DropNotifications(pub(crate) Vec<i64>);

impl Unit for DropNotifications {
    type Output = ();

    async fn run(&self, tx: &DatabaseTransaction) -> Result<(), Failure<()>> {
        each_list(tx, "DELETE FROM smp_notifications WHERE id IN", &self.0).await
    }
}

/// Queues that were used on a day for the first time.
#[derive(Clone, Debug)]
pub(crate) struct MarkUsed {
    pub(crate) queues: Vec<i64>,
    pub(crate) day: i64,
}

impl Unit for MarkUsed {
    type Output = ();

    async fn run(&self, tx: &DatabaseTransaction) -> Result<(), Failure<()>> {
        let sql = format!("UPDATE smp_queues SET used_day = {} WHERE id IN", self.day);
        each_list(tx, &sql, &self.queues).await
    }
}

async fn each_list<C: ConnectionTrait>(tx: &C, sql: &str, rows: &[i64]) -> Result<(), Failure<()>> {
    for rows in rows.chunks(LONGEST) {
        let values = rows.iter().map(|row| Value::from(*row)).collect();
        let (sql, values) = listed(sql, values, "");
        execute(tx, &sql, values).await?;
    }
    Ok(())
}
