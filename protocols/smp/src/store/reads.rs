//! Reading through the pool, many queues at once.

use std::sync::Arc;

use relay_storage::{ReadError, Store};
use sea_orm::{DbErr, QueryResult, Value};

use super::row::{self, MESSAGE, RECORD, RECORD_WIDTH, exact, id};
use super::services::{SERVICE, ServiceRow, ServiceTotals, role_code, service};
use super::{LONGEST, bytes, listed, row as one, rows};
use crate::engine::Stored;
use crate::queue::{EntityId, Record};
use crate::wire::ServiceRole;

/// By which of its ids a queue is asked for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Role {
    Link,
    Notifier,
    Recipient,
    Sender,
}

impl Role {
    fn column(self) -> &'static str {
        match self {
            Self::Link => "link_id",
            Self::Notifier => "notifier_id",
            Self::Recipient => "recipient_id",
            Self::Sender => "sender_id",
        }
    }
}

/// A queue that was found, and the first message in it.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) record: Arc<Record>,
    pub(crate) head: Option<EntityId>,
}

/// The data of a link.
#[derive(Clone)]
pub(crate) struct LinkRow {
    pub(crate) fixed: Vec<u8>,
    pub(crate) user: Vec<u8>,
}

impl LinkRow {
    /// Its bytes.
    pub(crate) fn weight(&self) -> usize {
        self.fixed.len() + self.user.len()
    }
}

/// A notification that waits for its notifier.
#[derive(Clone)]
pub(crate) struct NotificationRow {
    pub(crate) id: i64,
    pub(crate) queue: i64,
    pub(crate) notifier_id: EntityId,
    pub(crate) nonce: [u8; 24],
    pub(crate) meta: Vec<u8>,
}

/// How many queues of a service are looked at together.
const SERVED: i64 = 1000;

/// How many notifications are read for one list of queues, at most.
pub(crate) const NOTIFICATIONS_READ: usize = 1000;

/// Reads from the store; tells it of its faults.
#[derive(Clone, Debug)]
pub(crate) struct Reads(Store);

impl Reads {
    pub(crate) fn new(store: Store) -> Self {
        Self(store)
    }

    /// The queues of these ids that exist, in no order.
    pub(crate) async fn find(&self, role: Role, ids: &[&[u8]]) -> Result<Vec<Found>, ReadError> {
        self.find_by(role.column(), ids.iter().map(|id| bytes(id)).collect())
            .await
    }

    /// The queues of these rows that exist, in no order.
    pub(crate) async fn find_rows(&self, rows: &[i64]) -> Result<Vec<Found>, ReadError> {
        let rows = rows.iter().map(|row| Value::from(*row)).collect();
        self.find_by("id", rows).await
    }

    async fn find_by(&self, column: &str, ids: Vec<Value>) -> Result<Vec<Found>, ReadError> {
        let before = format!(
            "SELECT {RECORD}, (SELECT message_id FROM smp_messages WHERE queue = q.id \
             ORDER BY id LIMIT 1) FROM smp_queues q WHERE q.{column} IN"
        );
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(LONGEST) {
            let (sql, values) = listed(&before, ids.to_vec(), "");
            let rows = self.noting(rows(self.0.read(), &sql, values).await)?;
            for row in &rows {
                found.push(self.noting(read_found(row))?);
            }
        }
        Ok(found)
    }

    /// The first message of each queue that has one, with its queue's row.
    pub(crate) async fn heads(&self, queues: &[i64]) -> Result<Vec<(i64, Stored)>, ReadError> {
        let before = format!(
            "SELECT queue, {MESSAGE} FROM smp_messages WHERE id IN \
             (SELECT min(id) FROM smp_messages WHERE queue IN"
        );
        let mut heads = Vec::with_capacity(queues.len());
        for queues in queues.chunks(LONGEST) {
            let values = queues.iter().map(|row| Value::from(*row)).collect();
            let (sql, values) = listed(&before, values, "GROUP BY queue)");
            let rows = self.noting(rows(self.0.read(), &sql, values).await)?;
            for row in &rows {
                heads.push(self.noting(read_head(row))?);
            }
        }
        Ok(heads)
    }

    /// How many messages wait in a queue.
    pub(crate) async fn size(&self, queue: i64) -> Result<u64, ReadError> {
        let sql = "SELECT count(*) FROM smp_messages WHERE queue = $1";
        self.number(sql, [queue.into()]).await
    }

    /// All queues there are, and how many of them have notifiers: looks at every row.
    pub(crate) async fn count_queues(&self) -> Result<(u64, u64), ReadError> {
        let queues = self.number("SELECT count(*) FROM smp_queues", []).await?;
        let notified = "SELECT count(*) FROM smp_queues WHERE notifier_id IS NOT NULL";
        Ok((queues, self.number(notified, []).await?))
    }

    /// All messages and notifications there are: looks at every one.
    pub(crate) async fn count_waiting(&self) -> Result<(u64, u64), ReadError> {
        let messages = self.number("SELECT count(*) FROM smp_messages", []).await?;
        let waiting = "SELECT count(*) FROM smp_notifications";
        Ok((messages, self.number(waiting, []).await?))
    }

    /// The data of a queue's link.
    pub(crate) async fn link(&self, queue: i64) -> Result<Option<LinkRow>, ReadError> {
        let sql = "SELECT fixed_data, user_data FROM smp_links WHERE queue = $1";
        let row = self.noting(one(self.0.read(), sql, [queue.into()]).await)?;
        self.noting(row.as_ref().map(read_link).transpose())
    }

