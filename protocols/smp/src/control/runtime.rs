//! The daemon's threads, as the kernel knows them.

use std::fmt::Write;
use std::fs;

/// How many there are.
pub(super) fn count() -> usize {
    fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

/// Each with its state and name.
pub(super) fn threads() -> String {
    let entries = fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten();
    let mut lines: Vec<_> = entries
        .filter_map(|entry| {
            let number: u32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            let (name, state) = name_and_state(&stat)?;
            Some((number, format!("ThreadId {number} ({state}) {name}")))
        })
        .collect();
    lines.sort_unstable();
    let mut text = format!("Threads: {}\n", lines.len());
    for (_, line) in lines {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{line}");
    }
    text
}

/// Of `12 (a name) S …`.
fn name_and_state(stat: &str) -> Option<(&str, &'static str)> {
    let (before, after) = stat.rsplit_once(") ")?;
    let (_, name) = before.split_once('(')?;
    let state = match after.bytes().next()? {
        b'R' => "ThreadRunning",
        b'Z' | b'X' => "ThreadFinished",
        _ => "ThreadBlocked",
    };
    Some((name, state))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_have_brackets() {
        assert_eq!(
            name_and_state("12 (a (b) c) S 1 2"),
            Some(("a (b) c", "ThreadBlocked"))
        );
        assert_eq!(name_and_state("12"), None);
    }

    #[test]
    fn there_is_at_least_this_one() {
        assert!(count() >= 1);
        let text = threads();
        assert!(
            text.starts_with("Threads: ") && text.contains("ThreadId "),
            "{text}"
        );
    }
}
