//! What an earlier smp-server left in the state folder. Queues in its files are not in the
//! database: to serve without them would tell their owners that they are gone.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use super::super::End;
use super::super::places::{Places, shown};
use super::note;

/// How much of a file is looked at: the first record will do.
const LOOK: u64 = 64 * 1024;

/// Begins the one line that we write into the store log.
const NOTE: &str = "relayd: ";

/// Refuses to serve without queues or messages that somebody still waits for.
pub(super) fn check(places: &Places, skip: bool) -> Result<(), End> {
    let log = places.store_log();
    if !has_records(&log) || is_older(&log, &places.toml()) {
        return Ok(());
    }
    let line = format!(
        "{} holds queues of an earlier smp-server, which this one does not have: their owners would be told that they are gone",
        shown(&log)
    );
    if skip {
        note(&format!("smp-server: warning: {line}"));
        return Ok(());
    }
    Err(End::Failed(format!(
        "{line}; run that smp-server until they have moved, or start with --skip-warnings to serve without them"
    )))
}

/// Every start writes our own file: what is older was there at an earlier start, and decided upon.
fn is_older(path: &Path, than: &Path) -> bool {
    let changed = |path: &Path| path.metadata().and_then(|found| found.modified());
    match (changed(path), changed(than)) {
        (Ok(path), Ok(than)) => path <= than,
        _ => false,
    }
}

fn has_records(path: &Path) -> bool {
    let Ok(file) = File::open(path) else {
        return false;
    };
    let mut lines = BufReader::new(file.take(LOOK))
        .split(b'\n')
        .map_while(Result::ok);
    lines.any(|line| !line.is_empty() && !line.starts_with(NOTE.as_bytes()))
}

/// Scripts that copy the store log after a stop fail where there is none; who opens it is told
/// where everything is.
pub(super) fn leave_a_note(places: &Places, wanted: bool) {
    let log = places.store_log();
    if !wanted || log.exists() {
        return;
    }
    let text = format!(
        "{NOTE}queues and messages are in the database, not here; `relayctl --config {} backup create FILE` saves them\n",
        shown(&places.toml())
    );
    if let Err(error) = std::fs::write(&log, text) {
        note(&format!("smp-server: warning: {}: {error}", shown(&log)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_left_behind_are_not_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let places = Places {
            configuration: dir.path().to_owned(),
            state: dir.path().to_owned(),
        };
        check(&places, false).unwrap();
        leave_a_note(&places, true);
        check(&places, false).unwrap();
        std::fs::write(places.store_log(), "CREATE rid=x\n").unwrap();
        check(&places, false).unwrap_err();
        check(&places, true).unwrap();
        leave_a_note(&places, true);
        check(&places, false).unwrap_err();
        std::fs::write(places.toml(), "").unwrap();
        check(&places, false).unwrap();
    }
}
