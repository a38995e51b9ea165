//! Direct messages: every user's inbox and outbox are the same rows, seen from two ends.

use relay_core::clock::UnixTime;
use sea_orm::{ConnectionTrait, DbErr};

use super::cache::Newest;
use super::change::{Actor, Change, Halt, Tx};
use super::overrides::{ROLE_COLUMNS, read_role, role};
use super::sql::{self, Columns, values};
use super::touch::Touch;
use super::users::nothing_returned;
use super::{DirectMessageId, StoreError, Tables, UserId};
use crate::crypto::SessionId;
use crate::domain::inbox::{InboxPolicy, Recipient, Sender};
use crate::wire::inbox::DirectMessage;
use crate::wire::json::Seconds;
use crate::wire::refusal::AuthError;
use crate::wire::{Base64, Refusal};

/// Which end of a direct message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mailbox {
    /// What somebody got.
    Inbox,
    /// What somebody sent.
    Outbox,
}

impl Mailbox {
    const fn column(self) -> &'static str {
        match self {
            Self::Inbox => "recipient_id",
            Self::Outbox => "sender_id",
        }
    }
}

/// A direct message about to be sent.
#[derive(Clone, Debug)]
pub struct NewDirectMessage {
    /// Whom it is for, as named.
    pub recipient: SessionId,
    /// What it says: opaque.
    pub body: Base64,
    /// When it will be forgotten.
    pub expiry: UnixTime,
}

impl Tables {
    /// Sends a direct message, as far as the operator allows.
    pub async fn send(
        &self,
        actor: &Actor,
        new: NewDirectMessage,
        policy: InboxPolicy,
        now: UnixTime,
    ) -> Result<DirectMessage, StoreError> {
        let change = Send {
            sender: actor.user,
            new,
            policy,
            now,
        };
        self.change(actor, change).await
    }

    /// What somebody got or sent after a number, oldest first.
    pub async fn direct_messages(
        &self,
        mailbox: Mailbox,
        user: UserId,
        since: DirectMessageId,
        limit: usize,
        now: UnixTime,
    ) -> Result<Vec<DirectMessage>, StoreError> {
        let newest = self.newest(user).await?;
        let newest = match mailbox {
            Mailbox::Inbox => newest.inbox,
            Mailbox::Outbox => newest.outbox,
        };
        if since.0 >= newest {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT i.id, i.posted, i.expiry, s.session_id, r.session_id, i.body \
             FROM sogs_inbox i JOIN sogs_user s ON s.id = i.sender_id \
             JOIN sogs_user r ON r.id = i.recipient_id \
             WHERE i.{} = ? AND i.id > ? AND i.expiry > ? ORDER BY i.id LIMIT ?",
            mailbox.column()
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let marks = values![user, since, now.millis(), limit];
        let rows = self.heard(sql::all(self.reads(), &sql, marks).await)?;
        let read = |mut row: Columns| {
            Ok(DirectMessage {
                id: row.next()?,
                posted_at: Seconds(row.time()?),
                expires_at: Seconds(row.time()?),
                sender: row.next()?,
                recipient: row.next()?,
                message: Some(Base64(row.next()?)),
            })
        };
        self.heard(rows.into_iter().map(read).collect())
    }

    /// Empties an inbox; gives how many there were.
    pub async fn empty_inbox(&self, actor: &Actor) -> Result<u64, StoreError> {
        self.change(actor, Empty { user: actor.user }).await
    }

    async fn newest(&self, user: UserId) -> Result<Newest, StoreError> {
        match self.inner.cache.boxes.get_value_or_guard_async(&user).await {
            Ok(newest) => Ok(newest),
            Err(place) => {
                let newest = self.heard(newest(self.reads(), user).await)?;
                // If the place is gone, a commit has changed it meanwhile.
                let _ = place.insert(newest);
                Ok(newest)
            }
        }
    }
}

async fn newest(db: &impl ConnectionTrait, user: UserId) -> Result<Newest, DbErr> {
    let row = sql::one(
        db,
        "SELECT (SELECT max(id) FROM sogs_inbox WHERE recipient_id = ?), \
         (SELECT max(id) FROM sogs_inbox WHERE sender_id = ?)",
        values![user, user],
    );
    let mut row = row.await?.ok_or_else(nothing_returned)?;
    Ok(Newest {
        inbox: row.next::<Option<i64>>()?.unwrap_or(0),
        outbox: row.next::<Option<i64>>()?.unwrap_or(0),
    })
}

struct Send {
    sender: UserId,
    new: NewDirectMessage,
    policy: InboxPolicy,
    now: UnixTime,
}

impl Change for Send {
    type Done = DirectMessage;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<DirectMessage, Halt> {
        if role(tx.db, self.sender).await?.banned {
            return Err(Refusal::Auth(AuthError::Banned).into());
        }
        let id = self.new.recipient;
        let (to, user) = find(tx, &id).await?;
        let received = self.received(tx, to).await?;
        let recipient = Recipient { id, user, received };
        let sender = self.sender_of(tx, to).await?;
        self.policy.allow(sender, recipient)?;
        let to = to.ok_or(Refusal::NotFound)?;
        self.insert(tx, to).await.map_err(Halt::from)
    }

