//! What an operator may do to a queue: look, block, unblock, delete.
//!
//! A queue is named by its sender id, or by its link's.

use std::sync::Arc;
use std::sync::Mutex;

use super::block::Block;
use super::change::{Change, Op, Outcome};
use super::outbox::Outbox;
use super::shared::lock;
use super::{Engine, Shared};
use crate::queue::{Record, Status};
use crate::store::Role;
use crate::wire::{BlockingInfo, QueueMode};

/// How often a queue that is being changed by others is tried again.
const ATTEMPTS: u32 = 5;

/// What an operator sees of a queue.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct QueueState {
    pub(crate) status: Status,
    pub(crate) mode: Option<QueueMode>,
    pub(crate) secured: bool,
    pub(crate) notifier: bool,
    pub(crate) link: bool,
    /// Messages waiting.
    pub(crate) messages: u64,
    /// The day it was last used, counted from 1970.
    pub(crate) used_day: i64,
}

/// What became of an operator's wish.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Blocked {
    /// It is blocked now.
    Now,
    /// It was blocked or suspended before.
    Already(Status),
}

/// What became of the wish to unblock.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unblocked {
    /// It may be used again; it was blocked for this.
    Now(BlockingInfo),
    /// It was not blocked.
    WasNot(Status),
}

/// Why an operator's wish was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdminError {
    /// No queue has this id.
    #[error("no queue has this sender or link id")]
    NotFound,
    /// So many were blocked today already.
    #[error("reached the limit of {0} queues blocked in a day")]
    TooManyToday(u32),
    /// It is being changed all the time.
    #[error("the queue is being changed; try again")]
    Changing,
    /// The database could not be read.
    #[error(transparent)]
    Read(#[from] relay_storage::ReadError),
    /// The database could not be written.
    #[error(transparent)]
    Write(#[from] relay_storage::WriteError),
}

/// How many queues were blocked on which day.
#[derive(Debug, Default)]
pub(crate) struct BlocksToday(Mutex<(i64, u32)>);

impl BlocksToday {
    /// Takes one of the day's; false if there is none left.
    fn take(&self, day: i64, most: u32) -> bool {
        let mut blocked = lock(&self.0);
        if blocked.0 != day {
            *blocked = (day, 0);
        }
        let left = blocked.1 < most;
        blocked.1 += u32::from(left);
        left
    }
}

impl Engine {
    /// A queue's state.
    pub(crate) async fn show_queue(&self, id: &[u8]) -> Result<QueueState, AdminError> {
        let record = self.shared.by_sender_or_link(id).await?;
        Ok(QueueState {
            status: record.status,
            mode: record.mode,
            secured: record.sender_key.is_some(),
            notifier: record.notifier.is_some(),
            link: record.link_id.is_some(),
            messages: self.shared.reads.size(record.row).await?,
            used_day: record.used.day(),
        })
    }

    /// Blocks a queue, within the day's limit; its subscriber is told at once.
    pub(crate) async fn block_queue(
        &self,
        id: &[u8],
        info: BlockingInfo,
    ) -> Result<Blocked, AdminError> {
        let shared = &self.shared;
        for _ in 0..ATTEMPTS {
            let record = shared.by_sender_or_link(id).await?;
            if record.status != Status::Active {
                return Ok(Blocked::Already(record.status));
            }
            let most = shared.settings.now().blocks_a_day;
            if !shared.blocks.take(shared.today(), most) {
                return Err(AdminError::TooManyToday(most));
            }
            if let Outcome::Done = shared.change(record, Op::Block(Some(info))).await? {
                return Ok(Blocked::Now);
            }
        }
        Err(AdminError::Changing)
    }

    /// Lets a blocked queue be used again.
    pub(crate) async fn unblock_queue(&self, id: &[u8]) -> Result<Unblocked, AdminError> {
        for _ in 0..ATTEMPTS {
            let record = self.shared.by_sender_or_link(id).await?;
            let Status::Blocked(info) = record.status else {
                return Ok(Unblocked::WasNot(record.status));
            };
            if let Outcome::Done = self.shared.change(record, Op::Block(None)).await? {
                return Ok(Unblocked::Now(info));
            }
        }
        Err(AdminError::Changing)
    }

    /// Deletes a queue; gives how many messages went with it.
    pub(crate) async fn delete_queue(&self, id: &[u8]) -> Result<u64, AdminError> {
        for _ in 0..ATTEMPTS {
            let record = self.shared.by_sender_or_link(id).await?;
            if let Outcome::Deleted(deleted) = self.shared.change(record, Op::Delete).await? {
                return Ok(deleted.messages);
            }
        }
        Err(AdminError::Changing)
    }
}

impl Shared {
    async fn by_sender_or_link(&self, id: &[u8]) -> Result<Arc<Record>, AdminError> {
        for role in [Role::Sender, Role::Link] {
            let found = self.reads.find(role, &[id]).await?;
            if let Some(found) = found.into_iter().next() {
                return Ok(found.record);
            }
        }
        Err(AdminError::NotFound)
    }

    /// Changes one queue for nobody's connection.
    async fn change(self: &Arc<Self>, record: Arc<Record>, op: Op) -> Result<Outcome, AdminError> {
        let block = Block {
            shared: Arc::clone(self),
            outbox: Arc::new(Outbox::new(self.settings.now().waiting, &self.waiting)),
            now: self.now(),
            changes: vec![Change::Of(record, op)],
        };
        let outcomes = self.store.write(block).await?;
        outcomes.into_iter().next().ok_or(AdminError::Changing)
    }
}
