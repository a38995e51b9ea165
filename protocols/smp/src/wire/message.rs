//! What is inside a message and a notification once they are decrypted, and how long both are.
//!
//! ```text
//! message      = int64 timestamp || flag || ' ' || body     padded to 16106
//!              | "QUOTA " || int64 timestamp                the queue was full
//! notification = short msgId || int64 timestamp             padded to 128
//! ```

use std::fmt;

use super::{Encode, Malformed, Reader, Short, Writer};

/// A message before encryption, padded.
pub const PADDED_MESSAGE: usize = 16106;
/// A notification's metadata before encryption, padded.
pub const PADDED_NOTIFICATION: usize = 128;
/// A command or its answer inside private routing before encryption, padded.
pub const PADDED_FORWARDED: usize = 16226;

const QUOTA: &[u8] = b"QUOTA ";

/// What the recipient finds in a message.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Message<'a> {
    /// What a sender sent.
    Sent {
        /// Unix seconds at which the server took it.
        timestamp: i64,
        /// Whether a notification was asked for.
        notification: bool,
        /// As it was sent.
        body: &'a [u8],
    },
    /// The queue was full; senders were turned away until this is acknowledged.
    Quota {
        /// Unix seconds at which that began.
        timestamp: i64,
    },
}

impl<'a> Message<'a> {
    /// Parses an unpadded message.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        if let Some(rest) = bytes.strip_prefix(QUOTA) {
            let timestamp = Reader::all(rest, Reader::int64)?;
            return Ok(Self::Quota { timestamp });
        }
        let mut reader = Reader::new(bytes);
        let (timestamp, notification) = (reader.int64()?, reader.bool()?);
        // flags of later servers
        reader.word();
        reader.space()?;
        Ok(Self::Sent {
            timestamp,
            notification,
            body: reader.tail(),
        })
    }
}

impl Encode for Message<'_> {
    fn encode(&self, out: &mut Writer<'_>) {
        match *self {
            Self::Sent {
                timestamp,
                notification,
                body,
            } => {
                out.int64(timestamp);
                out.bool(notification);
                out.byte(b' ');
                out.bytes(body);
            }
            Self::Quota { timestamp } => {
                out.bytes(QUOTA);
                out.int64(timestamp);
            }
        }
    }
}

/// What the recipient finds in a notification.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NotificationMeta<'a> {
    /// Of the message.
    pub message_id: Short<'a>,
    /// Of the message.
    pub timestamp: i64,
}

impl<'a> NotificationMeta<'a> {
    /// Parses unpadded metadata; later servers may say more.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        Ok(Self {
            message_id: reader.short()?,
            timestamp: reader.int64()?,
        })
    }
}

impl Encode for NotificationMeta<'_> {
    fn encode(&self, out: &mut Writer<'_>) {
        out.short(self.message_id);
        out.int64(self.timestamp);
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sent { .. } => "Message",
            Self::Quota { .. } => "Message(quota)",
        })
    }
}
