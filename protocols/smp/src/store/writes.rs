//! What units of work write: one function per change, each deciding by what it finds inside the
//! transaction.
//!
//! A caller has verified a command against some revision of a queue. Every change here takes
//! place only if that revision still holds; if not it changes nothing and says [`Stale`], and the
//! caller verifies again.

use sea_orm::{DatabaseTransaction, DbErr};
use zeroize::Zeroizing;

use super::row::{
    ACTIVE, BLOCKED, MESSAGE, NOTIFYING, OFF, QUOTA, SILENT, blocked_text, id, key_to_bytes,
    keys_to_bytes, mode_code, stored,
};
use super::{LinkRow, bytes, execute, maybe, row};
use crate::engine::{Content, Stored};
use crate::queue::EntityId;
use crate::wire::{AuthKey, BlockingInfo, QueueMode};

/// A queue, at the revision a command was verified against.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct At {
    pub(crate) row: i64,
    pub(crate) revision: i64,
}

/// What was verified does not hold any more: the queue was changed or is gone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Stale;

/// A change that may have come too late.
type Changed<T = ()> = Result<Result<T, Stale>, DbErr>;

/// A queue to be created.
pub(crate) struct NewQueue {
    pub(crate) recipient_id: EntityId,
    pub(crate) sender_id: EntityId,
    pub(crate) recipient_key: AuthKey,
    pub(crate) body_secret: Zeroizing<[u8; 32]>,
    pub(crate) mode: Option<QueueMode>,
    pub(crate) link: Option<NewLinkRow>,
    pub(crate) notifier: Option<NewNotifierRow>,
    /// The service that gets its messages.
    pub(crate) service: Option<EntityId>,
    pub(crate) day: i64,
}

/// A link to be made.
pub(crate) struct NewLinkRow {
    pub(crate) id: Vec<u8>,
    pub(crate) data: LinkRow,
}

/// A notifier to be set.
pub(crate) struct NewNotifierRow {
    pub(crate) id: EntityId,
    pub(crate) key: AuthKey,
    pub(crate) secret: Zeroizing<[u8; 32]>,
}

/// A notification to be kept until its notifier takes it.
pub(crate) struct NewNotification {
    pub(crate) notifier_id: EntityId,
    /// The notifier's.
    pub(crate) service: Option<EntityId>,
    pub(crate) nonce: [u8; 24],
    pub(crate) meta: Vec<u8>,
}

/// What became of a message.
#[derive(Clone, Debug)]
pub(crate) enum Sent {
    /// It is in the queue.
    Stored,
    /// The queue is full, and just now got its marker.
    FilledUp(Stored),
    /// The queue is full.
    Full,
}

/// What became of an acknowledged message, and what comes next.
#[derive(Clone, Debug)]
pub(crate) struct Acked {
    pub(crate) removed: Option<Removed>,
    pub(crate) next: Option<Stored>,
}

/// A message that was acknowledged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Removed {
    /// Whether a notification was wanted.
    pub(crate) notification: bool,
}

/// What a deleted queue took with it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Deleted {
    pub(crate) messages: u64,
    pub(crate) notifications: u64,
}

/// What became of a link.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Linked {
    /// It is set.
    Set,
    /// The id is another queue's, or the fixed data differ.
    Refused,
}

/// Creates a queue; gives its row, or nothing if one of its ids is taken.
pub(crate) async fn create(tx: &DatabaseTransaction, new: &NewQueue) -> Result<Option<i64>, DbErr> {
    let sql = "INSERT INTO smp_queues (revision, recipient_id, sender_id, recipient_keys, \
               body_secret, mode, status, link_id, notifier_id, notifier_key, notifier_secret, \
               recipient_service, used_day) \
               VALUES (0, $1, $2, $3, $4, $5, 0, $6, $7, $8, $9, $10, $11) \
               ON CONFLICT DO NOTHING RETURNING id";
    let notifier = new.notifier.as_ref();
    let values = [
        bytes(&new.recipient_id),
        bytes(&new.sender_id),
        keys_to_bytes(&[new.recipient_key]).into(),
        bytes(&*new.body_secret),
        mode_code(new.mode).into(),
        maybe(new.link.as_ref().map(|link| &*link.id)),
        maybe(notifier.map(|notifier| &notifier.id[..])),
        maybe(
            notifier
                .map(|notifier| key_to_bytes(&notifier.key))
                .as_deref(),
        ),
        maybe(notifier.map(|notifier| &notifier.secret[..])),
        maybe(new.service.as_ref().map(|id| &id[..])),
        new.day.into(),
    ];
    let Some(made) = row(tx, sql, values).await? else {
        return Ok(None);
    };
    let queue: i64 = made.try_get_by_index(0)?;
    if let Some(link) = &new.link {
        insert_link(tx, queue, &link.data).await?;
    }
    if let Some(service) = &new.service {
        super::services::join(tx, service, &new.recipient_id).await?;
    }
    Ok(Some(queue))
}

