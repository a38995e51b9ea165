//! A file system so small that it fills, for tests of the full disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::guardian::Guardian;
use crate::skip;

/// Mounts, says so, and unmounts when its stdin ends: also when the test process was killed.
const SCRIPT: &str = r#"
trap '' PIPE
mount -t tmpfs -o "size=$2,mode=0755" relay-testkit "$1" && echo ok || echo failed
read -r _
umount --lazy "$1"
rmdir "$1"
"#;

const BALLAST: &str = "ballast";

/// A mounted tmpfs of given size, unmounted when dropped.
#[derive(Debug)]
pub struct SmallDisk {
    path: PathBuf,
    _mount: Guardian,
}

impl SmallDisk {
    /// Mounts one of `size` bytes; `None` when this process may not mount, which is said loudly.
    ///
    /// # Panics
    ///
    /// When it may not and `CI` is set.
    pub fn mount(size: u64) -> Option<Self> {
        let dir = tempfile::Builder::new().prefix("relay-disk-").tempdir();
        let path = dir.expect("a temporary directory can be made").keep();
        let place = path.to_str().expect("a path in UTF-8");
        let mount = Guardian::start(SCRIPT, &[place, &size.to_string()], |_| ());
        if mount.answer() == "ok" {
            return Some(Self {
                path,
                _mount: mount,
            });
        }
        skip::loudly(
            "a small file system cannot be mounted, tests of the full disk do not run",
            "run the tests as root",
        );
        None
    }

    /// The root of the file system.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file until no byte fits any more.
    ///
    /// # Panics
    ///
    /// When writing fails for another reason.
    pub fn fill(&self) {
        let mut ballast = OpenOptions::new();
        let ballast = ballast.create(true).append(true).open(self.ballast());
        let error = write_forever(&mut ballast.expect("the ballast can be opened"));
        assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{error}");
    }

    /// Removes what [`Self::fill`] wrote.
    ///
    /// # Panics
    ///
    /// When the disk was not filled.
    pub fn relieve(&self) {
        fs::remove_file(self.ballast()).expect("the disk was filled");
    }

    fn ballast(&self) -> PathBuf {
        self.path.join(BALLAST)
    }
}

fn write_forever(file: &mut File) -> io::Error {
    loop {
        if let Err(error) = file.write_all(&[0; 4096]) {
            return error;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_and_is_relieved() {
        let Some(disk) = SmallDisk::mount(256 * 1024) else {
            return;
        };
        let path = disk.path().join("file");
        disk.fill();
        let error = fs::write(&path, [1; 10_000]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        disk.relieve();
        fs::write(&path, [1; 10_000]).unwrap();
    }

    #[test]
    fn dropped_it_leaves_nothing_even_in_use() {
        let Some(disk) = SmallDisk::mount(64 * 1024) else {
            return;
        };
        let path = disk.path().to_path_buf();
        let _open = File::create(path.join("file")).unwrap();
        drop(disk);
        assert!(!path.exists());
    }
}
