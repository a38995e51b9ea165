//! How long a client may be silent and how fast it may ask. Pure: time is an argument.

use std::time::Duration;

use tokio::time::Instant;

/// Since when a client has been silent.
#[derive(Clone, Copy, Debug)]
pub struct Idle {
    since: Instant,
}

impl Idle {
    /// It was heard of now.
    pub fn new(now: Instant) -> Self {
        Self { since: now }
    }

    /// It was heard of now.
    pub fn heard(&mut self, now: Instant) {
        self.since = now;
    }

    /// Whether it has been silent for `limit`.
    pub fn is_over(&self, now: Instant, limit: Duration) -> bool {
        now.saturating_duration_since(self.since) >= limit
    }
}

/// So many a second on average, and a burst of one second's worth.
///
/// Nobody is turned away: who is too fast waits. What is taken in advance is owed, so that the
/// average holds.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// When everything taken so far is paid for.
    paid: Instant,
}

impl Rate {
    /// Nothing taken yet.
    pub fn new(now: Instant) -> Self {
        Self { paid: now }
    }

    /// Takes `count`, of which `burst` may come at once and then one every `interval`; gives how
    /// long to wait before doing them.
    pub fn take(&mut self, now: Instant, count: u32, interval: Duration, burst: u32) -> Duration {
        let credit = interval.saturating_mul(burst);
        let due = interval.saturating_mul(count);
        let from = self.paid.max(now);
        self.paid = from.checked_add(due).unwrap_or(from);
        self.paid
            .saturating_duration_since(now)
            .saturating_sub(credit)
    }

    /// Gives back what was taken and not done.
    pub fn give_back(&mut self, count: u32, interval: Duration) {
        let given = interval.saturating_mul(count);
        self.paid = self.paid.checked_sub(given).unwrap_or(self.paid);
    }

    /// Whether nothing is owed: it may be forgotten.
    pub fn is_settled(&self, now: Instant) -> bool {
        self.paid <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn silence_is_measured_from_the_last_word() {
        let start = Instant::now();
        let mut idle = Idle::new(start);
        idle.heard(start + SECOND);
        assert!(!idle.is_over(start + 2 * SECOND, 2 * SECOND));
        assert!(idle.is_over(start + 3 * SECOND, 2 * SECOND));
        assert!(!idle.is_over(start, SECOND), "time that ran backwards");
    }

    #[test]
    fn a_burst_is_free_and_what_follows_waits() {
        let start = Instant::now();
        let mut rate = Rate::new(start);
        let mut take = |at, count| rate.take(at, count, SECOND, 10);
        assert_eq!(take(start, 10), Duration::ZERO);
        assert_eq!(take(start, 1), SECOND);
        assert_eq!(take(start + SECOND, 1), SECOND);
        assert_eq!(take(start + 100 * SECOND, 10), Duration::ZERO);
    }

    #[test]
    fn what_is_owed_is_forgotten_when_it_is_paid() {
        let start = Instant::now();
        let mut rate = Rate::new(start);
        assert!(rate.is_settled(start));
        rate.take(start, 3, SECOND, 10);
        assert!(!rate.is_settled(start + 2 * SECOND));
        rate.give_back(1, SECOND);
        assert!(rate.is_settled(start + 2 * SECOND));
    }
}