async fn insert_link(tx: &DatabaseTransaction, queue: i64, data: &LinkRow) -> Result<u64, DbErr> {
    let sql = "INSERT INTO smp_links (queue, fixed_data, user_data) VALUES ($1, $2, $3)";
    let values = [queue.into(), bytes(&data.fixed), bytes(&data.user)];
    execute(tx, sql, values).await
}

/// Stores a message, or the marker that there is no place for it.
pub(crate) async fn send(
    tx: &DatabaseTransaction,
    at: At,
    message: &Stored,
    quota: u32,
) -> Changed<Sent> {
    // A marker counts as more than any quota.
    let sql = "INSERT INTO smp_messages (queue, message_id, sent_at, kind, body) \
               SELECT id, $3, $4, $5, $6 FROM smp_queues WHERE id = $1 AND revision = $2 AND \
               (SELECT coalesce(sum(CASE kind WHEN 2 THEN 5000000000 ELSE 1 END), 0) \
                FROM smp_messages WHERE queue = $1) < $7";
    let (kind, body) = match &message.content {
        Content::Sent { notification, body } => {
            let kind = if *notification { NOTIFYING } else { SILENT };
            (kind, body.as_slice())
        }
        Content::Quota => (QUOTA, &[][..]),
    };
    let values = [
        at.row.into(),
        at.revision.into(),
        bytes(&message.id),
        message.sent_at.into(),
        kind.into(),
        bytes(body),
        i64::from(quota).into(),
    ];
    if execute(tx, sql, values).await? == 1 {
        return Ok(Ok(Sent::Stored));
    }
    not_sent(tx, at, message).await
}

async fn not_sent(tx: &DatabaseTransaction, at: At, message: &Stored) -> Changed<Sent> {
    let sql = "SELECT (SELECT count(*) FROM smp_messages WHERE queue = $1 AND kind = 2) \
               FROM smp_queues WHERE id = $1 AND revision = $2";
    let Some(row) = row(tx, sql, [at.row.into(), at.revision.into()]).await? else {
        return Ok(Err(Stale));
    };
    if row.try_get_by_index::<i64>(0)? > 0 {
        return Ok(Ok(Sent::Full));
    }
    let sql = "INSERT INTO smp_messages (queue, message_id, sent_at, kind, body) \
               VALUES ($1, $2, $3, 2, $4)";
    let values = [
        at.row.into(),
        bytes(&message.id),
        message.sent_at.into(),
        bytes(&[]),
    ];
    execute(tx, sql, values).await?;
    Ok(Ok(Sent::FilledUp(Stored {
        content: Content::Quota,
        ..message.clone()
    })))
}

/// Keeps a notification.
pub(crate) async fn notify(
    tx: &DatabaseTransaction,
    queue: i64,
    notification: &NewNotification,
    now: i64,
) -> Result<(), DbErr> {
    let sql = "INSERT INTO smp_notifications (queue, notifier_id, nonce, meta, created_at, \
               service) VALUES ($1, $2, $3, $4, $5, $6)";
    let values = [
        queue.into(),
        bytes(&notification.notifier_id),
        bytes(&notification.nonce),
        bytes(&notification.meta),
        now.into(),
        maybe(notification.service.as_ref().map(|id| &id[..])),
    ];
    execute(tx, sql, values).await.map(drop)
}

/// Removes the first messages of a queue as far as they are older than `before`; a marker stays,
/// and what is behind it.
pub(crate) async fn expire(
    tx: &DatabaseTransaction,
    queue: i64,
    before: i64,
) -> Result<u64, DbErr> {
    let sql = "DELETE FROM smp_messages WHERE queue = $1 AND id < coalesce(\
               (SELECT min(id) FROM smp_messages WHERE queue = $1 AND \
               (sent_at >= $2 OR kind = 2)), 9223372036854775807)";
    execute(tx, sql, [queue.into(), before.into()]).await
}

