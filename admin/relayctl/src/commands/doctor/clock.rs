//! The clock: whether it can be right.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::UNIX_EPOCH;

use relay_core::clock::{Clock as _, SystemClock};

use super::ground::Ground;
use super::report::Section;
use crate::time;

/// 2025-01-01: no relayd is older.
const FIRST: i64 = 1_735_689_600;
/// 2100-01-01.
const LAST: i64 = 4_102_444_800;
/// Between two readings on one machine, and for file systems with coarse times.
const TOLERANCE: i64 = 5;

const ADVICE: &str =
    "set the clock and keep it right (timedatectl set-ntp true); messages and bans expire by it";

pub(super) fn check(ground: &Ground, found: &mut Section<'_>) {
    let now = SystemClock.now().secs();
    let shown = time::stamp(now);
    if !(FIRST..LAST).contains(&now) {
        return found.problem(format!("it says {shown} UTC, which cannot be"), ADVICE);
    }
    match seen_before(ground).max() {
        Some((newest, what)) if newest > now + TOLERANCE => {
            let newest = time::stamp(newest);
            found.problem(
                format!("it says {shown} UTC, but {what} is from {newest}"),
                ADVICE,
            );
        }
        _ => found.ok(format!(
            "it says {shown} UTC, later than all that was written"
        )),
    }
    daemons_clock(ground, now, found);
    kept_right(found);
}

/// What the system says of itself, where systemd runs.
fn kept_right(found: &mut Section<'_>) {
    let mut asked = Command::new("timedatectl");
    asked.args(["show", "--property=NTPSynchronized", "--value"]);
    let Ok(answer) = asked.stdin(Stdio::null()).output() else {
        return;
    };
    match answer.stdout.trim_ascii() {
        b"yes" => found.ok("it is kept right by time servers"),
        b"no" => found.warning("it is not kept right by time servers", ADVICE),
        _ => {}
    }
}

/// Moments that have certainly been.
fn seen_before(ground: &Ground) -> impl Iterator<Item = (i64, &'static str)> {
    let audit = ground
        .running
        .as_ref()
        .and_then(|running| running.newest_audit.as_ref());
    let audit = audit.map(|entry| (entry.at, "the newest entry of the audit log"));
    let database = ground.database_file().and_then(modified);
    audit
        .into_iter()
        .chain(database.map(|at| (at, "the database")))
}

fn modified(path: &Path) -> Option<i64> {
    let at = path.metadata().ok()?.modified().ok()?;
    let since = at.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

fn daemons_clock(ground: &Ground, now: i64, found: &mut Section<'_>) {
    let Ok(status) = &ground.daemon else {
        return;
    };
    let uptime = i64::try_from(status.uptime).unwrap_or(i64::MAX);
    let apart = status.started.saturating_add(uptime).saturating_sub(now);
    if apart.abs() > TOLERANCE {
        found.warning(
            format!("the daemon's clock is {apart} s apart from ours"),
            "find out which one is right; is the daemon in a container or virtual machine of its own?",
        );
    }
}
