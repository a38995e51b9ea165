//! What systemd is told, when it started us: ready, reloading, stopping, and signs of life.
//! Without systemd none of this does anything.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::Interval;

/// Start-up is complete; this process is the one to watch.
pub(crate) fn ready() {
    tell(&[NotifyState::Ready, NotifyState::MainPid(std::process::id())]);
}

/// A reload has begun; `ready` ends it.
pub(crate) fn reloading() {
    let mut states = vec![NotifyState::Reloading];
    states.extend(NotifyState::monotonic_usec_now());
    tell(&states);
}

/// Draining; it may take up to `limit` and a little more.
pub(crate) fn stopping(limit: Duration) {
    let micros = limit.saturating_add(Duration::from_secs(10)).as_micros();
    let micros = u32::try_from(micros).unwrap_or(u32::MAX);
    tell(&[
        NotifyState::Stopping,
        NotifyState::ExtendTimeoutUsec(micros),
    ]);
}

/// Another process takes over.
pub(crate) fn handed_over_to(pid: u32) {
    tell(&[NotifyState::MainPid(pid)]);
}

/// Still alive.
pub(crate) fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// Ticks when a sign of life is due; hardly ever if none is asked for.
pub(crate) fn watchdog() -> Interval {
    let due = sd_notify::watchdog_enabled().map(|limit| limit / 2);
    tokio::time::interval(due.unwrap_or(Duration::from_hours(1)))
}

/// Gives signs of life while `work` goes on.
pub(crate) async fn alive_during<W: Future>(work: W) -> W::Output {
    let mut watchdog = watchdog();
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            done = work.as_mut() => return done,
            _ = watchdog.tick() => alive(),
        }
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!("systemd cannot be told: {error}");
    }
}