/// Removes the first message, if it is this one; `None` removes nothing.
pub(crate) async fn ack(
    tx: &DatabaseTransaction,
    queue: i64,
    message_id: Option<&EntityId>,
    want_next: bool,
) -> Result<Acked, DbErr> {
    let removed = match message_id {
        Some(id) => remove(tx, queue, id).await?,
        None => None,
    };
    // Usually there was one message, and then nothing more is asked.
    let next = match &removed {
        Some((_, None)) => None,
        _ if want_next => head(tx, queue).await?,
        _ => None,
    };
    let removed = removed.map(|(removed, _)| removed);
    Ok(Acked { removed, next })
}

/// Removes the first message of a queue, if it is this one; says which row follows.
async fn remove(
    tx: &DatabaseTransaction,
    queue: i64,
    message_id: &EntityId,
) -> Result<Option<(Removed, Option<i64>)>, DbErr> {
    let sql = "DELETE FROM smp_messages WHERE id = \
               (SELECT min(id) FROM smp_messages WHERE queue = $1) AND message_id = $2 \
               RETURNING kind, (SELECT min(next.id) FROM smp_messages next \
               WHERE next.queue = $1 AND next.id > smp_messages.id)";
    let Some(row) = row(tx, sql, [queue.into(), bytes(message_id)]).await? else {
        return Ok(None);
    };
    let removed = Removed {
        notification: row.try_get_by_index::<i16>(0)? == NOTIFYING,
    };
    Ok(Some((removed, row.try_get_by_index(1)?)))
}

async fn head(tx: &DatabaseTransaction, queue: i64) -> Result<Option<Stored>, DbErr> {
    let sql = format!("SELECT {MESSAGE} FROM smp_messages WHERE queue = $1 ORDER BY id LIMIT 1");
    let row = row(tx, &sql, [queue.into()]).await?;
    row.map(|row| stored(&row, 0)).transpose()
}

/// The id of the first message of a queue.
pub(crate) async fn head_id(
    tx: &DatabaseTransaction,
    queue: i64,
) -> Result<Option<EntityId>, DbErr> {
    let sql = "SELECT message_id FROM smp_messages WHERE queue = $1 ORDER BY id LIMIT 1";
    let row = row(tx, sql, [queue.into()]).await?;
    row.map(|row| id(&row, 0)).transpose()
}

/// Sets the sender's key.
pub(crate) async fn secure(tx: &DatabaseTransaction, at: At, key: &AuthKey) -> Changed {
    let sql = "UPDATE smp_queues SET revision = revision + 1, sender_key = $3 \
               WHERE id = $1 AND revision = $2";
    let values = [at.row.into(), at.revision.into(), key_to_bytes(key).into()];
    Ok(changed(execute(tx, sql, values).await?))
}

/// Replaces the recipients' keys.
pub(crate) async fn set_recipients(tx: &DatabaseTransaction, at: At, keys: &[AuthKey]) -> Changed {
    let sql = "UPDATE smp_queues SET revision = revision + 1, recipient_keys = $3 \
               WHERE id = $1 AND revision = $2";
    let values = [
        at.row.into(),
        at.revision.into(),
        keys_to_bytes(keys).into(),
    ];
    Ok(changed(execute(tx, sql, values).await?))
}

/// Gives a queue its first link.
pub(crate) async fn add_link(
    tx: &DatabaseTransaction,
    at: At,
    link: &NewLinkRow,
) -> Changed<Linked> {
    let sql = "UPDATE smp_queues SET revision = revision + 1, link_id = $3 \
               WHERE id = $1 AND revision = $2 \
               AND NOT EXISTS (SELECT 1 FROM smp_queues WHERE link_id = $3)";
    let values = [at.row.into(), at.revision.into(), bytes(&link.id)];
    if execute(tx, sql, values).await? == 1 {
        insert_link(tx, at.row, &link.data).await?;
        return Ok(Ok(Linked::Set));
    }
    let taken = "SELECT 1 FROM smp_queues WHERE link_id = $1";
    match row(tx, taken, [bytes(&link.id)]).await? {
        Some(_) => Ok(Ok(Linked::Refused)),
        None => Ok(Err(Stale)),
    }
}

