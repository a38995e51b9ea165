//! Rows of the database as values.

use sea_orm::{DbErr, QueryResult};
use zeroize::Zeroizing;

use crate::crypto::BoxKey;
use crate::engine::{Content, Stored};
use crate::queue::{EntityId, Expired, Notifier, Record, Status, Used};
use crate::wire::{AuthKey, BlockingInfo, Encode, PublicKey, QueueMode, Reader};

/// What [`record`] reads, of `smp_queues q`.
pub(super) const RECORD: &str = "q.id, q.revision, q.recipient_id, q.sender_id, \
    q.recipient_keys, q.body_secret, q.sender_key, q.mode, q.status, q.blocked, q.link_id, \
    q.notifier_id, q.notifier_key, q.notifier_secret, q.used_day, q.recipient_service, \
    q.notifier_service";
/// How many columns that is.
pub(super) const RECORD_WIDTH: usize = 17;

/// What [`stored`] reads, of `smp_messages`.
pub(super) const MESSAGE: &str = "message_id, sent_at, kind, body";

/// Messages by kind. No notification is wanted.
pub(super) const SILENT: i16 = 0;
/// A notification is wanted.
pub(super) const NOTIFYING: i16 = 1;
/// The quota marker; statements name it as `2`.
pub(super) const QUOTA: i16 = 2;

/// A queue's status: what its column says.
pub(super) const ACTIVE: i16 = 0;
/// Suspended.
pub(super) const OFF: i16 = 1;
/// Blocked; why stands in another column.
pub(super) const BLOCKED: i16 = 2;

pub(super) fn record(row: &QueryResult) -> Result<Record, DbErr> {
    let sender_key: Option<Vec<u8>> = row.try_get_by_index(6)?;
    Ok(Record {
        row: row.try_get_by_index(0)?,
        revision: row.try_get_by_index(1)?,
        recipient_id: id(row, 2)?,
        sender_id: id(row, 3)?,
        recipient_keys: keys(&row.try_get_by_index::<Vec<u8>>(4)?)?,
        body_key: box_key(row.try_get_by_index(5)?)?,
        sender_key: sender_key.as_deref().map(key).transpose()?,
        mode: mode(row.try_get_by_index(7)?)?,
        status: status(row.try_get_by_index(8)?, row.try_get_by_index(9)?)?,
        link_id: row.try_get_by_index(10)?,
        notifier: notifier(row)?,
        service: maybe_id(row, 15)?,
        used: Used::on(row.try_get_by_index(14)?),
        expired: Expired::default(),
    })
}

fn notifier(row: &QueryResult) -> Result<Option<Notifier>, DbErr> {
    let Some(id) = row.try_get_by_index::<Option<Vec<u8>>>(11)? else {
        return Ok(None);
    };
    Ok(Some(Notifier {
        id: exact(&id)?,
        key: key(&row.try_get_by_index::<Vec<u8>>(12)?)?,
        meta_key: box_key(row.try_get_by_index(13)?)?,
        service: maybe_id(row, 16)?,
    }))
}

/// A message whose columns start at `at`.
pub(super) fn stored(row: &QueryResult, at: usize) -> Result<Stored, DbErr> {
    let kind: i16 = row.try_get_by_index(at + 2)?;
    Ok(Stored {
        id: id(row, at)?,
        sent_at: row.try_get_by_index(at + 1)?,
        content: match kind {
            SILENT | NOTIFYING => Content::Sent {
                notification: kind == NOTIFYING,
                body: row.try_get_by_index::<Vec<u8>>(at + 3)?.into(),
            },
            QUOTA => Content::Quota,
            _ => return Err(damaged()),
        },
    })
}

pub(super) fn id(row: &QueryResult, at: usize) -> Result<EntityId, DbErr> {
    exact(&row.try_get_by_index::<Vec<u8>>(at)?)
}

fn maybe_id(row: &QueryResult, at: usize) -> Result<Option<EntityId>, DbErr> {
    let bytes: Option<Vec<u8>> = row.try_get_by_index(at)?;
    bytes.as_deref().map(exact).transpose()
}

pub(super) fn exact<const N: usize>(bytes: &[u8]) -> Result<[u8; N], DbErr> {
    bytes.try_into().map_err(|_| damaged())
}

fn box_key(secret: Vec<u8>) -> Result<BoxKey, DbErr> {
    let secret = Zeroizing::new(secret);
    Ok(BoxKey::new(&Zeroizing::new(exact(&secret)?)))
}

fn key(spki: &[u8]) -> Result<AuthKey, DbErr> {
    let key = PublicKey::from_spki(spki).map_err(|_| damaged())?;
    key.try_into().map_err(|_| damaged())
}

/// Keys are stored as on the wire: one after the other, each with its length.
fn keys(bytes: &[u8]) -> Result<Vec<AuthKey>, DbErr> {
    let mut reader = Reader::new(bytes);
    let mut keys = Vec::new();
    while !reader.rest().is_empty() {
        keys.push(key(reader.short().map_err(|_| damaged())?.as_bytes())?);
    }
    Ok(keys)
}

pub(super) fn keys_to_bytes(keys: &[AuthKey]) -> Vec<u8> {
    let each = keys.iter().map(|key| key.to_bytes().unwrap_or_default());
    each.flatten().collect()
}

pub(super) fn key_to_bytes(key: &AuthKey) -> Vec<u8> {
    PublicKey::from(*key).to_spki()
}

fn mode(code: i16) -> Result<Option<QueueMode>, DbErr> {
    Ok(match code {
        0 => None,
        1 => Some(QueueMode::Messaging),
        2 => Some(QueueMode::Contact),
        _ => return Err(damaged()),
    })
}

pub(super) fn mode_code(mode: Option<QueueMode>) -> i16 {
    match mode {
        None => 0,
        Some(QueueMode::Messaging) => 1,
        Some(QueueMode::Contact) => 2,
    }
}

fn status(code: i16, blocked: Option<String>) -> Result<Status, DbErr> {
    Ok(match (code, blocked) {
        (ACTIVE, _) => Status::Active,
        (OFF, _) => Status::Off,
        (BLOCKED, Some(info)) => {
            Status::Blocked(BlockingInfo::parse(info.as_bytes()).map_err(|_| damaged())?)
        }
        _ => return Err(damaged()),
    })
}

pub(super) fn blocked_text(info: &BlockingInfo) -> String {
    String::from_utf8(info.to_bytes().unwrap_or_default()).unwrap_or_default()
}

/// Something stands in the database that this program did not write.
pub(super) fn damaged() -> DbErr {
    DbErr::Custom("a row of the relay's tables is damaged".to_owned())
}
