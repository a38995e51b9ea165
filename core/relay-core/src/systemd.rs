//! What systemd is told, when it started us: ready, reloading, stopping, and signs of life.
//! Without systemd none of this does anything.

use std::time::Duration;

use sd_notify::NotifyState;

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

/// How often a sign of life is due, if one is asked for.
pub(crate) fn watchdog_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2)
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!("systemd cannot be told: {error}");
    }
}