/// Replaces the user data of a link.
pub(crate) async fn replace_link(
    tx: &DatabaseTransaction,
    at: At,
    data: &LinkRow,
) -> Changed<Linked> {
    let Some(present) = link(tx, at.row).await? else {
        return Ok(Err(Stale));
    };
    if present.fixed != data.fixed {
        return Ok(Ok(Linked::Refused));
    }
    let sql = "UPDATE smp_links SET user_data = $3 WHERE queue = $1 AND EXISTS \
               (SELECT 1 FROM smp_queues WHERE id = $1 AND revision = $2)";
    let values = [at.row.into(), at.revision.into(), bytes(&data.user)];
    Ok(changed(execute(tx, sql, values).await?).map(|()| Linked::Set))
}

/// The data of a queue's link.
pub(crate) async fn link(tx: &DatabaseTransaction, queue: i64) -> Result<Option<LinkRow>, DbErr> {
    let sql = "SELECT fixed_data, user_data FROM smp_links WHERE queue = $1";
    let row = row(tx, sql, [queue.into()]).await?;
    row.as_ref().map(super::reads::read_link).transpose()
}

/// Removes a queue's link. It is no change of what commands are verified against.
pub(crate) async fn drop_link(tx: &DatabaseTransaction, queue: i64) -> Result<(), DbErr> {
    let sql = "DELETE FROM smp_links WHERE queue = $1";
    execute(tx, sql, [queue.into()]).await?;
    let sql = "UPDATE smp_queues SET link_id = NULL WHERE id = $1";
    execute(tx, sql, [queue.into()]).await.map(drop)
}

/// Sets or removes the notifier; notifications for the old one go.
pub(crate) async fn set_notifier(
    tx: &DatabaseTransaction,
    at: At,
    notifier: Option<&NewNotifierRow>,
) -> Changed<u64> {
    let sql = "UPDATE smp_queues SET revision = revision + 1, notifier_id = $3, \
               notifier_key = $4, notifier_secret = $5, notifier_service = NULL \
               WHERE id = $1 AND revision = $2";
    let values = [
        at.row.into(),
        at.revision.into(),
        maybe(notifier.map(|notifier| &notifier.id[..])),
        maybe(
            notifier
                .map(|notifier| key_to_bytes(&notifier.key))
                .as_deref(),
        ),
        maybe(notifier.map(|notifier| &notifier.secret[..])),
    ];
    if execute(tx, sql, values).await? == 0 {
        return Ok(Err(Stale));
    }
    drop_notifications(tx, at.row).await.map(Ok)
}

async fn drop_notifications(tx: &DatabaseTransaction, queue: i64) -> Result<u64, DbErr> {
    let sql = "DELETE FROM smp_notifications WHERE queue = $1";
    execute(tx, sql, [queue.into()]).await
}

/// Suspends a queue, blocked or not.
pub(crate) async fn suspend(tx: &DatabaseTransaction, at: At) -> Changed {
    set_status(tx, at, OFF, None).await
}

/// Blocks a queue, or lets it be used again.
pub(crate) async fn set_blocked(
    tx: &DatabaseTransaction,
    at: At,
    info: Option<&BlockingInfo>,
) -> Changed {
    let status = if info.is_some() { BLOCKED } else { ACTIVE };
    set_status(tx, at, status, info.map(blocked_text)).await
}

async fn set_status(
    tx: &DatabaseTransaction,
    at: At,
    status: i16,
    blocked: Option<String>,
) -> Changed {
    let sql = "UPDATE smp_queues SET revision = revision + 1, status = $3, blocked = $4 \
               WHERE id = $1 AND revision = $2";
    let values = [
        at.row.into(),
        at.revision.into(),
        status.into(),
        blocked.into(),
    ];
    Ok(changed(execute(tx, sql, values).await?))
}

/// Deletes a queue and all that belongs to it.
pub(crate) async fn delete(tx: &DatabaseTransaction, at: At) -> Changed<Deleted> {
    let sql = "DELETE FROM smp_queues WHERE id = $1 AND revision = $2";
    if execute(tx, sql, [at.row.into(), at.revision.into()]).await? == 0 {
        return Ok(Err(Stale));
    }
    let sql = "DELETE FROM smp_messages WHERE queue = $1";
    let messages = execute(tx, sql, [at.row.into()]).await?;
    let sql = "DELETE FROM smp_links WHERE queue = $1";
    execute(tx, sql, [at.row.into()]).await?;
    let notifications = drop_notifications(tx, at.row).await?;
    Ok(Ok(Deleted {
        messages,
        notifications,
    }))
}

fn changed(rows: u64) -> Result<(), Stale> {
    if rows == 1 { Ok(()) } else { Err(Stale) }
}
