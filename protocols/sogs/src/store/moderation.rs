//! Who moderated what, and when: written together with what was done, so that neither is there
//! without the other. The audit log of core is for operators; this is for moderators.

use relay_core::clock::UnixTime;
use sea_orm::DbErr;

use super::change::Tx;
use super::sql::{self, Columns, values};
use super::{MessageId, RoomId, StoreError, Tables, UserId};
use crate::private::private_debug;

/// Something that was done.
#[derive(Clone, Eq, PartialEq)]
pub struct Moderated {
    /// In order.
    pub id: i64,
    /// When.
    pub at: UnixTime,
    /// By whom.
    pub actor: String,
    /// What, such as `ban` or `message.delete`.
    pub action: String,
    /// In which room, if in one.
    pub room: Option<String>,
    /// To whom, if to somebody.
    pub target: Option<String>,
    /// To which message, if to one.
    pub message: Option<MessageId>,
    /// How.
    pub detail: Option<String>,
}

private_debug!(Moderated);

impl Tables {
    /// What was done last, the newest first.
    pub async fn moderated(&self, limit: u32) -> Result<Vec<Moderated>, StoreError> {
        let rows = sql::all(
            self.reads(),
            "SELECT m.id, m.done, a.session_id, m.action, m.room, m.target, m.message_id, \
             m.detail FROM sogs_moderation m JOIN sogs_user a ON a.id = m.actor_id \
             ORDER BY m.id DESC LIMIT ?",
            values![i64::from(limit)],
        );
        let read = |mut row: Columns| {
            Ok(Moderated {
                id: row.next()?,
                at: row.time()?,
                actor: row.next()?,
                action: row.next()?,
                room: row.next()?,
                target: row.next()?,
                message: row.next::<Option<i64>>()?.map(MessageId),
                detail: row.next()?,
            })
        };
        let rows = self.heard(rows.await)?;
        self.heard(rows.into_iter().map(read).collect())
    }
}

/// A note about to be written.
pub(crate) struct Note {
    actor: UserId,
    action: &'static str,
    now: UnixTime,
    room: Option<RoomId>,
    target: Option<UserId>,
    message: Option<MessageId>,
    detail: Option<String>,
}

/// That somebody did something.
pub(crate) const fn note(actor: UserId, action: &'static str, now: UnixTime) -> Note {
    Note {
        actor,
        action,
        now,
        room: None,
        target: None,
        message: None,
        detail: None,
    }
}

impl Note {
    pub(crate) fn room(self, room: RoomId) -> Self {
        Self {
            room: Some(room),
            ..self
        }
    }

    pub(crate) fn target(self, target: UserId) -> Self {
        Self {
            target: Some(target),
            ..self
        }
    }

    pub(crate) fn message(self, message: MessageId) -> Self {
        Self {
            message: Some(message),
            ..self
        }
    }

    pub(crate) fn detail(self, detail: String) -> Self {
        Self {
            detail: Some(detail),
            ..self
        }
    }

    pub(crate) async fn write(self, tx: &mut Tx<'_>) -> Result<(), DbErr> {
        tx.execute(
            "INSERT INTO sogs_moderation (done, actor_id, action, room, target, message_id, \
             detail) VALUES (?, ?, ?, (SELECT token FROM sogs_room WHERE id = ?), \
             (SELECT session_id FROM sogs_user WHERE id = ?), ?, ?)",
            values![
                self.now.millis(),
                self.actor,
                self.action,
                self.room.map(|id| id.0),
                self.target.map(|id| id.0),
                self.message.map(|id| id.0),
                self.detail
            ],
        )
        .await?;
        Ok(())
    }
}
