//! The newest messages of a room, in memory: every one whose number is above a floor.
//!
//! What was posted after the floor is complete by id, too, because ids and numbers grow together;
//! so a window answers most questions about what is recent and all about what is new.

use std::cmp::Reverse;
use std::sync::Arc;

use super::MessageId;
use super::message::StoredMessage;
use crate::domain::counters::Shown;
use crate::domain::whisper::Reader;
use crate::private::private_debug;

/// How many bytes it grows to before the oldest are dropped.
const MAX_BYTES: usize = 1 << 20;

/// A message and how it is to be shown.
pub(crate) type ToShow = (Arc<StoredMessage>, Shown);

/// The newest messages of a room. It does not change: commits put another in its place, so it is
/// made of what is quickly copied.
#[derive(Clone)]
pub(crate) struct Window {
    /// By number, then id: numbers of imported messages may be the same.
    places: Vec<Place>,
    /// How many messages are left when the oldest are dropped.
    size: usize,
    /// Every message with a higher number is here.
    floor: i64,
    bytes: usize,
}

#[derive(Clone)]
struct Place {
    seqno: i64,
    id: MessageId,
    message: Arc<StoredMessage>,
}

private_debug!(Window);

impl Window {
    /// Of the messages with the highest numbers, so many if there are as many; `complete` if there
    /// are no others.
    pub(crate) fn new(newest: Vec<Arc<StoredMessage>>, size: usize, complete: bool) -> Self {
        let lowest = newest.iter().map(|message| message.sequence.seqno()).min();
        let mut window = Self {
            places: Vec::with_capacity(newest.len()),
            size,
            floor: if complete { -1 } else { lowest.unwrap_or(-1) },
            bytes: 0,
        };
        for message in newest.into_iter().rev() {
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
        let known = self.places.iter();
        let known = known.filter(|at| complete || at.message.sequence.creation > self.floor);
        let mut found: Vec<_> = known.filter(|at| at.message.visible(reader)).collect();
        found.sort_unstable_by_key(|at| Reverse(at.id));
        found.truncate(limit);
        let all = complete || found.len() == limit;
        all.then(|| found.iter().map(|at| Arc::clone(&at.message)).collect())
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
        let seen = self.places.partition_point(|at| at.seqno <= since);
        let news = self.places[seen..].iter();
        let news = news.filter_map(|at| show(&at.message, reader, since, reactions));
        Some(news.take(limit).collect())
    }

    fn put(&mut self, message: Arc<StoredMessage>) {
        let (seqno, id) = (message.sequence.seqno(), message.id);
        if let Some(before) = self.places.iter().position(|at| at.id == id) {
            self.bytes -= self.places.remove(before).message.bytes();
        }
        self.bytes += message.bytes();
        let place = Place { seqno, id, message };
        let lower = |at: &Place| (at.seqno, at.id) < (seqno, id);
        self.places
            .insert(self.places.partition_point(lower), place);
    }

    /// Drops the oldest when there are half as many again as there should be.
    fn prune(&mut self) {
        if self.places.len() <= self.size + self.size / 2 && self.bytes <= MAX_BYTES {
            return;
        }
        let (mut drop, mut bytes) = (0, self.bytes);
        while self.places.len() - drop > self.size || bytes > MAX_BYTES {
            bytes -= self.places[drop].message.bytes();
            drop += 1;
        }
        self.floor = self.places[..drop]
            .last()
            .map_or(self.floor, |at| at.seqno.max(self.floor));
        self.places.drain(..drop);
        self.bytes = bytes;
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
