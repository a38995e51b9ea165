//! `QUE`: a queue's state as its recipient may see it.

use std::sync::Arc;

use super::connection::Connection;
use super::shared::read_error;
use super::step::Step;
use super::subscriptions::Delivered;
use super::{Content, Said, Stored};
use crate::queue::Record;
use crate::wire::{
    Error, MessageInfo, MessageType, QueueInfo, SubscriptionInfo, SubscriptionThread,
};

impl Connection {
    pub(super) async fn inspect(&self, record: &Arc<Record>) -> Result<Step, Error> {
        record.unless_blocked()?;
        let size = self.shared.reads.size(record.row).await;
        let info = QueueInfo {
            secured: record.sender_key.is_some(),
            notifier: record.notifier.is_some(),
            subscription: self.subscription(record),
            size: size.map_err(|error| read_error(&error))?,
            message: self.head(record).await?.as_ref().map(message),
        };
        let json = serde_json::to_vec(&info).map_err(|_| Error::Internal)?;
        Ok(Step::Say(Said::Info(json)))
    }

    fn subscription(&self, record: &Record) -> Option<SubscriptionInfo> {
        let delivered = self
            .shared
            .subscriptions
            .delivered(record.row, &self.outbox);
        let (thread, delivered) = match delivered {
            Some(Delivered(delivered)) => (SubscriptionThread::NoSub, delivered),
            None => (SubscriptionThread::ProhibitSub, *self.got.get(&record.row)?),
        };
        Some(SubscriptionInfo::new(
            thread,
            delivered.as_ref().map(|id| &id[..]),
        ))
    }
}

fn message(message: &Stored) -> MessageInfo {
    let kind = match message.content {
        Content::Sent { .. } => MessageType::Message,
        Content::Quota => MessageType::Quota,
    };
    MessageInfo::new(&message.id, message.sent_at, kind)
}
