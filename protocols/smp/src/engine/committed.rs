//! What memory is told of a block that was committed, in commit order: who gets a message, what a
//! subscriber has been given, who lost a queue, and what is counted.

use std::sync::Arc;

use super::block::Block;
use super::change::{Creation, Op, Outcome, Sending};
use super::outbox::Outbox;
use super::recent::Note;
use super::services::Entering;
use super::{Answer, Content, Said};
use crate::queue::{EntityId, Record, Side};
use crate::stats::Counter;
use crate::store::writes::{Acked, Deleted, Sent};
use crate::wire::Error;

impl Block {
    pub(super) fn created(&self, creation: &Creation, outcome: &Outcome) {
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

    pub(super) fn happened(&self, record: &Arc<Record>, op: &Op, outcome: &Outcome) {
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
