//! One command: what is said at once, or what is to be written and what is then said.
//!
//! Everything here has been verified. Rules are the queue's own; this is where commands meet them.

use std::sync::Arc;

use super::change::{Change, Op, Outcome, Sending};
use super::connection::Connection;
use super::lookup::Located;
use super::shared::read_error;
use super::subscriptions::{Delivered, Subscribed};
use super::task::Task;
use super::{Answer, Content, Said, Stored};
use crate::crypto::Nonce;
use crate::crypto::message::seal_notification;
use crate::queue::{Decision, Linking, Record, Side};
use crate::stats::Counter;
use crate::store::writes::{Linked, NewLinkRow, NewNotification, Sent};
use crate::store::{Found, LinkRow};
use crate::wire::{
    AuthKey, Command, CommandError, Error, LinkData, NewNotifier, NotificationMeta, Version,
};

/// What is left to do for a command.
pub(super) enum Step {
    /// Nothing but to say this.
    Say(Said),
    /// To write this, and then to say what was promised.
    Write(Change, Promise),
    /// Nothing: the answer comes as an event.
    Later,
}

/// What is said when a change was made.
pub(super) enum Promise {
    /// What the outcome says.
    Outcome,
    /// This.
    Say(Said),
    /// A new queue's names, which its creator chose or did not.
    Ids { chosen: bool, said: Said },
}

impl From<Result<Self, Error>> for Step {
    fn from(outcome: Result<Self, Error>) -> Self {
        outcome.unwrap_or_else(|error| Self::Say(Said::Err(error)))
    }
}

impl Connection {
    pub(super) async fn step(&mut self, task: &Task<'_, '_>) -> Step {
        let request = task.request;
        match &request.command {
            Command::Ping => return Step::Say(Said::Pong),
            Command::New(new) => return self.create(request.corr_id, new).into(),
            Command::Subs(all) => return self.subscribe_all(Side::Recipient, *all).await.into(),
            Command::Nsubs(all) => return self.subscribe_all(Side::Notifier, *all).await.into(),
            Command::Rslv(name) => return self.resolve(request.corr_id, name).await,
            _ => {}
        }
        // Whatever else came this far has a queue.
        let Some(Located { found, .. }) = &task.located else {
            return Step::Say(Said::Err(Error::Auth));
        };
        let record = &found.record;
        match &request.command {
            Command::Sub => self.subscribe(found).into(),
            Command::Nsub => self.subscribe_notifier(record).into(),
            Command::Get => self.get(record).await.into(),
            Command::Que => self.inspect(record).await.into(),
            Command::Lget => self.read_link(record).await.into(),
            Command::Lkey(key) => self.secure_and_read_link(record, key).await.into(),
            Command::Ack(id) => self.acknowledge(record, id.as_bytes()).into(),
            Command::Send { notification, body } => {
                let version = task.version;
                self.send(record, version, *notification, body).into()
            }
            Command::Key(key) => secured(record, record.secure(key), key).into(),
            Command::Skey(key) => secured(record, record.secure_by_sender(key), key).into(),
            Command::Rkey(keys) => replace_recipients(record, keys).into(),
            Command::Lset { link_id, data } => set_link(record, link_id.as_bytes(), data).into(),
            Command::Ldel => drop_link(record).into(),
            Command::Nkey(new) => self.set_notifier(record, new).into(),
            Command::Ndel => drop_notifier(record).into(),
            Command::Off => write(record, Op::Suspend, Said::Ok),
            Command::Del => write(record, Op::Delete, Said::Ok),
            _ => Step::Say(Said::Err(Error::Cmd(CommandError::Prohibited))),
        }
    }

    fn subscribe(&mut self, found: &Found) -> Result<Step, Error> {
        let counters = &self.shared.counters;
        let record = &found.record;
        record.unless_blocked()?;
        if self.got.contains_key(&record.row) {
            counters.count(Counter::QSubProhibited);
            return Err(Error::Cmd(CommandError::Prohibited));
        }
        self.shared.touch(record);
        if let Some(change) = self.belonging(Side::Recipient, record) {
            return Ok(change);
        }
        let subscribed =
            (self.shared.subscriptions).subscribe(record.row, &self.outbox, found.head);
        counters.count(match subscribed {
            Subscribed::Again => Counter::QSubDuplicate,
            _ => Counter::QSub,
        });
        if let Subscribed::TakenFrom(previous) = subscribed {
            counters.count(Counter::QSubEnd);
            let end = Answer::event(&record.recipient_id, Said::End);
            self.shared.later.tell(&previous, end);
        }
        match found.head {
            Some(head) => self.outbox.load(record, head),
            None => {
                self.empty.insert(record.row, Arc::clone(record));
            }
        }
        Ok(Step::Say(Said::Sok(self.service_id())))
    }

