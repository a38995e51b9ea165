//! The unit of work of a block: all that its commands write, in their order.
//!
//! Each change is judged inside the transaction and its outcome is a value, so that a refused
//! command refuses nobody else. What memory has to know is told in [`Unit::committed`]: see
//! [`super::committed`].

use std::sync::{Arc, OnceLock};

use relay_storage::{Failure, Script, Unit};
use sea_orm::{DatabaseTransaction, DbErr, QueryResult};

use super::Shared;
use super::change::{Change, Op, Outcome, Sending};
use super::outbox::Outbox;
use crate::queue::{Record, Side};
use crate::store::scripts;
use crate::store::services;
use crate::store::writes::{self, At, Sent, Stale};
use crate::wire::AuthKey;

/// The writes of one block, for one connection (or an operator).
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) shared: Arc<Shared>,
    /// Who asked.
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) now: i64,
    pub(crate) changes: Vec<Change>,
}

impl Unit for Block {
    type Output = Vec<Outcome>;

    async fn run(&self, tx: &DatabaseTransaction) -> Result<Self::Output, Failure<Self::Output>> {
        let mut outcomes = Vec::with_capacity(self.changes.len());
        for change in &self.changes {
            outcomes.push(self.change(tx, change).await?);
        }
        Ok(outcomes)
    }

    /// A lone message, or a lone acknowledgement: nearly all there ever is. What is a service's
    /// has more to it.
    fn script(&self, tag: i64) -> Option<Script> {
        let [Change::Of(record, op)] = self.changes.as_slice() else {
            return None;
        };
        match op {
            Op::Send(sending)
                if sending.expire_before.is_none() && !sending.drop_link && !is_served(record) =>
            {
                let quota = self.shared.settings.now().queue_quota;
                let notification = sending.notification.as_ref().map(|new| (new, self.now));
                scripts::send(tag, At::of(record), &sending.message, quota, notification)
            }
            Op::Ack {
                id: Some(id),
                subscribed,
            } => Some(scripts::ack(tag, record.row, id, *subscribed)),
            _ => None,
        }
    }

    fn scripted(&self, rows: Vec<QueryResult>) -> Result<Option<Self::Output>, DbErr> {
        let outcome = match self.changes.as_slice() {
            [Change::Of(_, Op::Ack { .. })] => Outcome::Acked {
                acked: scripts::acked(&rows)?,
                deliver: OnceLock::new(),
            },
            [Change::Of(_, Op::Send(_))] if !rows.is_empty() => Outcome::Sent {
                sent: Sent::Stored,
                expired: 0,
                first: false,
            },
            _ => return Ok(None),
        };
        Ok(Some(vec![outcome]))
    }

    fn committed(&self, outcomes: &Self::Output) {
        for (change, outcome) in self.changes.iter().zip(outcomes) {
            match change {
                Change::Create(creation) => self.created(creation, outcome),
                Change::Of(record, op) => self.happened(record, op, outcome),
            }
        }
    }

    fn weight(&self) -> usize {
        self.changes.iter().map(Change::weight).sum()
    }
}

impl Block {
    async fn change(&self, tx: &DatabaseTransaction, change: &Change) -> Result<Outcome, DbErr> {
        let (record, op) = match change {
            Change::Create(creation) => {
                let made = writes::create(tx, &creation.queue).await?;
                return Ok(made.map_or(Outcome::Taken, Outcome::Created));
            }
            Change::Of(record, op) => (record, op),
        };
        let at = At::of(record);
        let outcome = match op {
            Op::Ack { id, subscribed } => {
                let acked = writes::ack(tx, at.row, id.as_ref(), *subscribed).await?;
                let deliver = OnceLock::new();
                Ok(Outcome::Acked { acked, deliver })
            }
            Op::AddLink(link) => writes::add_link(tx, at, link).await?.map(Outcome::Linked),
            Op::Belong(belonging) => {
                let belongs = services::belong(tx, at, belonging).await?;
                belongs.map(Outcome::Belongs)
            }
            Op::Block(info) => done(writes::set_blocked(tx, at, info.as_ref()).await?),
            Op::Delete => {
                let deleted = writes::delete(tx, at).await?;
                if deleted.is_ok() {
                    leave_services(tx, record, &[Side::Recipient, Side::Notifier]).await?;
                }
                deleted.map(Outcome::Deleted)
            }
            Op::DropLink => done(Ok(writes::drop_link(tx, at.row).await?)),
            Op::ReplaceLink(data) => writes::replace_link(tx, at, data)
                .await?
                .map(Outcome::Linked),
            Op::Secure { key, link } => self.secure(tx, at, key, *link).await?,
            Op::Send(sending) => self.send(tx, record, sending).await?,
            Op::SetNotifier(notifier) => {
                let set = writes::set_notifier(tx, at, notifier.as_ref()).await?;
                if set.is_ok() {
                    leave_services(tx, record, &[Side::Notifier]).await?;
                }
                set.map(Outcome::NotifierSet)
            }
            Op::SetRecipients(keys) => done(writes::set_recipients(tx, at, keys).await?),
            Op::Suspend => done(writes::suspend(tx, at).await?),
        };
        Ok(outcome.unwrap_or(Outcome::Stale))
    }

    async fn secure(
        &self,
        tx: &DatabaseTransaction,
        at: At,
        key: &AuthKey,
        link: bool,
    ) -> Result<Result<Outcome, Stale>, DbErr> {
        let secured = writes::secure(tx, at, key).await?;
        if secured.is_err() || !link {
            return Ok(done(secured));
        }
        Ok(Ok(Outcome::Link(writes::link(tx, at.row).await?)))
    }

    async fn send(
        &self,
        tx: &DatabaseTransaction,
        record: &Record,
        sending: &Sending,
    ) -> Result<Result<Outcome, Stale>, DbErr> {
        let at = At::of(record);
        let expired = match sending.expire_before {
            Some(before) => writes::expire(tx, at.row, before).await?,
            None => 0,
        };
        let quota = self.shared.settings.now().queue_quota;
        let sent = match writes::send(tx, at, &sending.message, quota).await? {
            Ok(sent) => sent,
            Err(Stale) => return Ok(Err(Stale)),
        };
        // Also when the queue is full: the sender has come.
        if sending.drop_link {
            writes::drop_link(tx, at.row).await?;
        }
        if let (Sent::Stored, Some(notification)) = (&sent, &sending.notification) {
            writes::notify(tx, at.row, notification, self.now).await?;
        }
        let first = match record.service {
            Some(_) => writes::head_id(tx, at.row).await? == Some(sending.message.id),
            None => false,
        };
        Ok(Ok(Outcome::Sent {
            sent,
            expired,
            first,
        }))
    }
}

impl At {
    fn of(record: &Record) -> Self {
        Self {
            row: record.row,
            revision: record.revision,
        }
    }
}

/// What was services' own is gone.
async fn leave_services(
    tx: &DatabaseTransaction,
    record: &Record,
    sides: &[Side],
) -> Result<(), DbErr> {
    for side in sides {
        if let Some((service, id)) = record.belongs_to(*side) {
            services::leave(tx, &service, &id).await?;
        }
    }
    Ok(())
}

/// Whether a service gets its messages or its notifications.
fn is_served(record: &Record) -> bool {
    let sides = [Side::Recipient, Side::Notifier];
    sides.iter().any(|side| record.belongs_to(*side).is_some())
}

fn done(changed: Result<(), Stale>) -> Result<Outcome, Stale> {
    changed.map(|()| Outcome::Done)
}
