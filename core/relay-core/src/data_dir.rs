//! The data dir: made for its owner only, and used by one relayd at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::failure::Failure;

/// The file whose lock says that the data dir is in use.
pub const LOCK: &str = "relayd.lock";

/// A data dir that is ours while this lives.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

/// Why a file with a secret could not be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct SecretError {
    /// Which file.
    pub path: PathBuf,
    /// What is wrong with it, and what to do.
    pub reason: String,
}

impl DataDir {
    /// Makes the directory, with mode 0700, unless it exists.
    pub fn create(path: &Path) -> Result<(), Failure> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(|error| {
            let shown = path.display();
            Failure::Unavailable(match error.kind() {
                io::ErrorKind::AlreadyExists => {
                    format!("data_dir {shown} is no directory; move it away or change data_dir")
                }
                _ => format!("cannot make data_dir {shown}: {error}; create it or change data_dir"),
            })
        })
    }

    /// Takes the directory for this process.
    pub fn lock(path: &Path) -> Result<Self, Failure> {
        match Self::try_lock(path)? {
            Ok(locked) => Ok(locked),
            Err(holder) => Err(Failure::Unavailable(format!(
                "data_dir {} is in use by another relayd{holder}; stop that one, or start with --upgrade to take over from it",
                path.display()
            ))),
        }
    }

    /// Takes the directory unless another process has it (`Err` names it, for a message).
    pub fn try_lock(path: &Path) -> Result<Result<Self, String>, Failure> {
        let file = path.join(LOCK);
        let cannot = |error: io::Error| {
            Failure::Unavailable(format!(
                "cannot write {}: {error}; let the user who runs this write there, or change data_dir",
                file.display()
            ))
        };
        let mut lock = OpenOptions::new();
        let mut lock = lock
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&file)
            .map_err(cannot)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Err(holder(&mut lock))),
            Err(TryLockError::Error(error)) => return Err(cannot(error)),
        }
        lock.set_len(0)
            .and_then(|()| writeln!(lock, "{}", std::process::id()))
            .map_err(cannot)?;
        Ok(Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        }))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn holder(lock: &mut File) -> String {
    let mut text = String::new();
    match lock.read_to_string(&mut text) {
        Ok(_) if !text.trim().is_empty() => format!(" (process {})", text.trim()),
        _ => String::new(),
    }
}

/// Reads a secret of exactly `N` bytes, or makes it with `generate` when there is none yet.
///
/// A new file has mode 0600 and is on the disk, whole, before this returns.
pub fn load_or_create_secret<const N: usize>(
    path: &Path,
    generate: impl FnOnce() -> [u8; N],
) -> Result<Zeroizing<[u8; N]>, SecretError> {
    match File::open(path) {
        Ok(file) => read_exactly(file).map_err(|reason| SecretError {
            path: path.to_owned(),
            reason,
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let secret = Zeroizing::new(generate());
            write_secret(path, &secret[..]).map_err(|error| SecretError {
                path: path.to_owned(),
                reason: format!("cannot be made: {error}"),
            })?;
            Ok(secret)
        }
        Err(error) => Err(SecretError {
            path: path.to_owned(),
            reason: format!(
                "cannot be read: {error}; give it to the user relayd runs as, mode 0600"
            ),
        }),
    }
}

fn read_exactly<const N: usize>(mut file: File) -> Result<Zeroizing<[u8; N]>, String> {
    let mut content = Zeroizing::new(Vec::with_capacity(N + 1));
    let read = (&mut file).take(N as u64 + 1).read_to_end(&mut content);
    read.map_err(|error| {
        format!("cannot be read: {error}; give it to the user relayd runs as, mode 0600")
    })?;
    let secret: [u8; N] = content.as_slice().try_into().map_err(|_| {
        let found = if content.len() > N { "more".to_owned() } else { content.len().to_string() };
        format!("must hold exactly {N} bytes and holds {found}; restore it from a backup, or remove it to get a new identity")
    })?;
    Ok(Zeroizing::new(secret))
}

/// Writes a secret under a temporary name, readable by its owner only, and renames it.
pub fn write_secret(path: &Path, secret: &[u8]) -> io::Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(parent)?;
    let mut partial = path.as_os_str().to_owned();
    partial.push(".new");
    let partial = PathBuf::from(partial);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&partial)?;
    file.write_all(secret)?;
    file.sync_all()?;
    std::fs::rename(&partial, path)?;
    File::open(parent)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_is_made_once_and_kept_private() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join("sogs/key");
        let made = load_or_create_secret(&path, || [7; 32]).expect("made");
        let again = load_or_create_secret(&path, || [8; 32]).expect("read");
        assert_eq!((*made, *again), ([7; 32], [7; 32]));
        assert_eq!(
            path.metadata().expect("there").permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(
            path.parent()
                .expect("has one")
                .metadata()
                .expect("there")
                .permissions()
                .mode()
                & 0o777,
            0o700
        );
    }

    #[test]
    fn a_secret_of_the_wrong_size_is_refused_and_kept() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join("key");
        for (content, found) in [
            (&b"short"[..], "holds 5"),
            (&[0; 33][..], "holds more"),
            (&b""[..], "holds 0"),
        ] {
            std::fs::write(&path, content).expect("written");
            let error = load_or_create_secret(&path, || [7; 32])
                .expect_err("refused")
                .to_string();
            assert!(error.contains(found), "{error}");
            assert_eq!(std::fs::read(&path).expect("there"), content);
        }
        std::fs::remove_file(&path).expect("removed");
        std::fs::create_dir(&path).expect("made");
        let error = load_or_create_secret(&path, || [7; 32])
            .expect_err("refused")
            .to_string();
        assert!(error.contains("cannot be read"), "{error}");
    }

    #[test]
    fn a_data_dir_has_one_user() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join("data");
        DataDir::create(&path).expect("made");
        assert_eq!(
            path.metadata().expect("there").permissions().mode() & 0o777,
            0o700
        );
        let first = DataDir::lock(&path).expect("locked");
        let error = DataDir::lock(&path).expect_err("in use").to_string();
        assert!(
            error.contains(&format!("(process {})", std::process::id())),
            "{error}"
        );
        drop(first);
        DataDir::lock(&path).expect("free again");
    }
}
