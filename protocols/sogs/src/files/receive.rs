//! Uploads on their way to the disk.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use axum::body::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::io::{AsyncWriteExt, BufWriter};

use super::{FilePath, FileStore, blocking, make_folder};

const BUFFER: usize = 256 * 1024;

/// How much may come in.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// The largest upload.
    pub max_size: u64,
    /// What must stay free on the disk.
    pub keep_free: u64,
}

/// Why an upload was not taken. Nothing of it remains.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// It is larger than may be.
    #[error("the upload is too large")]
    TooLarge,
    /// It does not fit on the disk.
    #[error("there is no space for the upload")]
    NoSpace,
    /// Its sender went away, or sent something broken.
    #[error("the upload did not arrive whole")]
    Broken,
    /// The disk failed.
    #[error("the upload could not be written")]
    Disk(#[source] io::Error),
}

/// Bytes that are on the disk under a temporary name; dropped, they are removed.
#[derive(Debug)]
pub struct Received {
    file: Unkept,
    folder: PathBuf,
    size: u64,
}

/// Bytes under their name; dropped before [`Placed::keep`], they are removed.
#[derive(Debug)]
pub struct Placed {
    file: Unkept,
    path: FilePath,
    size: u64,
}

/// A file that is removed unless somebody wants it.
#[derive(Debug)]
struct Unkept(Option<PathBuf>);

impl FileStore {
    /// Writes an upload as it comes in. `expected` is its length, if its sender told it.
    pub async fn receive<E>(
        &self,
        body: impl Stream<Item = Result<Bytes, E>>,
        expected: Option<u64>,
        room: Room,
    ) -> Result<Received, ReceiveError> {
        let least = expected.unwrap_or(0);
        if least > room.max_size {
            return Err(ReceiveError::TooLarge);
        }
        self.check_space(least, room.keep_free).await?;
        let path = self.incoming().join(self.random_name());
        let file = Unkept(Some(path.clone()));
        let size = write(&path, body, room.max_size).await?;
        Ok(Received {
            file,
            folder: self.folder.to_path_buf(),
            size,
        })
    }

    /// The same for bytes that are in memory already, as from onion requests.
    pub async fn receive_bytes(&self, bytes: Bytes, room: Room) -> Result<Received, ReceiveError> {
        let expected = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let body = futures_util::stream::iter([Ok::<_, ReceiveError>(bytes)]);
        self.receive(body, Some(expected), room).await
    }

    async fn check_space(&self, size: u64, keep_free: u64) -> Result<(), ReceiveError> {
        let folder = self.folder.to_path_buf();
        let disk = blocking(move || Ok(rustix::fs::statvfs(&folder)?)).await?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free < keep_free.saturating_add(size) {
            return Err(ReceiveError::NoSpace);
        }
        Ok(())
    }
}

async fn write<E>(
    path: &Path,
    body: impl Stream<Item = Result<Bytes, E>>,
    max_size: u64,
) -> Result<u64, ReceiveError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let file = tokio::fs::OpenOptions::from(options).open(path).await?;
    let mut file = BufWriter::with_capacity(BUFFER, file);
    let mut body = std::pin::pin!(body);
    let mut size = 0_u64;
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| ReceiveError::Broken)?;
        size = size.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        if size > max_size {
            return Err(ReceiveError::TooLarge);
        }
        file.write_all(&chunk).await?;
    }
    file.flush().await?;
    file.into_inner().sync_all().await?;
    Ok(size)
}

impl Received {
    /// How many bytes came in.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Gives the bytes their name, for good: on return a power failure changes nothing about them.
    pub async fn place(mut self) -> Result<Placed, ReceiveError> {
        let Some(from) = self.file.0.take() else {
            return Err(ReceiveError::Disk(io::ErrorKind::NotFound.into()));
        };
        let name = from.file_name().unwrap_or_default().to_string_lossy();
        let path = FilePath::of(&name);
        let to = path.below(&self.folder);
        let placing = (Unkept(Some(from)), Unkept(Some(to)));
        let folder = std::mem::take(&mut self.folder);
        let file = blocking(move || place(placing, &folder)).await?;
        Ok(Placed {
            file,
            path,
            size: self.size,
        })
    }
}

fn place((mut from, to): (Unkept, Unkept), folder: &Path) -> io::Result<Unkept> {
    let (Some(source), Some(target)) = (&from.0, &to.0) else {
        return Err(io::ErrorKind::NotFound.into());
    };
    let shard = target.parent().unwrap_or(folder);
    if !shard.is_dir() {
        make_folder(shard)?;
        std::fs::File::open(folder)?.sync_all()?;
    }
    std::fs::rename(source, target)?;
    from.0 = None;
    std::fs::File::open(shard)?.sync_all()?;
    Ok(to)
}

impl Placed {
    /// What to write into the row.
    pub const fn path(&self) -> &FilePath {
        &self.path
    }

    /// How many bytes.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The row is committed: the bytes stay.
    pub fn keep(mut self) {
        self.file.0 = None;
    }
}

impl Drop for Unkept {
    fn drop(&mut self) {
        if let Some(path) = self.0.take() {
            // What cannot be removed now is found when orphans are swept.
            let _ = std::fs::remove_file(path);
        }
    }
}

impl From<io::Error> for ReceiveError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace,
            _ => Self::Disk(error),
        }
    }
}
