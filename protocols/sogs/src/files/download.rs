//! Bytes on their way out.

use std::io;
use std::ops::RangeInclusive;
use std::path::Path;

use axum::body::Bytes;
use futures_util::Stream;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};
use tokio_util::io::ReaderStream;

const CHUNK: usize = 64 * 1024;

/// An open file, to be sent whole or in part.
#[derive(Debug)]
pub struct Download {
    file: File,
    size: u64,
    left: u64,
}

impl Download {
    pub(super) async fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path).await?;
        let size = file.metadata().await?.len();
        Ok(Self {
            file,
            size,
            left: size,
        })
    }

    /// How many bytes the file has.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// How many bytes will be sent.
    pub const fn len(&self) -> u64 {
        self.left
    }

    /// Whether none will be.
    pub const fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// Sends a part only, counted in bytes from the start.
    pub async fn part(mut self, range: RangeInclusive<u64>) -> io::Result<Self> {
        let end = range.end().saturating_add(1).min(self.size);
        let start = (*range.start()).min(end);
        self.file.seek(SeekFrom::Start(start)).await?;
        self.left = end - start;
        Ok(self)
    }

    /// The bytes piece by piece, as a body.
    pub fn into_stream(self) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
        ReaderStream::with_capacity(self.file.take(self.left), CHUNK)
    }

    /// All bytes at once, for replies that are encrypted or encoded whole. More than `max` is an
    /// error.
    pub async fn into_bytes(self, max: u64) -> io::Result<Bytes> {
        if self.left > max {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut bytes = Vec::with_capacity(usize::try_from(self.left).unwrap_or(0));
        self.file.take(self.left).read_to_end(&mut bytes).await?;
        Ok(bytes.into())
    }
}
