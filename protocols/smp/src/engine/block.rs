//! The unit of work of a block: all that its commands write, in their order.
//!
//! Each change is judged inside the transaction and its outcome is a value, so that a refused
//! command refuses nobody else. What memory has to know is told in [`Unit::committed`], in
//! commit order: who gets a message, what a subscriber has been given, who lost a queue.

use std::sync::{Arc, OnceLock};

use relay_storage::{Failure, Script, Unit};
use sea_orm::{DatabaseTransaction, DbErr, QueryResult};

use super::outbox::Outbox;
use super::recent::Note;
use super::services::Entering;
use super::{Answer, Content, Said, Shared, Stored};
use crate::queue::{EntityId, Record, Side};
use crate::stats::Counter;
use crate::store::LinkRow;
use crate::store::scripts;
use crate::store::services::{self, Belonging};
use crate::store::writes::{
    self, Acked, At, Deleted, Linked, NewLinkRow, NewNotification, NewNotifierRow, NewQueue, Sent,
    Stale,
};
use crate::wire::{AuthKey, BlockingInfo, Error};

/// The writes of one block, for one connection (or an operator).
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) shared: Arc<Shared>,
    /// Who asked.
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) now: i64,
    pub(crate) changes: Vec<Change>,
}

/// What a change is made to, and what it is.
#[derive(Debug)]
pub(crate) enum Change {
    Create(Box<Creation>),
    Of(Arc<Record>, Op),
}

/// A queue to be created.
pub(crate) struct Creation {
    pub(crate) queue: NewQueue,
    pub(crate) subscribe: bool,
}

/// What is done to a queue.
pub(crate) enum Op {
    Ack {
        id: Option<EntityId>,
        /// Whether a subscription waits for the next message.
        subscribed: bool,
    },
    AddLink(NewLinkRow),
    /// It becomes a service's own, or nobody's, and is subscribed to by who asks.
    Belong(Belonging),
    Block(Option<BlockingInfo>),
    Delete,
    DropLink,
    ReplaceLink(LinkRow),
    Secure {
        key: AuthKey,
        /// Whether the link is to be read too.
        link: bool,
    },
    Send(Box<Sending>),
    SetNotifier(Option<NewNotifierRow>),
    SetRecipients(Vec<AuthKey>),
    Suspend,
}

/// A message to be stored.
pub(crate) struct Sending {
    pub(crate) message: Stored,
    pub(crate) notification: Option<NewNotification>,
    /// Remove messages older than this first.
    pub(crate) expire_before: Option<i64>,
    /// The invitation has been used.
    pub(crate) drop_link: bool,
}

/// What became of a change.
#[derive(Debug)]
pub(crate) enum Outcome {
    Acked {
        acked: Acked,
        /// Whether the next message is this connection's to deliver; decided at the commit.
        deliver: OnceLock<bool>,
    },
    /// With the queue's first message, for its recipient.
    Belongs(Option<EntityId>),
    Created(i64),
    Deleted(Deleted),
    Done,
    Link(Option<LinkRow>),
    Linked(Linked),
    /// With how many notifications the old one had waiting.
    NotifierSet(u64),
    Sent {
        sent: Sent,
        expired: u64,
        /// Whether it is the first in a service's queue.
        first: bool,
    },
    Stale,
    /// An id of the new queue is another's.
    Taken,
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

    fn created(&self, creation: &Creation, outcome: &Outcome) {
        let Outcome::Created(row) = outcome else {
            return;
        };
        let shared = &self.shared;
        shared.counters.count(Counter::QCreated);
        shared.counts.queues(1);
        if creation.queue.notifier.is_some() {
            shared.counters.count(Counter::NtfCreated);
            shared.counters.count(Counter::NtfNewCreated);
            shared.counts.notifiers(1);
        }
        match &creation.queue.service {
            Some(service) => {
                shared.services.add_queues(Side::Recipient, 1);
                let id = creation.queue.recipient_id;
                self.speaks_for((*service, Side::Recipient), Entering::New(id));
            }
            None if creation.subscribe => {
                shared.subscriptions.subscribe(*row, &self.outbox, None);
            }
            None => {}
        }
    }

    fn happened(&self, record: &Arc<Record>, op: &Op, outcome: &Outcome) {
        match (op, outcome) {
            (_, Outcome::Stale) => self.shared.records.forget(record),
            (
                Op::Send(sending),
                Outcome::Sent {
                    sent,
                    expired,
                    first,
                },
            ) => {
                self.shared.counters.add(Counter::MsgExpired, *expired);
                self.shared.counts.messages_gone(*expired);
                self.sent(record, sending, sent, *first);
            }
            (Op::Belong(belonging), Outcome::Belongs(head)) => {
                self.belongs(record, belonging, *head);
            }
            (Op::Ack { subscribed, .. }, Outcome::Acked { acked, deliver }) => {
                let _ = deliver.set(self.acked(record, *subscribed, acked));
            }
            (Op::Delete, Outcome::Deleted(deleted)) => self.deleted(record, *deleted),
            (Op::SetNotifier(new), Outcome::NotifierSet(lost)) => {
                self.shared.counts.notifications_gone(*lost);
                self.notifier_set(record, new.is_some());
            }
            (op, _) => {
                self.shared.records.forget(record);
                self.changed(record, op);
            }
        }
    }

