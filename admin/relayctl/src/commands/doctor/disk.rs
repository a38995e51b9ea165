//! Room on the disks that the data dir and the database are on.

use std::path::Path;

use rustix::fs::{StatVfs, statvfs};

use super::ground::Ground;
use super::report::Section;
use crate::time::size;

/// Below this an operator should act today.
const LITTLE: u64 = 1 << 30;
/// Or below this share, in percent: file systems grow slow and fragmented.
const LITTLE_PERCENT: u64 = 5;
/// Below this the next minutes may fill it.
const NEXT_TO_NOTHING: u64 = 64 << 20;

const ADVICE: &str = "make room, or move data_dir or storage.url to a larger disk";

pub(super) fn check(ground: &Ground, found: &mut Section<'_>) {
    let Some(data_dir) = &ground.data_dir else {
        return found.unknown("data_dir");
    };
    let seen = room("data_dir", data_dir, None, found);
    if let Some(file) = ground.database_file() {
        room("the database", file, seen, found);
    }
}

/// Looks at the file system of `path`, unless it was the one `before`; gives its id.
fn room(what: &str, path: &Path, before: Option<u64>, found: &mut Section<'_>) -> Option<u64> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let existing = path.ancestors().find(|path| path.exists())?;
    let disk = match statvfs(existing) {
        Ok(disk) => disk,
        Err(error) => {
            found.warning(
                format!("{what}: the disk cannot be looked at: {error}"),
                "look with df",
            );
            return None;
        }
    };
    let id = disk.f_fsid;
    if before != Some(id) {
        judge(what, &disk, found);
    }
    Some(id)
}

fn judge(what: &str, disk: &StatVfs, found: &mut Section<'_>) {
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let percent = share(disk.f_bavail, disk.f_blocks);
    let line = format!("the disk of {what} has {} free ({percent} %)", size(free));
    if free < NEXT_TO_NOTHING {
        found.problem(line, ADVICE);
    } else if free < LITTLE || percent < LITTLE_PERCENT {
        found.warning(line, ADVICE);
    } else {
        found.ok(line);
    }
    // Some file systems do not count inodes.
    if disk.f_files > 0 && share(disk.f_favail, disk.f_files) < 1 {
        let line = format!(
            "the disk of {what} has hardly any inodes left ({})",
            disk.f_favail
        );
        found.warning(
            line,
            "remove small files, or move to a disk with more inodes",
        );
    }
}

fn share(part: u64, whole: u64) -> u64 {
    part.saturating_mul(100) / whole.max(1)
}
