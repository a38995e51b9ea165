//! The bytes of uploads, on disk below `sogs/files` in the data dir.
//!
//! Promises:
//! - An upload is never whole in memory, and its limit counts while it comes in.
//! - A row never names bytes that are not on the disk, whole: [`FileStore::receive`] writes them
//!   under a temporary name and syncs them, [`Received::place`] gives them their name and syncs the
//!   folder, and only then is a row written. Until [`Placed::keep`] says that the row is committed,
//!   dropping any of these removes the bytes.
//! - Bytes without a row do not stay: what a crash leaves behind is found by [`FileStore::sweep`].
//! - Names on disk are random and tell nothing.
//! - A full disk is [`ReceiveError::NoSpace`], and nothing remains of what did not fit.
//!
//! To delete is to unlink: the bytes are gone for everybody who asks for files. Whether the medium
//! keeps traces of them is up to the file system below; encrypt the disk if that matters.

mod download;
mod path;
mod range;
mod receive;
mod sweep;

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use relay_core::entropy::Entropy;

pub use self::download::Download;
pub use self::path::{FilePath, NotAFilePath};
pub use self::range::Asked;
pub use self::receive::{Placed, ReceiveError, Received, Room};
pub use self::sweep::{SweepError, Swept};

/// How long the body of a request may take to arrive. Ten megabytes do, over a slow line.
pub const BODY_TIME: Duration = Duration::from_mins(5);

const INCOMING: &str = "incoming";

/// The folder of all uploads. Clones are the same.
#[derive(Clone, Debug)]
pub struct FileStore {
    folder: Arc<PathBuf>,
    entropy: Entropy,
}

impl FileStore {
    /// Opens the folder below a data dir, or makes it, for its owner only.
    pub fn open(data_dir: &Path, entropy: Entropy) -> io::Result<Self> {
        let folder = data_dir.join("sogs/files");
        make_folder(&folder.join(INCOMING))?;
        File::open(&folder)?.sync_all()?;
        Ok(Self {
            folder: Arc::new(folder),
            entropy,
        })
    }

    /// The bytes of a file, from the start. They stay readable to whoever has them open, even if
    /// they are deleted meanwhile.
    pub async fn read(&self, path: &FilePath) -> io::Result<Download> {
        Download::open(&path.below(&self.folder)).await
    }

    /// Deletes the bytes of a file; it is no error if they are gone already. Call it when no row
    /// names them any more.
    pub async fn delete(&self, path: &FilePath) -> io::Result<()> {
        match tokio::fs::remove_file(path.below(&self.folder)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn incoming(&self) -> PathBuf {
        self.folder.join(INCOMING)
    }

    fn random_name(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.entropy.bytes::<16>())
    }
}

fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Runs what blocks where it may.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(io::Error::other(error)))
}

#[cfg(test)]
mod tests;