    fn changed(&self, record: &Record, op: &Op) {
        match op {
            Op::Secure { .. } => self.shared.counters.count(Counter::QSecured),
            Op::Block(Some(info)) => {
                self.shared.counters.count(Counter::QBlocked);
                if let Some(subscriber) = self.shared.subscriber(record) {
                    let blocked = Said::Err(Error::Blocked(*info));
                    subscriber.say(Answer::event(&record.recipient_id, blocked));
                }
            }
            _ => {}
        }
    }

    /// A message goes to a subscriber who waits for one; others find it when they ask.
    fn sent(&self, record: &Arc<Record>, sending: &Sending, sent: &Sent, first: bool) {
        let shared = &self.shared;
        if sending.drop_link {
            shared.records.forget(record);
        }
        let message = match sent {
            Sent::Full => return,
            Sent::FilledUp(marker) => marker,
            Sent::Stored => &sending.message,
        };
        shared.counts.messages(1);
        shared.recent.note(record.row, Note::Sent);
        let subscriber = match &record.service {
            None => shared.subscriptions.offer(record.row, message.id),
            Some(service) if first => {
                (shared.services).pass(&shared.subscriptions, service, record.row, message.id)
            }
            Some(_) => None,
        };
        if let Some(subscriber) = subscriber {
            subscriber.message(record, message);
        }
        if let (Sent::Stored, Content::Sent { notification, .. }) = (sent, &message.content) {
            shared.counters.count(Counter::MsgSent);
            shared.active.message(record.row);
            if *notification && sending.notification.is_some() {
                self.notified(record);
            }
        }
    }

    fn notified(&self, record: &Record) {
        let (shared, row) = (&self.shared, record.row);
        shared.counters.count(Counter::MsgSentNtf);
        shared.active.notification(row);
        shared.counts.notifications(1);
        match record.belongs_to(Side::Notifier) {
            Some((service, _)) if shared.services.outbox(&service).is_some() => {
                shared.services.add_due(service);
            }
            None if shared.notifiers.subscriber(row).is_some() => shared.due.add(row),
            _ => shared.counters.count(Counter::MsgNtfNoSub),
        }
    }

    /// Whether the next message is for this connection: it may have lost the queue meanwhile.
    fn acked(&self, record: &Record, subscribed: bool, acked: &Acked) -> bool {
        let shared = &self.shared;
        if let Some(removed) = acked.removed {
            shared.counts.messages(-1);
            shared.active.message(record.row);
            shared.counters.count(if subscribed {
                Counter::MsgRecv
            } else {
                Counter::MsgRecvGet
            });
            if removed.notification {
                shared.counters.count(Counter::MsgRecvNtf);
            }
        }
        let next = acked.next.as_ref().map(|message| message.id);
        subscribed && shared.subscriptions.advance(record.row, &self.outbox, next)
    }

    fn deleted(&self, record: &Record, deleted: Deleted) {
        let shared = &self.shared;
        shared.records.forget(record);
        shared.recent.note(record.row, Note::Gone);
        shared.counts.queues(-1);
        shared.counts.messages_gone(deleted.messages);
        shared.counts.notifications_gone(deleted.notifications);
        let by_kind = match record.sender_key {
            Some(_) => Counter::QDeletedSecured,
            None => Counter::QDeletedNew,
        };
        shared.counters.count(Counter::QDeletedAll);
        shared.counters.count(by_kind);
        let subscription = shared.subscriptions.remove(record.row);
        if let Some(service) = &record.service {
            self.gone(Side::Recipient, service, &record.recipient_id);
        } else if let Some(subscription) = subscription {
            self.tell(&subscription.outbox, &record.recipient_id);
        }
        if record.notifier.is_some() {
            shared.counts.notifiers(-1);
            self.notifier_gone(record);
        }
    }

    fn notifier_set(&self, record: &Record, set: bool) {
        let shared = &self.shared;
        shared.records.forget(record);
        if set {
            shared.counters.count(Counter::NtfCreated);
        }
        if record.notifier.is_some() {
            shared.counters.count(Counter::NtfDeleted);
            self.notifier_gone(record);
        }
        let change = i64::from(set) - i64::from(record.notifier.is_some());
        shared.counts.notifiers(change);
    }

    fn notifier_gone(&self, record: &Record) {
        let removed = self.shared.notifiers.remove(record.row);
        if let Some((service, id)) = record.belongs_to(Side::Notifier) {
            self.gone(Side::Notifier, &service, &id);
        } else if let Some((id, outbox)) = removed {
            self.tell(&outbox, &id);
        }
    }

    /// Others are told that something is gone; who asked for it knows.
    pub(super) fn tell(&self, outbox: &Arc<Outbox>, id: &EntityId) {
        if !Arc::ptr_eq(outbox, &self.outbox) {
            self.shared
                .later
                .tell(outbox, Answer::event(id, Said::Deld));
        }
    }
}

impl Change {
    fn weight(&self) -> usize {
        const SMALL: usize = 512;
        match self {
            Self::Create(creation) => match &creation.queue.link {
                Some(link) => link.data.weight() + 2 * SMALL,
                None => 2 * SMALL,
            },
            Self::Of(_, Op::Send(sending)) => sending.message.weight() + SMALL,
            Self::Of(_, Op::AddLink(link)) => link.data.weight() + SMALL,
            Self::Of(_, Op::ReplaceLink(data)) => data.weight() + SMALL,
            Self::Of(..) => SMALL,
        }
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

impl std::fmt::Debug for Op {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Op")
    }
}

impl std::fmt::Debug for Creation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Creation")
    }
}
