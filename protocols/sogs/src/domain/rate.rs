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

    /// Whether it may happen now, for whoever remembers of the past only what this gives: until
    /// when it is used up. So many may happen at once; then room comes back evenly.
    pub fn take(&self, used_until: Option<UnixTime>, now: UnixTime) -> Option<UnixTime> {
        if self.count == 0 {
            return Some(now);
        }
        let used_until = used_until.map_or(now, |until| until.max(now));
        let until = used_until.plus(self.window / self.count);
        (until.since(now) <= self.window).then_some(until)
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

    #[test]
    fn so_many_at_once_and_then_evenly() {
        let limit = RateLimit {
            count: 4,
            window: Duration::from_secs(8),
        };
        let at = |secs: i64| UnixTime::from_secs(100 + secs);
        let mut used = None;
        let mut take = |now| {
            let taken = limit.take(used, now);
            used = taken.or(used);
            taken.is_some()
        };
        let now = [0, 0, 0, 0, 0, 1, 2, 3, 4].map(|secs| take(at(secs)));
        assert_eq!(
            now,
            [true, true, true, true, false, false, true, false, true]
        );
        assert!((0..4).all(|_| take(at(60))));
        assert!(!take(at(60)));
    }

    proptest! {
        #[test]
        fn no_window_has_more_than_twice_as_many(
            count in 1..10_u32,
            window in 1..60_u64,
            waits in prop::collection::vec(0..5000_i64, 0..100),
        ) {
            let limit = RateLimit { count, window: Duration::from_secs(window) };
            let (mut now, mut used, mut taken) = (UnixTime::from_secs(0), None, Vec::new());
            for wait in waits {
                now = now.plus(Duration::from_millis(wait.unsigned_abs()));
                if let Some(until) = limit.take(used, now) {
                    used = Some(until);
                    taken.push(now);
                }
                let recent = taken.iter().filter(|at| now.since(**at) < limit.window).count();
                prop_assert!(recent <= 2 * count as usize);
            }
        }
    }
}
