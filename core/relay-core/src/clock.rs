//! Time, injected. Domain code is given a [`Clock`]; nothing else asks the system what time it is.
//!
//! [`SystemClock`] is real time; [`TestClock`] stands still until a test advances it, and then
//! wakes exactly the sleepers whose time has come.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

/// A moment: milliseconds since 1970, as both protocols count (one in seconds).
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct UnixTime(i64);

impl UnixTime {
    /// From milliseconds since 1970.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From seconds since 1970.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970.
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This much later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis_of(duration)))
    }

    /// This much earlier.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis_of(duration)))
    }

    /// How long ago `earlier` was; nothing if it is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

fn millis_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Tells the time and waits for it to pass.
pub trait Clock: Debug + Send + Sync {
    /// The time of day.
    fn now(&self) -> UnixTime;
    /// Resolves when this much time has passed.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// The clock everybody shares.
pub type SharedClock = Arc<dyn Clock>;

/// Real time.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the system"
    )]
    fn now(&self) -> UnixTime {
        match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
            Ok(since) => UnixTime(millis_of(since)),
            Err(before) => UnixTime(-millis_of(before.duration())),
        }
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(duration).boxed()
    }
}

/// Time that a test owns.
#[derive(Clone, Debug)]
pub struct TestClock {
    state: Arc<Mutex<TestTime>>,
}

#[derive(Debug)]
struct TestTime {
    now: i64,
    next_id: u64,
    sleepers: BTreeMap<(i64, u64), oneshot::Sender<()>>,
}

impl TestClock {
    /// Stands at `now`.
    pub fn at(now: UnixTime) -> Self {
        let time = TestTime {
            now: now.0,
            next_id: 0,
            sleepers: BTreeMap::new(),
        };
        Self {
            state: Arc::new(Mutex::new(time)),
        }
    }

    /// Lets time pass: sleepers wake in the order of their times.
    pub fn advance(&self, duration: Duration) {
        let mut time = self.lock();
        time.now = time.now.saturating_add(millis_of(duration));
        let first_not_due = (time.now + 1, 0);
        let later = time.sleepers.split_off(&first_not_due);
        let due = std::mem::replace(&mut time.sleepers, later);
        for (_, wake) in due {
            let _ = wake.send(());
        }
    }

    /// Sets the time of day, as an administrator or NTP would; sleepers do not notice.
    pub fn jump_to(&self, now: UnixTime) {
        let mut time = self.lock();
        let by = now.0 - time.now;
        time.now = now.0;
        let sleepers = std::mem::take(&mut time.sleepers);
        time.sleepers = sleepers
            .into_iter()
            .map(|((at, id), wake)| ((at + by, id), wake))
            .collect();
    }

    /// How many wait for time to pass.
    pub fn sleepers(&self) -> usize {
        let mut time = self.lock();
        time.sleepers.retain(|_, wake| !wake.is_closed());
        time.sleepers.len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, TestTime> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for TestClock {
    fn now(&self) -> UnixTime {
        UnixTime(self.lock().now)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let (wake, woken) = oneshot::channel();
        let mut time = self.lock();
        let key = (time.now.saturating_add(millis_of(duration)), time.next_id);
        time.next_id += 1;
        if duration.is_zero() {
            let _ = wake.send(());
        } else {
            time.sleepers.insert(key, wake);
        }
        drop(time);
        // A clock that is gone wakes nobody.
        async move {
            if woken.await.is_err() {
                std::future::pending::<()>().await;
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sleepers_wake_when_their_time_has_come_and_not_before() {
        let clock = TestClock::at(UnixTime::from_secs(100));
        let mut short = tokio::spawn(clock.sleep(Duration::from_secs(1)));
        let mut long = tokio::spawn(clock.sleep(Duration::from_secs(3)));
        clock.advance(Duration::from_secs(2));
        (&mut short).await.expect("woken");
        assert_eq!(clock.sleepers(), 1);
        assert!((&mut long).now_or_never().is_none());
        clock.advance(Duration::from_secs(1));
        long.await.expect("woken");
        assert_eq!(clock.now(), UnixTime::from_secs(103));
    }

    #[tokio::test]
    async fn a_jump_of_the_wall_clock_wakes_nobody() {
        let clock = TestClock::at(UnixTime::from_secs(100));
        let sleeper = tokio::spawn(clock.sleep(Duration::from_secs(10)));
        clock.jump_to(UnixTime::from_secs(1_000_000));
        assert_eq!(clock.sleepers(), 1);
        clock.advance(Duration::from_secs(10));
        sleeper.await.expect("woken");
    }

    #[test]
    fn seconds_before_1970_round_down() {
        assert_eq!(UnixTime::from_millis(-1).secs(), -1);
        assert_eq!(
            UnixTime::from_secs(5).since(UnixTime::from_secs(9)),
            Duration::ZERO
        );
    }
}
