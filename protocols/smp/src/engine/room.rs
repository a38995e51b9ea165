//! Memory for message bodies that wait: so much for one connection, so much for all together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many bytes may wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// For one connection.
    pub(crate) each: usize,
    /// For all together.
    pub(crate) all: usize,
}

/// The bytes that wait for all connections.
#[derive(Debug, Default)]
pub(crate) struct Total(AtomicUsize);

/// The bytes that wait for one connection; given back when it goes.
#[derive(Debug)]
pub(crate) struct Held {
    room: Room,
    total: Arc<Total>,
    bytes: usize,
}

impl Held {
    pub(crate) fn new(room: Room, total: &Arc<Total>) -> Self {
        Self {
            room,
            total: Arc::clone(total),
            bytes: 0,
        }
    }

    /// Takes room for this many bytes, if there is.
    pub(crate) fn take(&mut self, bytes: usize) -> bool {
        let all = self.total.0.load(Ordering::Relaxed);
        let fits = self.bytes + bytes <= self.room.each && all + bytes <= self.room.all;
        if fits {
            self.keep(bytes);
        }
        fits
    }

    /// Takes room that there was a moment ago.
    pub(crate) fn keep(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.total.0.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Gives room back.
    pub(crate) fn give(&mut self, bytes: usize) {
        self.bytes -= bytes;
        self.total.0.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Whether all of the connection's own is taken.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes > self.room.each
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.give(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_goes_gives_back_what_waited() {
        let total = Arc::new(Total::default());
        let room = Room {
            each: 100,
            all: 150,
        };
        let mut first = Held::new(room, &total);
        let mut second = Held::new(room, &total);
        assert!(first.take(100) && !first.take(1), "a connection's own");
        assert!(second.take(50) && !second.take(1), "that of all");
        drop(first);
        assert!(second.take(50) && !second.take(1));
    }
}
