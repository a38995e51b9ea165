//! The two changes a relay lives from, as scripts for SQLite: a message stored, a message
//! acknowledged. They do what [`super::writes`] does, in one trip for many callers.

use relay_storage::{Bind, Script};
use sea_orm::{DbErr, QueryResult};

use super::row::{NOTIFYING, SILENT, stored};
use super::writes::{Acked, At, NewNotification, Removed};
use crate::engine::{Content, Stored};
use crate::queue::EntityId;

// What SQLite would make a table in memory for is avoided: RETURNING, and INSERT from a SELECT that
// reads what is inserted into.

/// The sums are those of [`super::writes::send`]. A queue that is not to be had is NULL, which is
/// no message's queue, and so ignored.
const SEND: &str = "INSERT OR IGNORE INTO smp_messages (queue, message_id, sent_at, kind, body) \
    VALUES ((SELECT id FROM smp_queues WHERE id = ? AND revision = ? AND \
    (SELECT coalesce(sum(CASE kind WHEN 2 THEN 5000000000 ELSE 1 END), 0) \
    FROM smp_messages WHERE queue = smp_queues.id) < ?), ?, ?, ?, ?);\
    SELECT ? WHERE changes() > 0;";

const SEND_AND_NOTIFY: &str = "INSERT OR IGNORE INTO smp_messages \
    (queue, message_id, sent_at, kind, body) \
    VALUES ((SELECT id FROM smp_queues WHERE id = ? AND revision = ? AND \
    (SELECT coalesce(sum(CASE kind WHEN 2 THEN 5000000000 ELSE 1 END), 0) \
    FROM smp_messages WHERE queue = smp_queues.id) < ?), ?, ?, ?, ?);\
    SELECT ? WHERE changes() > 0;\
    INSERT INTO smp_notifications (notifier_id, nonce, meta, created_at, queue) \
    SELECT ?, ?, ?, ?, queue FROM smp_messages WHERE queue = ? AND message_id = ?;";

/// Rows say what they are: what is removed is `0`, what comes next is `1`.
const ACK: &str = "SELECT ?, 0, kind FROM smp_messages WHERE id = \
    (SELECT min(id) FROM smp_messages WHERE queue = ?) AND message_id = ?;\
    DELETE FROM smp_messages WHERE id = \
    (SELECT min(id) FROM smp_messages WHERE queue = ?) AND message_id = ?;";

const ACK_AND_NEXT: &str = "SELECT ?, 0, kind FROM smp_messages WHERE id = \
    (SELECT min(id) FROM smp_messages WHERE queue = ?) AND message_id = ?;\
    DELETE FROM smp_messages WHERE id = \
    (SELECT min(id) FROM smp_messages WHERE queue = ?) AND message_id = ?;\
    SELECT ?, 1, message_id, sent_at, kind, body FROM smp_messages \
    WHERE queue = ? ORDER BY id LIMIT 1;";

/// Stores a message, and what is to be kept of its notification. It returns a row if it did.
pub(crate) fn send(
    tag: i64,
    at: At,
    message: &Stored,
    quota: u32,
    notification: Option<(&NewNotification, i64)>,
) -> Option<Script> {
    let Content::Sent {
        notification: wanted,
        body,
    } = &message.content
    else {
        return None;
    };
    let kind = if *wanted { NOTIFYING } else { SILENT };
    let mut values: Vec<Bind> = vec![
        at.row.into(),
        at.revision.into(),
        i64::from(quota).into(),
        message.id[..].into(),
        message.sent_at.into(),
        i64::from(kind).into(),
        body[..].into(),
        tag.into(),
    ];
    let Some((notification, now)) = notification else {
        return Some(Script { sql: SEND, values });
    };
    values.extend([
        notification.notifier_id[..].into(),
        notification.nonce[..].into(),
        notification.meta[..].into(),
        now.into(),
        at.row.into(),
        message.id[..].into(),
    ]);
    Some(Script {
        sql: SEND_AND_NOTIFY,
        values,
    })
}

/// Removes the first message of a queue, if it is this one.
pub(crate) fn ack(tag: i64, queue: i64, message_id: &EntityId, want_next: bool) -> Script {
    let mut values: Vec<Bind> = vec![
        tag.into(),
        queue.into(),
        message_id[..].into(),
        queue.into(),
        message_id[..].into(),
    ];
    if !want_next {
        return Script { sql: ACK, values };
    }
    values.extend([tag.into(), queue.into()]);
    Script {
        sql: ACK_AND_NEXT,
        values,
    }
}

/// What [`ack`] returned.
pub(crate) fn acked(rows: &[QueryResult]) -> Result<Acked, DbErr> {
    let mut acked = Acked {
        removed: None,
        next: None,
    };
    for row in rows {
        match row.try_get_by_index::<i64>(1)? {
            0 => {
                let kind: i16 = row.try_get_by_index(2)?;
                acked.removed = Some(Removed {
                    notification: kind == NOTIFYING,
                });
            }
            _ => acked.next = Some(stored(row, 2)?),
        }
    }
    Ok(acked)
}
