//! An established connection, as a service gets it.
//!
//! PROXY header and TLS handshake are done, the peer is known, `TCP_NODELAY` is set. The [`Stream`] carries the
//! connection's place in the limits and in the metrics: both are given back when it is dropped, however it ends
//! and whatever it was wrapped in.

use std::{
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use rustls::ServerConnection;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, UnixStream},
    time::Instant,
};
use tokio_rustls::server::TlsStream;

use super::{KeepAlive, LimitKey, ListenAddr, ListenerMetrics, Peer, Permit, wire::Wire};

/// A connection to serve.
#[derive(Debug)]
pub struct Conn {
    pub(super) stream: Stream,
    pub(super) peer: Peer,
    pub(super) local: Arc<ListenAddr>,
    pub(super) handshake_deadline: Instant,
}

impl Conn {
    /// The client.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// The listener's own address.
    pub fn local(&self) -> &ListenAddr {
        &self.local
    }

    /// What limits count it by; nothing for one from a network without limits.
    pub fn limit_key(&self) -> Option<LimitKey> {
        self.stream.held.permit.key()
    }

    /// Has TCP find out whether a silent client is still there; nothing to do on a unix socket.
    pub fn keep_alive(&self, keep_alive: &KeepAlive) -> io::Result<()> {
        let wire = match &self.stream.io {
            Io::Plain(wire) => wire,
            Io::Tls(tls) => tls.get_ref().0,
        };
        match wire.socket() {
            Socket::Tcp(tcp) => keep_alive.set(tcp),
            Socket::Unix(_) => Ok(()),
        }
    }

    /// Until when a service that does its own handshake must be done with it.
    pub fn handshake_deadline(&self) -> Instant {
        self.handshake_deadline
    }

    /// The counters of the listener this came from.
    pub fn metrics(&self) -> &Arc<ListenerMetrics> {
        &self.stream.held.metrics
    }

    /// The TLS session, if core did the handshake.
    pub fn tls(&self) -> Option<&ServerConnection> {
        match &self.stream.io {
            Io::Plain(_) => None,
            Io::Tls(tls) => Some(tls.get_ref().1),
        }
    }

    /// The stream and its client.
    pub fn into_parts(self) -> (Stream, Peer) {
        (self.stream, self.peer)
    }
}

/// What a connection occupies while it lives.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) permit: Permit,
    metrics: Arc<ListenerMetrics>,
}

impl Held {
    pub(super) fn new(permit: Permit, metrics: Arc<ListenerMetrics>) -> Self {
        metrics.open.inc();
        Self { permit, metrics }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.metrics.open.dec();
    }
}

/// The bytes of a connection: TCP or unix, in clear or under TLS.
pub struct Stream {
    io: Io,
    held: Held,
}

pub(super) enum Io {
    Plain(Wire),
    /// Boxed: a TLS session is a kilobyte that a plain connection need not carry.
    Tls(Box<TlsStream<Wire>>),
}

impl Stream {
    pub(super) fn plain(wire: Wire, held: Held) -> Self {
        let io = Io::Plain(wire);
        Self { io, held }
    }

    pub(super) fn tls(tls: TlsStream<Wire>, held: Held) -> Self {
        let io = Io::Tls(Box::new(tls));
        Self { io, held }
    }

    pub(super) fn into_parts(self) -> (Io, Held) {
        (self.io, self.held)
    }

    /// What is below, of a connection in clear.
    pub(super) fn wire_mut(&mut self) -> Option<&mut Wire> {
        match &mut self.io {
            Io::Plain(wire) => Some(wire),
            Io::Tls(_) => None,
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.io {
            Io::Plain(ref wire) => match wire.socket() {
                Socket::Tcp(_) => "Stream(tcp)",
                Socket::Unix(_) => "Stream(unix)",
            },
            Io::Tls(_) => "Stream(tls)",
        })
    }
}

/// A connected socket of either kind.
pub enum Socket {
    /// Over TCP.
    Tcp(TcpStream),
    /// Over a unix socket.
    Unix(UnixStream),
}

impl fmt::Debug for Socket {
    /// Without the addresses that the sockets' own `Debug` would show.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp(_) => "Socket(tcp)",
            Self::Unix(_) => "Socket(unix)",
        })
    }
}

/// One virtual call per operation beside a system call's cost, and every method below is one line.
trait Duplex: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Duplex for T {}

trait Delegate {
    fn duplex(&mut self) -> Pin<&mut dyn Duplex>;
    fn duplex_ref(&self) -> &dyn Duplex;
}

impl Delegate for Socket {
    fn duplex(&mut self) -> Pin<&mut dyn Duplex> {
        match self {
            Self::Tcp(tcp) => Pin::new(tcp),
            Self::Unix(unix) => Pin::new(unix),
        }
    }

    fn duplex_ref(&self) -> &dyn Duplex {
        match self {
            Self::Tcp(tcp) => tcp,
            Self::Unix(unix) => unix,
        }
    }
}

impl Delegate for Stream {
    fn duplex(&mut self) -> Pin<&mut dyn Duplex> {
        match &mut self.io {
            Io::Plain(wire) => Pin::new(wire),
            Io::Tls(tls) => Pin::new(&mut **tls),
        }
    }

    fn duplex_ref(&self) -> &dyn Duplex {
        match &self.io {
            Io::Plain(wire) => wire,
            Io::Tls(tls) => &**tls,
        }
    }
}

macro_rules! delegate {
    ($type:ty) => {
        impl AsyncRead for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                self.get_mut().duplex().poll_read(cx, buf)
            }
        }

        impl AsyncWrite for $type {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.get_mut().duplex().poll_write(cx, buf)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &[io::IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                self.get_mut().duplex().poll_write_vectored(cx, bufs)
            }

            fn is_write_vectored(&self) -> bool {
                self.duplex_ref().is_write_vectored()
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.get_mut().duplex().poll_flush(cx)
            }

            fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.get_mut().duplex().poll_shutdown(cx)
            }
        }
    };
}

delegate!(Socket);
delegate!(Stream);
