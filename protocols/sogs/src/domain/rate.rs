//! Limits of how fast somebody may do something: so many times in such a window.

use std::time::Duration;

use relay_core::clock::UnixTime;

/// A limit; none at all if the count is 0.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RateLimit {
    /// How many times.
    pub count: u32,
    /// In how long.
    pub window: Duration,
}

impl RateLimit {
    /// Of posts and edits by one user in one room, as the reference has it.
    pub const POSTS: Self = Self {
        count: 5,
        window: Duration::from_secs(16),
    };

    /// Of changes of reactions by one user, which the reference does not limit.
    pub const REACTIONS: Self = Self {
        count: 5,
        window: Duration::from_secs(1),
    };

    /// A slow room: one post in so long.
    pub const fn slow_mode(window: Duration) -> Self {
        Self { count: 1, window }
    }

    /// What happened from here on counts.
    pub fn counts_from(&self, now: UnixTime) -> UnixTime {
        now.minus(self.window)
    }

    /// Whether it may happen again, when it has happened so many times within the window.
    pub fn allows(&self, happened: u64) -> bool {
        self.count == 0 || happened < u64::from(self.count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_window_ever_holds_more(tries in prop::collection::vec(0..5_000_u64, 0..60)) {
            let limit = RateLimit::POSTS;
            let mut now = UnixTime::from_secs(1_700_000_000);
            let mut posted = Vec::new();
            for wait in tries {
                now = now.plus(Duration::from_millis(wait));
                let from = limit.counts_from(now);
                let happened = posted.iter().filter(|at| **at >= from).count();
                if limit.allows(happened as u64) {
                    posted.push(now);
                }
                let window = posted.iter().filter(|at| **at >= from).count();
                prop_assert!(window <= 5);
                prop_assert!(!posted.is_empty());
            }
        }

        #[test]
        fn zero_is_no_limit(happened: u64) {
            let off = RateLimit { count: 0, window: Duration::ZERO };
            prop_assert!(off.allows(happened));
        }
    }
}
