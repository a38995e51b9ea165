//! Listening sockets, bound here or inherited.
//!
//! A [`Listener`] is bound, non-blocking and closed on exec. Dropping it closes the socket; a unix socket's path is
//! removed then too, if this process made it, it is still the same file, and it was not given away
//! ([`Listener::disarm`]). Everything that can go wrong is one line naming the address and what to do.

mod error;
mod unix;

use std::{
    io,
    net::{IpAddr, SocketAddr},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::PathBuf,
    sync::Arc,
};

use rustix::net::{
    AddressFamily, SocketAddrAny, SocketAddrUnix, SocketFlags, SocketType, getsockname, sockopt,
};
use tokio::net::{TcpListener, UnixListener};

pub use self::error::BindError;
use self::{error::Failure, unix::OwnPath};
use super::{ListenAddr, Peer, Socket};

/// The kernel caps this at `net.core.somaxconn`, 4096 on today's Linux: a burst waits rather than being refused.
const BACKLOG: i32 = 4096;

/// How to bind.
#[derive(Clone, Debug)]
pub struct BindOptions {
    /// The config key that says the address, for messages: `sogs.listen`.
    pub config_key: String,
    /// Permissions of a unix socket.
    pub mode: u32,
    /// Owner of a unix socket, by name.
    pub owner: Option<String>,
    /// Group of a unix socket, by name.
    pub group: Option<String>,
}

impl BindOptions {
    /// For the address at `config_key`; a unix socket is for this user and its group.
    pub fn new(config_key: impl Into<String>) -> Self {
        Self {
            config_key: config_key.into(),
            mode: 0o660,
            owner: None,
            group: None,
        }
    }
}

/// A listening socket.
#[derive(Debug)]
pub struct Listener {
    name: Arc<str>,
    configured: ListenAddr,
    local: Arc<ListenAddr>,
    socket: ListeningSocket,
    path: Option<OwnPath>,
}

#[derive(Debug)]
enum ListeningSocket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    /// Binds `addr` and listens. Call it inside a tokio runtime.
    pub fn bind(name: &str, addr: &ListenAddr, options: &BindOptions) -> Result<Self, BindError> {
        let bound = match addr {
            ListenAddr::Tcp(addr) => bind_tcp(*addr).map(|fd| (fd, None)),
            ListenAddr::Unix(path) => unix::bind(path, options).map(|(fd, own)| (fd, Some(own))),
        };
        bound
            .and_then(|(fd, path)| Self::new(name, addr, fd, path))
            .map_err(|failure| BindError::new(addr, &options.config_key, failure))
    }

    /// Takes over a listening socket that another process bound, for what config calls `configured`. Its path, if
    /// it has one, is not ours to remove. Call it inside a tokio runtime.
    pub fn from_fd(
        name: &str,
        configured: &ListenAddr,
        fd: OwnedFd,
        options: &BindOptions,
    ) -> Result<Self, BindError> {
        prepare_inherited(&fd)
            .and_then(|()| Self::new(name, configured, fd, None))
            .map_err(|failure| BindError::new(configured, &options.config_key, failure))
    }

    fn new(
        name: &str,
        configured: &ListenAddr,
        fd: OwnedFd,
        path: Option<OwnPath>,
    ) -> Result<Self, Failure> {
        let local = local_addr(&fd).ok_or(Failure::NotListening)?;
        let socket = match local {
            ListenAddr::Tcp(_) => ListeningSocket::Tcp(TcpListener::from_std(fd.into())?),
            ListenAddr::Unix(_) => ListeningSocket::Unix(UnixListener::from_std(fd.into())?),
        };
        Ok(Self {
            name: name.into(),
            configured: configured.clone(),
            local: Arc::new(local),
            socket,
            path,
        })
    }

    /// The name in metrics, logs and handovers: `sogs`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address as configured.
    pub fn configured(&self) -> &ListenAddr {
        &self.configured
    }

    /// The address really bound: the port is known even if any free one was asked for.
    pub fn local(&self) -> &Arc<ListenAddr> {
        &self.local
    }

    /// Leaves the path of a unix socket alone from now on: another process serves it.
    pub fn disarm(&self) {
        if let Some(path) = &self.path {
            path.disarm();
        }
    }

    pub(super) async fn accept(&self) -> io::Result<(Socket, Peer)> {
        match &self.socket {
            ListeningSocket::Tcp(listener) => {
                let (stream, addr) = listener.accept().await?;
                // Fails only on a connection that is already gone, as the first read will say.
                let _ = stream.set_nodelay(true);
                Ok((Socket::Tcp(stream), Peer::tcp(addr)))
            }
            ListeningSocket::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                let peer = Peer::unix(stream.peer_cred().ok());
                Ok((Socket::Unix(stream), peer))
            }
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.socket {
            ListeningSocket::Tcp(listener) => listener.as_fd(),
            ListeningSocket::Unix(listener) => listener.as_fd(),
        }
    }
}

fn stream_socket(family: AddressFamily) -> Result<OwnedFd, Failure> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(rustix::net::socket_with(
        family,
        SocketType::STREAM,
        flags,
        None,
    )?)
}

fn bind_tcp(addr: SocketAddr) -> Result<OwnedFd, Failure> {
    let fd = match addr.ip() {
        IpAddr::V4(_) => stream_socket(AddressFamily::INET)?,
        IpAddr::V6(ip) => {
            let fd = stream_socket(AddressFamily::INET6)?;
            // Only the wildcard serves IPv4 too, whatever the machine's default is.
            sockopt::set_ipv6_v6only(&fd, !ip.is_unspecified())?;
            fd
        }
    };
    // A restart must not wait for the last connections of the former process to leave TIME_WAIT.
    sockopt::set_socket_reuseaddr(&fd, true)?;
    rustix::net::bind(&fd, &addr)?;
    rustix::net::listen(&fd, BACKLOG)?;
    Ok(fd)
}

fn prepare_inherited(fd: &OwnedFd) -> Result<(), Failure> {
    if !is_listening_stream(fd) {
        return Err(Failure::NotListening);
    }
    rustix::io::ioctl_fionbio(fd, true)?;
    rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::CLOEXEC)?;
    Ok(())
}

fn is_listening_stream(fd: &OwnedFd) -> bool {
    sockopt::socket_type(fd) == Ok(SocketType::STREAM) && sockopt::socket_acceptconn(fd) == Ok(true)
}

/// Where a socket is bound; `None` for what is neither TCP/IP nor a named unix socket.
pub(super) fn local_addr(fd: &OwnedFd) -> Option<ListenAddr> {
    let addr = getsockname(fd).ok()?;
    match addr.address_family() {
        AddressFamily::INET | AddressFamily::INET6 => {
            SocketAddr::try_from(addr).ok().map(ListenAddr::Tcp)
        }
        AddressFamily::UNIX => unix_path(addr).map(ListenAddr::Unix),
        _ => None,
    }
}

fn unix_path(addr: SocketAddrAny) -> Option<PathBuf> {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let addr = SocketAddrUnix::try_from(addr).ok()?;
    addr.path_bytes()
        .map(|path| PathBuf::from(OsStr::from_bytes(path)))
}