    fn weight(&self) -> usize {
        256 + self.new.body.0.len()
    }
}

async fn find(
    tx: &Tx<'_>,
    id: &SessionId,
) -> Result<
    (
        Option<UserId>,
        Option<crate::domain::permissions::GlobalRole>,
    ),
    DbErr,
> {
    let sql = format!("SELECT u.id, {ROLE_COLUMNS} FROM sogs_user u WHERE u.session_id = ?");
    match tx.one(&sql, values![id.to_string()]).await? {
        Some(mut row) => Ok((Some(UserId(row.next()?)), Some(read_role(&mut row)?))),
        None => Ok((None, None)),
    }
}

impl Send {
    async fn received(&self, tx: &Tx<'_>, to: Option<UserId>) -> Result<u64, DbErr> {
        if self.policy.received.count == 0 {
            return Ok(0);
        }
        let from = self.policy.received.counts_from(self.now).millis();
        let count: i64 = tx
            .scalar(
                "SELECT count(*) FROM sogs_inbox WHERE recipient_id = ? AND posted >= ?",
                values![to.map(|user| user.0), from],
            )
            .await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    async fn sender_of(&self, tx: &Tx<'_>, to: Option<UserId>) -> Result<Sender, DbErr> {
        let from = self.policy.recipients.counts_from(self.now).millis();
        let row = tx.one(
            "SELECT (SELECT count(*) FROM sogs_override WHERE user_id = ? AND banned), \
             (SELECT count(*) FROM sogs_room), \
             (SELECT count(DISTINCT recipient_id) FROM sogs_inbox \
             WHERE sender_id = ? AND recipient_id <> ? AND posted >= ?)",
            values![self.sender, self.sender, to.map_or(-1, |user| user.0), from],
        );
        let mut row = row.await?.ok_or_else(nothing_returned)?;
        let mut count = || row.next::<i64>().map(|n| u64::try_from(n).unwrap_or(0));
        Ok(Sender {
            banned_from: count()?,
            rooms: count()?,
            recipients: count()?,
        })
    }

    async fn insert(&self, tx: &mut Tx<'_>, to: UserId) -> Result<DirectMessage, DbErr> {
        let row = tx.returning(
            "INSERT INTO sogs_inbox (recipient_id, sender_id, posted, expiry, body) \
             VALUES (?, ?, ?, ?, ?) RETURNING id, \
             (SELECT session_id FROM sogs_user WHERE id = sender_id)",
            values![
                to,
                self.sender,
                self.now.millis(),
                self.new.expiry.millis(),
                self.new.body.0.clone()
            ],
        );
        let mut row = row.await?.ok_or_else(nothing_returned)?;
        tx.touch(Touch::Inbox(to));
        tx.touch(Touch::Inbox(self.sender));
        Ok(DirectMessage {
            id: row.next()?,
            posted_at: Seconds(self.now),
            expires_at: Seconds(self.new.expiry),
            sender: row.next()?,
            recipient: self.new.recipient.to_string(),
            message: None,
        })
    }
}

struct Empty {
    user: UserId,
}

impl Change for Empty {
    type Done = u64;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<u64, Halt> {
        let senders = tx.all(
            "SELECT DISTINCT sender_id FROM sogs_inbox WHERE recipient_id = ?",
            values![self.user],
        );
        for mut row in senders.await? {
            tx.touch(Touch::Inbox(UserId(row.next()?)));
        }
        tx.touch(Touch::Inbox(self.user));
        let emptied = tx.execute(
            "DELETE FROM sogs_inbox WHERE recipient_id = ?",
            values![self.user],
        );
        Ok(emptied.await?)
    }
}
