//! The changes that commands ask for, and what becomes of them.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::Stored;
use crate::queue::{EntityId, Record};
use crate::store::LinkRow;
use crate::store::services::Belonging;
use crate::store::writes::{
    Acked, Deleted, Linked, NewLinkRow, NewNotification, NewNotifierRow, NewQueue, Sent,
};
use crate::wire::{AuthKey, BlockingInfo};

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

impl Change {
    /// About how many bytes it writes.
    pub(super) fn weight(&self) -> usize {
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

impl fmt::Debug for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Op")
    }
}

impl fmt::Debug for Creation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Creation")
    }
}
