//! A socket of which the beginning may have been read already, and is read again.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Socket;

/// A socket, and what was read of it before its service has it.
#[derive(Debug)]
pub(super) struct Wire {
    socket: Socket,
    /// There only until it is read; boxed, because nearly all connections have none.
    head: Option<Box<Head>>,
}

struct Head {
    bytes: Vec<u8>,
    taken: usize,
}

impl Wire {
    pub(super) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// The socket itself, to read what comes after all that was put back.
    pub(super) fn socket_mut(&mut self) -> &mut Socket {
        &mut self.socket
    }

    /// What is read next begins with `bytes`.
    pub(super) fn put_back(&mut self, bytes: Vec<u8>) {
        self.head = (!bytes.is_empty()).then(|| Box::new(Head { bytes, taken: 0 }));
    }
}

impl From<Socket> for Wire {
    fn from(socket: Socket) -> Self {
        Self { socket, head: None }
    }
}

impl std::fmt::Debug for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Head({} bytes)", self.bytes.len() - self.taken)
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let Some(head) = &mut this.head else {
            return Pin::new(&mut this.socket).poll_read(cx, buf);
        };
        let left = head.bytes.get(head.taken..).unwrap_or_default();
        let now = left.len().min(buf.remaining());
        buf.put_slice(&left[..now]);
        head.taken += now;
        if head.taken >= head.bytes.len() {
            this.head = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixStream;

    use super::*;

    #[tokio::test]
    async fn what_was_put_back_comes_first_in_pieces_of_any_size() {
        let (near, mut far) = UnixStream::pair().unwrap();
        let mut wire = Wire::from(Socket::Unix(near));
        wire.put_back(b"hello".to_vec());
        far.write_all(b" world").await.unwrap();
        let mut first = [0; 2];
        wire.read_exact(&mut first).await.unwrap();
        let mut rest = [0; 9];
        wire.read_exact(&mut rest).await.unwrap();
        assert_eq!((&first, &rest), (b"he", b"llo world"));
        assert!(wire.head.is_none());
    }
}
