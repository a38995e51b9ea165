//! Backups: whether there is one, and of when. Known are those that the daemon made.

use std::time::{Duration, UNIX_EPOCH};

use relay_core::clock::{Clock as _, SystemClock, UnixTime};
use relay_core::data_dir::LOCK;

use super::ground::Ground;
use super::report::Section;
use crate::time;

/// What is in none is lost with the disk.
const OLD: Duration = Duration::from_hours(7 * 24);

const ADVICE: &str = "run `relayctl backup create` every night, and keep the backups elsewhere; if other backups are made, see that they hold the data dir";

pub(super) fn check(ground: &Ground, found: &mut Section<'_>) {
    let Ok(status) = &ground.daemon else { return };
    let now = SystemClock.now();
    match status.last_backup.map(UnixTime::from_secs) {
        Some(at) if now.since(at) < OLD => {
            found.ok(format!(
                "the last backup is from {} UTC",
                time::stamp(at.secs())
            ));
        }
        Some(at) => found.warning(
            format!("the last backup is from {} UTC", time::stamp(at.secs())),
            ADVICE,
        ),
        None if is_new(ground, now) => found.ok("no backup was made yet; it is time for the first"),
        None => found.warning("no backup was ever made through relayd", ADVICE),
    }
}

/// Whether the data dir was in use for a few days only.
fn is_new(ground: &Ground, now: UnixTime) -> bool {
    let lock = ground.data_dir.as_ref().map(|dir| dir.join(LOCK));
    let made = lock.and_then(|lock| lock.metadata().ok()?.created().ok());
    let made = made.and_then(|made| made.duration_since(UNIX_EPOCH).ok());
    made.is_none_or(|made| {
        let made = UnixTime::from_secs(i64::try_from(made.as_secs()).unwrap_or(0));
        now.since(made) < OLD
    })
}
