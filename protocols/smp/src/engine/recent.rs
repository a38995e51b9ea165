//! What was committed a moment ago.
//!
//! Whoever reads a queue from the database and then acts on memory must not miss what was
//! committed in between. So commits leave a note here, in commit order and before they look at
//! memory; a reader takes a [`Mark`] before it reads and asks for the notes since then after it
//! has acted. Who asks too late for the short memory of this log is told "perhaps".

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Notes kept.
const NOTES: usize = 4096;

/// A moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark(u64);

/// What happened to a queue.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Note {
    /// It was deleted.
    Gone,
    /// It got a message.
    Sent,
}

/// The notes.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    log: Mutex<Log>,
}

#[derive(Debug, Default)]
struct Log {
    /// How many there ever were.
    written: u64,
    notes: VecDeque<(i64, Note)>,
}

impl Recent {
    /// Now.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.lock().written)
    }

    /// Something was committed.
    pub(crate) fn note(&self, row: i64, note: Note) {
        let mut log = self.lock();
        if log.notes.len() == NOTES {
            log.notes.pop_front();
        }
        log.notes.push_back((row, note));
        log.written += 1;
    }

    /// What happened since to the queues that `wanted` knows; `None` if that is not known.
    pub(crate) fn since(
        &self,
        mark: Mark,
        wanted: impl Fn(i64) -> bool,
    ) -> Option<Vec<(i64, Note)>> {
        let log = self.lock();
        let newer = usize::try_from(log.written.saturating_sub(mark.0)).unwrap_or(usize::MAX);
        let older = log.notes.len().checked_sub(newer)?;
        let newer = log.notes.range(older..);
        Some(newer.filter(|(row, _)| wanted(*row)).copied().collect())
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_remembers_what_came_after_a_mark_or_says_that_it_does_not() {
        let recent = Recent::default();
        recent.note(1, Note::Sent);
        let mark = recent.mark();
        assert_eq!(recent.since(mark, |_| true), Some(vec![]));
        recent.note(2, Note::Sent);
        recent.note(3, Note::Gone);
        assert_eq!(
            recent.since(mark, |row| row == 3),
            Some(vec![(3, Note::Gone)])
        );
        for _ in 0..NOTES {
            recent.note(4, Note::Sent);
        }
        assert_eq!(recent.since(mark, |_| true), None);
    }
}
