//! A queue's state as `INFO` tells it: JSON whose absent values are left out, never null.

use serde::{Deserialize, Serialize};

/// The answer to `QUE`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct QueueInfo {
    /// Whether a sender's key is set.
    #[serde(rename = "qiSnd")]
    pub secured: bool,
    /// Whether there is a notifier.
    #[serde(rename = "qiNtf")]
    pub notifier: bool,
    /// This connection's subscription.
    #[serde(rename = "qiSub", skip_serializing_if = "Option::is_none")]
    pub subscription: Option<SubscriptionInfo>,
    /// How many messages wait.
    #[serde(rename = "qiSize")]
    pub size: u64,
    /// The first of them.
    #[serde(rename = "qiMsg", skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageInfo>,
}

/// A connection's subscription to the queue.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SubscriptionInfo {
    /// How far it is.
    #[serde(rename = "qSubThread")]
    pub thread: SubscriptionThread,
    /// The message that waits for its acknowledgement.
    #[serde(rename = "qDelivered", skip_serializing_if = "Option::is_none")]
    pub delivered: Option<String>,
}

/// The reference's states of a subscription, in its words.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SubscriptionThread {
    /// Messages are pushed at once.
    NoSub,
    /// A push waits for room.
    SubPending,
    /// A push is under way.
    SubThread,
    /// The connection reads with `GET`.
    ProhibitSub,
}

/// A message without its body.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct MessageInfo {
    /// Its id, in standard base64.
    #[serde(rename = "msgId")]
    pub id: String,
    /// RFC 3339, UTC.
    #[serde(rename = "msgTs")]
    pub timestamp: String,
    /// What it is.
    #[serde(rename = "msgType")]
    pub kind: MessageType,
}

/// What a message is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum MessageType {
    /// Sent by somebody.
    Message,
    /// The quota marker.
    Quota,
}

impl MessageInfo {
    /// For a message of `timestamp`, in Unix seconds; out of this calendar it becomes 1970.
    pub fn new(id: &[u8], timestamp: i64, kind: MessageType) -> Self {
        let timestamp = jiff::Timestamp::from_second(timestamp).unwrap_or_default();
        Self {
            id: encode_id(id),
            timestamp: timestamp.to_string(),
            kind,
        }
    }
}

impl SubscriptionInfo {
    /// For a subscription with `delivered` waiting for its acknowledgement.
    pub fn new(thread: SubscriptionThread, delivered: Option<&[u8]>) -> Self {
        Self {
            thread,
            delivered: delivered.map(encode_id),
        }
    }
}

fn encode_id(id: &[u8]) -> String {
    data_encoding::BASE64.encode(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_the_reference_writes_it() {
        let info = QueueInfo {
            secured: true,
            notifier: false,
            subscription: Some(SubscriptionInfo::new(
                SubscriptionThread::NoSub,
                Some(&[1; 24]),
            )),
            size: 1,
            message: Some(MessageInfo::new(
                &[1; 24],
                1_750_000_000,
                MessageType::Message,
            )),
        };
        let json = serde_json::to_string(&info).unwrap();
        insta::assert_snapshot!(json, @r#"{"qiSnd":true,"qiNtf":false,"qiSub":{"qSubThread":"noSub","qDelivered":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"},"qiSize":1,"qiMsg":{"msgId":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB","msgTs":"2025-06-15T15:06:40Z","msgType":"message"}}"#);
        assert_eq!(serde_json::from_str::<QueueInfo>(&json).unwrap(), info);
        let empty = QueueInfo {
            subscription: None,
            message: None,
            size: 0,
            ..info
        };
        insta::assert_snapshot!(serde_json::to_string(&empty).unwrap(), @r#"{"qiSnd":true,"qiNtf":false,"qiSize":0}"#);
    }
}