    fn subscribe_notifier(&self, record: &Arc<Record>) -> Result<Step, Error> {
        let shared = &self.shared;
        let notifier = record.notifier.as_ref().ok_or(Error::Auth)?;
        if let Some(change) = self.belonging(Side::Notifier, record) {
            return Ok(change);
        }
        let subscribed = shared
            .notifiers
            .subscribe(record.row, notifier.id, &self.outbox);
        shared.counters.count(match subscribed {
            Subscribed::Again => Counter::NtfSubDuplicate,
            _ => Counter::NtfSub,
        });
        if let Subscribed::TakenFrom(previous) = subscribed {
            let end = Answer::event(&notifier.id, Said::End);
            shared.later.tell(&previous, end);
        }
        shared.due.add(record.row);
        Ok(Step::Say(Said::Sok(self.service_id())))
    }

    async fn get(&mut self, record: &Arc<Record>) -> Result<Step, Error> {
        let shared = Arc::clone(&self.shared);
        let counters = &shared.counters;
        record.unless_blocked()?;
        if shared
            .subscriptions
            .delivered(record.row, &self.outbox)
            .is_some()
        {
            counters.count(Counter::MsgGetProhibited);
            return Err(Error::Cmd(CommandError::Prohibited));
        }
        shared.touch(record);
        let head = self.head(record).await?;
        let read = head.as_ref().map(|message| message.id);
        let before = self.got.insert(record.row, read).flatten();
        Ok(Step::Say(match head {
            None => {
                counters.count(Counter::MsgGetNoMsg);
                Said::Ok
            }
            Some(message) => {
                counters.count(if before == read {
                    Counter::MsgGetDuplicate
                } else {
                    Counter::MsgGet
                });
                Said::Msg(Arc::clone(record), message)
            }
        }))
    }

    pub(super) async fn head(&self, record: &Record) -> Result<Option<Stored>, Error> {
        let heads = self.shared.reads.heads(&[record.row]).await;
        let heads = heads.map_err(|error| read_error(&error))?;
        Ok(heads.into_iter().next().map(|(_, message)| message))
    }

    /// Only what was delivered here can be acknowledged here.
    fn acknowledge(&self, record: &Arc<Record>, id: &[u8]) -> Result<Step, Error> {
        record.unless_blocked()?;
        let subscription = self
            .shared
            .subscriptions
            .delivered(record.row, &self.outbox);
        let (delivered, subscribed) = match subscription {
            Some(Delivered(delivered)) => (delivered, true),
            None => (self.got.get(&record.row).copied().flatten(), false),
        };
        let delivered = delivered.ok_or(Error::NoMsg)?;
        let id = match id {
            // The reference removes nothing then, and says what comes next.
            [] => None,
            id if *id == delivered => Some(delivered),
            _ => return Err(Error::NoMsg),
        };
        self.shared.touch(record);
        let op = Op::Ack { id, subscribed };
        Ok(Step::Write(of(record, op), Promise::Outcome))
    }

    fn send(
        &self,
        record: &Arc<Record>,
        version: Version,
        notification: bool,
        body: &[u8],
    ) -> Result<Step, Error> {
        let shared = &self.shared;
        record.may_send(body.len(), version).inspect_err(|error| {
            shared.counters.count(match error {
                Error::LargeMsg => Counter::MsgSentLarge,
                Error::Blocked(_) => Counter::MsgSentBlock,
                _ => Counter::MsgSentAuth,
            });
        })?;
        shared.touch(record);
        let message = Stored {
            id: shared.entropy.bytes(),
            sent_at: shared.now(),
            content: Content::Sent {
                notification,
                body: Arc::new(body.to_vec()),
            },
        };
        let sending = Sending {
            notification: notification
                .then(|| self.notification(record, &message))
                .flatten(),
            expire_before: self.expire_before(record),
            drop_link: record.link_id.is_some() && record.is_secured_messaging(),
            message,
        };
        let op = Op::Send(Box::new(sending));
        Ok(Step::Write(of(record, op), Promise::Outcome))
    }

    fn expire_before(&self, record: &Record) -> Option<i64> {
        let settings = self.shared.settings.now();
        if !settings.expire_on_send {
            return None;
        }
        let patience = settings.message_lifetime?.as_secs() / 64;
        let before = self.shared.messages_expire_before()?;
        let due = record
            .expired
            .is_due(before, i64::try_from(patience).unwrap_or(i64::MAX));
        due.then_some(before)
    }

    fn notification(&self, record: &Record, message: &Stored) -> Option<NewNotification> {
        let notifier = record.notifier.as_ref()?;
        let meta = NotificationMeta {
            message_id: (&message.id).into(),
            timestamp: message.sent_at,
        };
        let nonce = self.shared.entropy.bytes();
        let meta = seal_notification(&notifier.meta_key, Nonce(nonce), &meta).ok()?;
        Some(NewNotification {
            notifier_id: notifier.id,
            service: notifier.service,
            nonce,
            meta,
        })
    }

    async fn read_link(&self, record: &Record) -> Result<Step, Error> {
        record.read_contact_link()?;
        self.shared.touch(record);
        self.link_of(record).await
    }

