//! The newest messages of a room, in memory: every one whose number is above a floor.
//!
//! What was posted after the floor is complete by id, too, because ids and numbers grow together;
//! so a window answers most questions about what is recent and all about what is new.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::MessageId;
use super::message::StoredMessage;
use crate::domain::counters::Shown;
use crate::domain::whisper::Reader;
use crate::private::private_debug;

/// How many messages a window begins with.
pub(crate) const SIZE: usize = 128;
/// How many it grows to before the oldest are dropped.
const MAX_SIZE: usize = 192;
/// How many bytes it grows to before the oldest are dropped.
const MAX_BYTES: usize = 1 << 20;

/// A message and how it is to be shown.
pub(crate) type ToShow = (Arc<StoredMessage>, Shown);

/// The newest messages of a room. It does not change: commits put another in its place.
#[derive(Clone)]
pub(crate) struct Window {
    /// By number, then id: numbers of imported messages may be the same.
    by_seqno: BTreeMap<(i64, MessageId), Arc<StoredMessage>>,
    seqnos: HashMap<MessageId, i64>,
    /// Every message with a higher number is here.
    floor: i64,
    bytes: usize,
}

private_debug!(Window);

impl Window {
    /// Of the messages with the highest numbers; `complete` if there are no others.
    pub(crate) fn new(newest: Vec<Arc<StoredMessage>>, complete: bool) -> Self {
        let lowest = newest.iter().map(|message| message.sequence.seqno()).min();
        let mut window = Self {
            by_seqno: BTreeMap::new(),
            seqnos: HashMap::new(),
            floor: if complete { -1 } else { lowest.unwrap_or(-1) },
            bytes: 0,
        };
        for message in newest {
            window.put(message);
        }
        window.prune();
        window
    }

    /// With one that is new, or other than it was.
    pub(crate) fn with(&self, message: &Arc<StoredMessage>) -> Self {
        let mut window = self.clone();
        window.put(Arc::clone(message));
        window.prune();
        window
    }

    /// About how many bytes of memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The newest messages somebody reads, newest first; `None` if the window does not know all
    /// of them.
    pub(crate) fn recent(&self, reader: Reader, limit: usize) -> Option<Vec<Arc<StoredMessage>>> {
        let complete = self.floor < 0;
        let known = self.by_seqno.values();
        let known = known.filter(|message| complete || message.sequence.creation > self.floor);
        let mut found: Vec<_> = known
            .filter(|message| message.visible(reader))
            .cloned()
            .collect();
        found.sort_unstable_by_key(|message| std::cmp::Reverse(message.id));
        found.truncate(limit);
        (complete || found.len() == limit).then_some(found)
    }

    /// What is news after a number, in order; `None` if the window does not know all of it.
    pub(crate) fn since(
        &self,
        reader: Reader,
        since: i64,
        limit: usize,
        reactions: bool,
    ) -> Option<Vec<ToShow>> {
        if since < self.floor {
            return None;
        }
        let after = (since.saturating_add(1), MessageId(i64::MIN));
        let news = self.by_seqno.range(after..).map(|(_, message)| message);
        let news = news.filter_map(|message| show(message, reader, since, reactions));
        Some(news.take(limit).collect())
    }

    fn put(&mut self, message: Arc<StoredMessage>) {
        let seqno = message.sequence.seqno();
        if let Some(before) = self.seqnos.insert(message.id, seqno) {
            self.forget((before, message.id));
        }
        self.bytes += message.bytes();
        self.by_seqno.insert((seqno, message.id), message);
    }

    fn forget(&mut self, key: (i64, MessageId)) {
        if let Some(message) = self.by_seqno.remove(&key) {
            self.bytes -= message.bytes();
        }
    }

    fn prune(&mut self) {
        if self.by_seqno.len() <= MAX_SIZE && self.bytes <= MAX_BYTES {
            return;
        }
        while self.by_seqno.len() > SIZE || self.bytes > MAX_BYTES {
            let Some(&key) = self.by_seqno.keys().next() else {
                return;
            };
            self.forget(key);
            self.seqnos.remove(&key.1);
            self.floor = self.floor.max(key.0);
        }
    }
}

/// How a message is shown to somebody who has seen everything up to `since`. Who may not read a
/// message hears nothing of its deletion either.
pub(crate) fn show(
    message: &Arc<StoredMessage>,
    reader: Reader,
    since: i64,
    reactions: bool,
) -> Option<ToShow> {
    let post = &message.post;
    if post.filtered || !post.audience.includes(reader) {
        return None;
    }
    let shown = message.sequence.shown(since, post.deleted, reactions)?;
    Some((Arc::clone(message), shown))
}