    /// Notifications waiting at these queues, oldest first.
    pub(crate) async fn notifications(
        &self,
        queues: &[i64],
    ) -> Result<Vec<NotificationRow>, ReadError> {
        let before = "SELECT id, queue, notifier_id, nonce, meta FROM smp_notifications WHERE \
                      queue IN";
        let mut waiting = Vec::new();
        for queues in queues.chunks(LONGEST) {
            let values = queues.iter().map(|row| Value::from(*row)).collect();
            let (sql, values) = listed(before, values, "ORDER BY id LIMIT 1000");
            let rows = self.noting(rows(self.0.read(), &sql, values).await)?;
            for row in &rows {
                waiting.push(self.noting(read_notification(row))?);
            }
        }
        Ok(waiting)
    }

    /// What waits for a service, oldest first: as much as is read at once.
    pub(crate) async fn service_notifications(
        &self,
        service: &EntityId,
    ) -> Result<Vec<NotificationRow>, ReadError> {
        let sql = "SELECT id, queue, notifier_id, nonce, meta FROM smp_notifications \
                   WHERE service = $1 ORDER BY id LIMIT 1000";
        let rows = self.noting(rows(self.0.read(), sql, [bytes(service)]).await)?;
        let read = rows.iter().map(read_notification).collect();
        self.noting(read)
    }

    /// The next queues of a service after a row, and whether any message waits in each.
    pub(crate) async fn service_queues(
        &self,
        service: &EntityId,
        after: i64,
    ) -> Result<Vec<(i64, bool)>, ReadError> {
        let sql = "SELECT q.id, (SELECT min(m.id) FROM smp_messages m WHERE m.queue = q.id) \
                   FROM smp_queues q WHERE q.recipient_service = $1 AND q.id > $2 \
                   ORDER BY q.id LIMIT $3";
        let values = [bytes(service), after.into(), SERVED.into()];
        let rows = self.noting(rows(self.0.read(), sql, values).await)?;
        let read = rows.iter().map(read_served).collect();
        self.noting(read)
    }

    /// The service with this identity.
    pub(crate) async fn service_by(
        &self,
        fingerprint: &[u8; 32],
    ) -> Result<Option<ServiceRow>, ReadError> {
        let sql = format!("SELECT {SERVICE} FROM smp_services WHERE fingerprint = $1");
        let row = self.noting(one(self.0.read(), &sql, [bytes(fingerprint)]).await)?;
        self.noting(row.as_ref().map(service).transpose())
    }

    /// The next services after an id, some at a time.
    pub(crate) async fn services(&self, after: &[u8]) -> Result<Vec<ServiceRow>, ReadError> {
        let sql = format!(
            "SELECT {SERVICE} FROM smp_services WHERE service_id > $1 \
             ORDER BY service_id LIMIT 1000"
        );
        let rows = self.noting(rows(self.0.read(), &sql, [bytes(after)]).await)?;
        let read = rows.iter().map(service).collect();
        self.noting(read)
    }

    /// How many services of a role there are, and how many queues are theirs.
    pub(crate) async fn count_services(
        &self,
        role: ServiceRole,
    ) -> Result<ServiceTotals, ReadError> {
        let sql = "SELECT count(*), CAST(coalesce(sum(queue_count), 0) AS BIGINT) \
                   FROM smp_services WHERE role = $1";
        let row = self.noting(one(self.0.read(), sql, [role_code(role).into()]).await)?;
        let totals = row.as_ref().map(read_totals).transpose();
        Ok(self.noting(totals)?.unwrap_or_default())
    }

    async fn number<const N: usize>(
        &self,
        sql: &str,
        values: [Value; N],
    ) -> Result<u64, ReadError> {
        let row = self.noting(one(self.0.read(), sql, values).await)?;
        let number = row.map(|row| row.try_get_by_index::<i64>(0)).transpose();
        Ok(u64::try_from(self.noting(number)?.unwrap_or(0)).unwrap_or(0))
    }

    pub(crate) fn noting<T>(&self, outcome: Result<T, DbErr>) -> Result<T, ReadError> {
        outcome.map_err(|error| {
            let error = ReadError::from(error);
            if let ReadError::Unavailable(fault) = &error {
                self.0.note_fault(*fault);
            }
            error
        })
    }
}

impl std::fmt::Debug for LinkRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LinkRow({} bytes)", self.weight())
    }
}

fn read_found(row: &QueryResult) -> Result<Found, DbErr> {
    let head: Option<Vec<u8>> = row.try_get_by_index(RECORD_WIDTH)?;
    Ok(Found {
        record: Arc::new(row::record(row)?),
        head: head.as_deref().map(exact).transpose()?,
    })
}

fn read_head(row: &QueryResult) -> Result<(i64, Stored), DbErr> {
    Ok((row.try_get_by_index(0)?, row::stored(row, 1)?))
}

fn read_served(row: &QueryResult) -> Result<(i64, bool), DbErr> {
    let first: Option<i64> = row.try_get_by_index(1)?;
    Ok((row.try_get_by_index(0)?, first.is_some()))
}

fn read_totals(row: &QueryResult) -> Result<ServiceTotals, DbErr> {
    Ok(ServiceTotals {
        services: row.try_get_by_index(0)?,
        queues: row.try_get_by_index(1)?,
    })
}

pub(super) fn read_link(row: &QueryResult) -> Result<LinkRow, DbErr> {
    Ok(LinkRow {
        fixed: row.try_get_by_index(0)?,
        user: row.try_get_by_index(1)?,
    })
}

fn read_notification(row: &QueryResult) -> Result<NotificationRow, DbErr> {
    Ok(NotificationRow {
        id: row.try_get_by_index(0)?,
        queue: row.try_get_by_index(1)?,
        notifier_id: id(row, 2)?,
        nonce: id(row, 3)?,
        meta: row.try_get_by_index(4)?,
    })
}
