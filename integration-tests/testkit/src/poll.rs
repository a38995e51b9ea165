//! Waiting for a condition, never for a while.
//!
//! Tests that sleep a fixed time are slow on a fast machine and fail on a slow one. Here a
//! condition is asked again and again, at first quickly, until it holds or the time is up.

use std::thread;
use std::time::{Duration, Instant};

const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Asks `condition` until it gives a value, and returns that.
///
/// # Panics
///
/// When `limit` passes first; the message says `what` was awaited.
pub fn until<T>(limit: Duration, what: &str, condition: impl FnMut() -> Option<T>) -> T {
    try_until(limit, condition).unwrap_or_else(|| panic!("not within {limit:?}: {what}"))
}

/// Asks `condition` until it gives a value or `limit` passes; it is asked at least once.
pub fn try_until<T>(limit: Duration, mut condition: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Deadline::after(limit);
    let mut pause = FIRST_PAUSE;
    loop {
        if let Some(value) = condition() {
            return Some(value);
        }
        let left = deadline.left();
        if left.is_zero() {
            return None;
        }
        thread::sleep(pause.min(left));
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// A moment until which a test is willing to wait.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    started: Instant,
    limit: Duration,
}

impl Deadline {
    /// The moment `limit` from now.
    pub fn after(limit: Duration) -> Self {
        let started = now();
        Self { started, limit }
    }

    /// The time left, zero when the moment has passed.
    pub fn left(&self) -> Duration {
        self.limit.saturating_sub(self.started.elapsed())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "waits for other processes, which live in real time"
)]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_until_there_is_a_value() {
        let mut asked = 0;
        let value = until(Duration::from_secs(10), "the third question", || {
            asked += 1;
            (asked == 3).then_some("value")
        });
        assert_eq!((value, asked), ("value", 3));
    }

    #[test]
    fn asks_once_even_without_time() {
        assert_eq!(try_until(Duration::ZERO, || Some(1)), Some(1));
        assert_eq!(try_until(Duration::ZERO, || None::<i32>), None);
    }

    #[test]
    #[should_panic(expected = "not within 5ms: pigs fly")]
    fn names_what_never_came() {
        until(Duration::from_millis(5), "pigs fly", || None::<()>);
    }
}
