//! What the system allows the daemon: open files, of which each connection is one.

use rustix::process::{Resource, getrlimit};

use super::ground::Ground;
use super::report::Section;

/// Listeners, database, log, and uploads under way.
const OTHER_FILES: u64 = 512;

pub(super) fn check(ground: &Ground, found: &mut Section<'_>) {
    let Some(limits) = &ground.limits else {
        return found.unknown("limits");
    };
    let wanted = (limits.max_connections as u64).saturating_add(OTHER_FILES);
    let (whose, allowed) = match ground.daemon_pid().and_then(of_process) {
        Some(allowed) => ("the daemon", allowed),
        // Another user, or none runs.
        None => ("a relayd started from here", ours()),
    };
    if allowed >= wanted {
        return found.ok(format!("{whose} may have {} files open", shown(allowed)));
    }
    found.warning(
        format!(
            "{whose} may have {allowed} files open, too few for limits.max_connections = {}",
            limits.max_connections
        ),
        format!("set LimitNOFILE={wanted} in relayd.service (or `ulimit -n`), or lower limits.max_connections"),
    );
}

fn ours() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

fn of_process(pid: u32) -> Option<u64> {
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
    soft_limit(&limits)
}

fn soft_limit(limits: &str) -> Option<u64> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

fn shown(allowed: u64) -> String {
    if allowed == u64::MAX {
        "any number of".to_owned()
    } else {
        allowed.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_read_from_proc() {
        let limits = "Limit  Soft Limit  Hard Limit  Units\nMax processes  9  9  processes\n";
        assert_eq!(soft_limit(limits), None);
        let files =
            format!("{limits}Max open files            1024                 524288   files\n");
        assert_eq!(soft_limit(&files), Some(1024));
        assert_eq!(of_process(std::process::id()), Some(ours()));
    }
}
