//! How many different queues had a message in a day, a week, a month.
//!
//! Exact, with one bit per queue: rows are numbered from one up, so a set of them is a few chunks
//! of bits. What a chunk says is the number of a row and no more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::store::figures::Chunk;

/// Bits of a chunk.
const BITS: i64 = 4096;
const WORDS: usize = 64;

/// A period, and whether messages or notifications are meant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Period {
    Day,
    Week,
    Month,
    NtfDay,
    NtfWeek,
    NtfMonth,
}

const MESSAGES: [Period; 3] = [Period::Day, Period::Week, Period::Month];
const NOTIFICATIONS: [Period; 3] = [Period::NtfDay, Period::NtfWeek, Period::NtfMonth];

/// The active queues of all periods.
#[derive(Debug, Default)]
pub(crate) struct Active {
    sets: Mutex<[Rows; 6]>,
}

#[derive(Debug, Default)]
struct Rows {
    chunks: BTreeMap<i64, Box<[u64; WORDS]>>,
    count: u64,
    /// Chunks not written down yet.
    changed: BTreeSet<i64>,
    /// Whether everything written down is of an earlier period.
    cleared: bool,
}

impl Active {
    /// A message went into or out of this queue.
    pub(crate) fn message(&self, row: i64) {
        let mut sets = self.lock();
        for period in MESSAGES {
            sets[period as usize].insert(row);
        }
    }

    /// A notification of this queue was handed out.
    pub(crate) fn notification(&self, row: i64) {
        let mut sets = self.lock();
        for period in NOTIFICATIONS {
            sets[period as usize].insert(row);
        }
    }

    /// How many queues were active.
    pub(crate) fn count(&self, period: Period) -> u64 {
        self.lock()[period as usize].count
    }

    /// A new period begins.
    pub(crate) fn clear(&self, period: Period) {
        self.lock()[period as usize] = Rows {
            cleared: true,
            ..Rows::default()
        };
    }

    /// What is to be written down: periods begun anew, and chunks.
    pub(crate) fn changes(&self) -> (Vec<i16>, Vec<Chunk>) {
        let (mut cleared, mut chunks) = (Vec::new(), Vec::new());
        for (period, rows) in (0..).zip(self.lock().iter_mut()) {
            if std::mem::take(&mut rows.cleared) {
                cleared.push(period);
            }
            for chunk in std::mem::take(&mut rows.changed) {
                if let Some(words) = rows.chunks.get(&chunk) {
                    let bits = words.iter().flat_map(|word| word.to_le_bytes()).collect();
                    chunks.push(Chunk {
                        period,
                        number: chunk,
                        bits,
                    });
                }
            }
        }
        (cleared, chunks)
    }

    /// These could not be written down.
    pub(crate) fn changed_still(&self, cleared: &[i16], chunks: &[Chunk]) {
        let mut sets = self.lock();
        let at = |period: &i16| usize::try_from(*period).unwrap_or(usize::MAX);
        for period in cleared {
            if let Some(rows) = sets.get_mut(at(period)) {
                rows.cleared = true;
            }
        }
        for chunk in chunks {
            if let Some(rows) = sets.get_mut(at(&chunk.period)) {
                rows.changed.insert(chunk.number);
            }
        }
    }

    /// Takes up what was written down.
    pub(crate) fn restore(&self, stored: &Chunk) {
        let Ok(period) = usize::try_from(stored.period) else {
            return;
        };
        if let Some(rows) = self.lock().get_mut(period) {
            let mut words = Box::new([0; WORDS]);
            for (word, bytes) in words.iter_mut().zip(stored.bits.as_chunks::<8>().0) {
                *word = u64::from_le_bytes(*bytes);
            }
            rows.count += words
                .iter()
                .map(|word| u64::from(word.count_ones()))
                .sum::<u64>();
            rows.chunks.insert(stored.number, words);
        }
    }

    fn lock(&self) -> MutexGuard<'_, [Rows; 6]> {
        self.sets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rows {
    fn insert(&mut self, row: i64) {
        let (chunk, bit) = (row.div_euclid(BITS), row.rem_euclid(BITS));
        let words = self
            .chunks
            .entry(chunk)
            .or_insert_with(|| Box::new([0; WORDS]));
        let at = usize::try_from(bit / 64).unwrap_or(0);
        let mask = 1 << (bit % 64);
        if let Some(word) = words.get_mut(at).filter(|word| **word & mask == 0) {
            *word |= mask;
            self.count += 1;
            self.changed.insert(chunk);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_are_counted_once_and_survive_a_restart() {
        let active = Active::default();
        for row in [1, 2, 1, 4095, 4096, 1_000_000] {
            active.message(row);
        }
        active.notification(7);
        assert_eq!(active.count(Period::Month), 5);
        let (cleared, chunks) = active.changes();
        assert!(cleared.is_empty());

        let again = Active::default();
        for chunk in &chunks {
            again.restore(chunk);
        }
        again.message(4096);
        assert_eq!(again.count(Period::Day), 5);
        assert_eq!(again.count(Period::NtfDay), 1);
        again.clear(Period::Day);
        assert_eq!(
            (again.count(Period::Day), again.count(Period::Week)),
            (0, 5)
        );
        assert_eq!(again.changes().0, [Period::Day as i16]);
    }
}
