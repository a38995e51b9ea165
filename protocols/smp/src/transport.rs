//! Whole blocks from a stream of bytes.

use std::io;

use bytes::BufMut;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::wire::BLOCK;

/// Reads blocks. Between them it holds no memory: an idle connection is only its stream.
#[derive(Default)]
pub(crate) struct BlockReader {
    block: Vec<u8>,
}

impl BlockReader {
    /// The next block; nothing at the end of the stream. What was read when this is cancelled is
    /// read on by the next call.
    pub(crate) async fn read(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
    ) -> io::Result<Option<Vec<u8>>> {
        if !self.has_begun() && !self.begin(stream).await? {
            return Ok(None);
        }
        self.finish(stream).await.map(Some)
    }

    /// Waits for the first byte of a block; `false` at the end of the stream. Can be cancelled.
    pub(crate) async fn begin(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
    ) -> io::Result<bool> {
        let mut first = [0];
        if stream.read(&mut first).await? == 0 {
            return Ok(false);
        }
        self.block.reserve_exact(BLOCK);
        self.block.extend(first);
        Ok(true)
    }

    /// The rest of a block that has begun. Can be cancelled and called again.
    pub(crate) async fn finish(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
    ) -> io::Result<Vec<u8>> {
        while let room @ 1.. = BLOCK.saturating_sub(self.block.len()) {
            let mut rest = (&mut self.block).limit(room);
            if stream.read_buf(&mut rest).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(std::mem::take(&mut self.block))
    }

    /// Whether a part of a block has been read.
    pub(crate) fn has_begun(&self) -> bool {
        !self.block.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::io::{AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn blocks_come_whole_however_they_arrive() {
        let (mut near, mut far) = duplex(1 << 20);
        let mut reader = BlockReader::default();
        let bytes = [vec![1; BLOCK], vec![2; BLOCK]].concat();
        for piece in bytes.chunks(1000) {
            assert!(reader.read(&mut far).now_or_never().is_none(), "cancelled");
            near.write_all(piece).await.unwrap();
            if let Some(read) = reader.read(&mut far).now_or_never() {
                let block = read.unwrap().unwrap();
                assert_eq!((block.len(), block.capacity()), (BLOCK, BLOCK));
                assert!(bytes.starts_with(&block) || bytes.ends_with(&block));
            }
        }
        drop(near);
        assert!(!reader.has_begun());
        assert!(reader.read(&mut far).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn half_a_block_at_the_end_is_an_error() {
        let (mut near, mut far) = duplex(BLOCK);
        near.write_all(&[1; 100]).await.unwrap();
        drop(near);
        let end = BlockReader::default().read(&mut far).await;
        assert_eq!(end.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