    async fn link_of(&self, record: &Record) -> Result<Step, Error> {
        let link = self.shared.reads.link(record.row).await;
        let link = link.map_err(|error| read_error(&error))?;
        Ok(Step::Say(lnk(record, link)))
    }

    async fn secure_and_read_link(
        &self,
        record: &Arc<Record>,
        key: &AuthKey,
    ) -> Result<Step, Error> {
        match record.secure_by_sender(key)? {
            Decision::Done => self.link_of(record).await,
            Decision::Change => {
                let op = Op::Secure {
                    key: *key,
                    link: true,
                };
                Ok(Step::Write(of(record, op), Promise::Outcome))
            }
        }
    }

    fn set_notifier(&self, record: &Arc<Record>, new: &NewNotifier) -> Result<Step, Error> {
        record.unless_blocked()?;
        let (row, dh_key) = self.make_notifier(new)?;
        let said = Said::Nid {
            notifier_id: row.id,
            dh_key,
        };
        Ok(write(record, Op::SetNotifier(Some(row)), said))
    }

    /// What is said of a change that was made, or was not.
    pub(super) fn keep(&mut self, task: &Task<'_, '_>, promise: Promise, outcome: Outcome) -> Said {
        let record = task.located.as_ref().map(|located| &located.found.record);
        match (outcome, promise, record) {
            (Outcome::Taken, Promise::Ids { chosen: true, .. }, _)
            | (Outcome::Linked(Linked::Refused), ..) => Said::Err(Error::Auth),
            (Outcome::Taken | Outcome::Stale, ..) => Said::Err(Error::Internal),
            (Outcome::Sent { sent, .. }, ..) => self.sent(&sent),
            (Outcome::Link(link), _, Some(record)) => lnk(record, link),
            (Outcome::Belongs(Some(head)), Promise::Say(said), Some(record)) => {
                self.outbox.load(record, head);
                said
            }
            (Outcome::Acked { acked, deliver }, _, Some(record)) => {
                if let Some(read) = self.got.get_mut(&record.row) {
                    *read = None;
                }
                match acked.next.filter(|_| deliver.get() == Some(&true)) {
                    Some(next) => Said::Msg(Arc::clone(record), next),
                    None => Said::Ok,
                }
            }
            (_, Promise::Say(said) | Promise::Ids { said, .. }, _) => said,
            (_, Promise::Outcome, _) => Said::Ok,
        }
    }

    fn sent(&self, sent: &Sent) -> Said {
        match sent {
            Sent::Stored => Said::Ok,
            Sent::FilledUp(_) | Sent::Full => {
                self.shared.counters.count(Counter::MsgSentQuota);
                Said::Err(Error::Quota)
            }
        }
    }
}

fn secured(
    record: &Arc<Record>,
    decision: Result<Decision, Error>,
    key: &AuthKey,
) -> Result<Step, Error> {
    let op = Op::Secure {
        key: *key,
        link: false,
    };
    Ok(match decision? {
        Decision::Done => Step::Say(Said::Ok),
        Decision::Change => write(record, op, Said::Ok),
    })
}

fn replace_recipients(record: &Arc<Record>, keys: &[AuthKey]) -> Result<Step, Error> {
    record.replace_recipients()?;
    Ok(write(record, Op::SetRecipients(keys.to_vec()), Said::Ok))
}

fn set_link(record: &Arc<Record>, id: &[u8], data: &LinkData<'_>) -> Result<Step, Error> {
    let linking = record.set_link(id)?;
    let data = LinkRow::from(data);
    let op = match linking {
        Linking::New => Op::AddLink(NewLinkRow {
            id: id.to_vec(),
            data,
        }),
        Linking::Replace => Op::ReplaceLink(data),
    };
    Ok(write(record, op, Said::Ok))
}

fn drop_link(record: &Arc<Record>) -> Result<Step, Error> {
    record.unless_blocked()?;
    Ok(match record.link_id {
        None => Step::Say(Said::Ok),
        Some(_) => write(record, Op::DropLink, Said::Ok),
    })
}

fn drop_notifier(record: &Arc<Record>) -> Result<Step, Error> {
    record.unless_blocked()?;
    Ok(match record.notifier {
        None => Step::Say(Said::Ok),
        Some(_) => write(record, Op::SetNotifier(None), Said::Ok),
    })
}

fn write(record: &Arc<Record>, op: Op, said: Said) -> Step {
    Step::Write(of(record, op), Promise::Say(said))
}

fn of(record: &Arc<Record>, op: Op) -> Change {
    Change::Of(Arc::clone(record), op)
}

fn lnk(record: &Record, link: Option<LinkRow>) -> Said {
    link.map_or(Said::Err(Error::Auth), |link| Said::Lnk {
        sender_id: record.sender_id,
        fixed: link.fixed,
        user: link.user,
    })
}

impl From<&LinkData<'_>> for LinkRow {
    fn from(data: &LinkData<'_>) -> Self {
        Self {
            fixed: data.fixed.to_vec(),
            user: data.user.to_vec(),
        }
    }
}
