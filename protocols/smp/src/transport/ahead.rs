//! Below TLS: a whole record with one read.
//!
//! rustls asks for 4 KiB at a time, which makes five system calls of a block. Here it gets them
//! from a buffer, which is there only while something is in it: an idle connection has none.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::io::poll_read_buf;

/// A block's record and a little of what follows it.
const RECORD: usize = 16_640;

/// A stream that is read in large pieces, and written as it is.
#[derive(Debug)]
pub(crate) struct ReadAhead<S> {
    stream: S,
    buffer: Vec<u8>,
    taken: usize,
}

impl<S> ReadAhead<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
            taken: 0,
        }
    }

    fn take(&mut self, out: &mut ReadBuf<'_>) {
        let waiting = self.buffer.get(self.taken..).unwrap_or_default();
        let (now, later) = waiting.split_at(waiting.len().min(out.remaining()));
        out.put_slice(now);
        if later.is_empty() {
            (self.buffer, self.taken) = (Vec::new(), 0);
        } else {
            self.taken += now.len();
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ReadAhead<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.buffer.is_empty() {
            if out.remaining() >= RECORD {
                return Pin::new(&mut self.stream).poll_read(cx, out);
            }
            let mut buffer = Vec::with_capacity(RECORD);
            ready!(poll_read_buf(Pin::new(&mut self.stream), cx, &mut buffer))?;
            self.buffer = buffer;
        }
        self.take(out);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ReadAhead<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn bytes_come_in_order_whatever_is_asked_for_at_once() {
        let (mut far, near) = duplex(1 << 20);
        let sent: Vec<u8> = (0..40_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        far.write_all(&sent).await.unwrap();
        drop(far);
        let mut near = ReadAhead::new(near);
        let mut got = Vec::new();
        for piece in [1, 4096, 5, 20_000, 4096, 1 << 16].into_iter().cycle() {
            let mut bytes = vec![0; piece];
            match near.read(&mut bytes).await.unwrap() {
                0 => break,
                read => got.extend_from_slice(&bytes[..read]),
            }
        }
        assert_eq!(got, sent);
    }

    #[tokio::test]
    async fn nothing_is_held_while_nothing_waits() {
        let (mut far, near) = duplex(1 << 20);
        let mut near = ReadAhead::new(near);
        far.write_all(&[7; 5000]).await.unwrap();
        near.read_exact(&mut [0; 4096]).await.unwrap();
        assert!(near.buffer.capacity() > 0);
        near.read_exact(&mut [0; 904]).await.unwrap();
        assert_eq!(near.buffer.capacity(), 0);
        let waits = tokio::time::timeout(std::time::Duration::from_millis(1), near.read_u8());
        assert!(waits.await.is_err());
        assert_eq!(near.buffer.capacity(), 0);
    }
}
