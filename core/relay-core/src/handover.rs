//! Handing the listening sockets to a newly started relayd, so that an upgrade refuses no
//! connection.
//!
//! ```text
//! new → old   connects to handover.sock in the data dir
//! old → new   the names of its listeners as a JSON list, with the sockets themselves
//! new → old   "take"   it has understood its configuration and will serve
//!             the old one accepts no more, finishes what is in flight, closes the store
//! old → new   "done"   the data dir is free
//! ```
//!
//! Until "take" nothing has happened: a new process that fails leaves the old one serving.
//! From then on connections wait in the backlog of sockets that never closed.
//! Only the same user, or root, may ask.

use std::fs::Permissions;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

use crate::net::Listener;

const TAKE: &[u8; 4] = b"take";
const DONE: &[u8; 4] = b"done";
/// The kernel passes at most 253 sockets in one message.
const MAX_SOCKETS: usize = 253;
const MAX_NAMES: usize = 64 * 1024;

/// Where a running relayd waits for its successor.
pub(crate) fn path_in(data_dir: &Path) -> PathBuf {
    data_dir.join("handover.sock")
}

/// The old process' side: waits for a successor in a task of its own.
#[derive(Debug)]
pub(crate) struct Heirs {
    path: PathBuf,
    waiting: JoinHandle<()>,
    ready: mpsc::Receiver<Heir>,
}

/// A successor that has said "take".
#[derive(Debug)]
pub(crate) struct Heir {
    stream: UnixStream,
    /// Its process.
    pub(crate) pid: Option<u32>,
}

impl Heirs {
    /// Offers `listeners` in the data dir, which must be locked: a socket found there is stale.
    pub(crate) fn invite(data_dir: &Path, listeners: Vec<Arc<Listener>>) -> io::Result<Self> {
        let path = path_in(data_dir);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let socket = UnixListener::bind(&path)?;
        std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        let (found, ready) = mpsc::channel(1);
        let waiting = tokio::spawn(wait(socket, listeners, found));
        Ok(Self {
            path,
            waiting,
            ready,
        })
    }

    /// The successor, once there is one that took over. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Heir {
        match self.ready.recv().await {
            Some(heir) => heir,
            None => std::future::pending().await,
        }
    }
}

/// The first who takes is the successor. Whoever turns out unable leaves no trace, and whoever
/// says nothing is in nobody's way.
async fn wait(socket: UnixListener, listeners: Vec<Arc<Listener>>, found: mpsc::Sender<Heir>) {
    let listeners: Arc<[_]> = listeners.into();
    let mut offers = JoinSet::new();
    loop {
        tokio::select! {
            asked = socket.accept() => match asked {
                Ok((stream, _)) => drop(offers.spawn(offer(stream, Arc::clone(&listeners)))),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            },
            Some(Ok(answer)) = offers.join_next() => match answer {
                Ok(heir) => return drop(found.send(heir).await),
                Err(error) => tracing::info!("a handover was asked for and not taken: {error}"),
            },
        }
    }
}

impl Drop for Heirs {
    fn drop(&mut self) {
        self.waiting.abort();
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Heir {
    /// Tells the successor that the data dir is free.
    pub(crate) async fn done(mut self) {
        if let Err(error) = self.stream.write_all(DONE).await {
            tracing::error!("the successor has gone away: {error}");
        }
    }
}

async fn offer(mut stream: UnixStream, listeners: Arc<[Arc<Listener>]>) -> io::Result<Heir> {
    let peer = stream.peer_cred()?;
    if peer.uid() != 0 && peer.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("asked by another user"));
    }
    send(&stream, &listeners).await?;
    let mut answer = [0; TAKE.len()];
    stream.read_exact(&mut answer).await?;
    if &answer != TAKE {
        return Err(io::Error::other("answer not understood"));
    }
    let pid = peer.pid().and_then(|pid| u32::try_from(pid).ok());
    Ok(Heir { stream, pid })
}

async fn send(stream: &UnixStream, listeners: &[Arc<Listener>]) -> io::Result<()> {
    let names: Vec<&str> = listeners.iter().map(|listener| listener.name()).collect();
    let names = serde_json::to_vec(&names)?;
    if listeners.len() > MAX_SOCKETS || names.len() > MAX_NAMES {
        return Err(io::Error::other("too many listeners to hand over"));
    }
    let mut text = u32::try_from(names.len())
        .unwrap_or(0)
        .to_be_bytes()
        .to_vec();
    text.extend(names);
    let fds: Vec<_> = listeners.iter().map(AsFd::as_fd).collect();
    let sent = stream
        .async_io(Interest::WRITABLE, || {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_SOCKETS))];
            let mut control = SendAncillaryBuffer::new(&mut space);
            control.push(SendAncillaryMessage::ScmRights(&fds));
            Ok(rustix::net::sendmsg(
                stream,
                &[IoSlice::new(&text)],
                &mut control,
                SendFlags::NOSIGNAL,
            )?)
        })
        .await?;
    let mut rest = &text[sent..];
    while !rest.is_empty() {
        stream.writable().await?;
        match stream.try_write(rest) {
            Ok(written) => rest = &rest[written..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The new process' side: what the running relayd offers.
#[derive(Debug)]
pub(crate) struct Offer {
    stream: UnixStream,
    /// Its listening sockets, by name.
    pub(crate) sockets: Vec<(String, OwnedFd)>,
}

impl Offer {
    /// Asks the relayd that uses this data dir; `None` if there is none.
    pub(crate) async fn ask(data_dir: &Path) -> io::Result<Option<Self>> {
        let mut stream = match UnixStream::connect(path_in(data_dir)).await {
            Ok(stream) => stream,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
                ) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let (mut text, fds) = receive(&stream).await?;
        let size = text
            .get(..4)
            .and_then(|size| size.try_into().ok())
            .map(u32::from_be_bytes);
        let size = size.map_or(0, |size| size as usize);
        if size > MAX_NAMES || text.len() < 4 {
            return Err(io::Error::other(
                "the running relayd speaks another language",
            ));
        }
        let already = text.len();
        text.resize(4 + size, 0);
        stream
            .read_exact(text.get_mut(already..).unwrap_or_default())
            .await?;
        let names: Vec<String> = serde_json::from_slice(&text[4..])?;
        if names.len() != fds.len() {
            return Err(io::Error::other(
                "the running relayd gave other sockets than it named",
            ));
        }
        Ok(Some(Self {
            stream,
            sockets: names.into_iter().zip(fds).collect(),
        }))
    }

    /// Takes over, and waits until the old process is done.
    pub(crate) async fn take(&mut self) -> io::Result<()> {
        self.stream.write_all(TAKE).await?;
        let mut answer = [0; DONE.len()];
        self.stream.read_exact(&mut answer).await?;
        Ok(())
    }
}

async fn receive(stream: &UnixStream) -> io::Result<(Vec<u8>, Vec<OwnedFd>)> {
    stream
        .async_io(Interest::READABLE, || {
            let mut text = vec![0; MAX_NAMES + 4];
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_SOCKETS))];
            let mut control = RecvAncillaryBuffer::new(&mut space);
            let flags = RecvFlags::CMSG_CLOEXEC;
            let received = rustix::net::recvmsg(
                stream,
                &mut [IoSliceMut::new(&mut text)],
                &mut control,
                flags,
            )?;
            let mut fds = Vec::new();
            for message in control.drain() {
                if let RecvAncillaryMessage::ScmRights(rights) = message {
                    fds.extend(rights);
                }
            }
            text.truncate(received.bytes);
            Ok((text, fds))
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{BindOptions, ListenAddr};

    fn listeners(count: usize) -> Vec<Arc<Listener>> {
        let any = ListenAddr::Tcp(([127, 0, 0, 1], 0).into());
        let bind = |n| Listener::bind(&format!("listener {n}"), &any, &BindOptions::new("test"));
        (0..count)
            .map(|n| Arc::new(bind(n).expect("bound")))
            .collect()
    }

    #[tokio::test]
    async fn sockets_arrive_with_their_names_and_the_end_is_told() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let listeners = listeners(5);
        let mut heirs = Heirs::invite(dir.path(), listeners.clone()).expect("listens");
        let path = dir.path().to_owned();
        let new = tokio::spawn(async move {
            let mut offer = Offer::ask(&path).await.expect("asked").expect("offered");
            offer.take().await.expect("taken");
            offer
        });
        let heir = heirs.next().await;
        assert_eq!(heir.pid, Some(std::process::id()));
        heir.done().await;
        let offer = new.await.expect("no panic");
        for ((name, fd), listener) in offer.sockets.into_iter().zip(listeners) {
            let local = std::net::TcpListener::from(fd)
                .local_addr()
                .expect("a socket");
            assert_eq!(
                (name.as_str(), &ListenAddr::Tcp(local)),
                (listener.name(), &**listener.local())
            );
        }
    }

    #[tokio::test]
    async fn a_successor_that_fails_before_taking_changes_nothing() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let mut heirs = Heirs::invite(dir.path(), listeners(1)).expect("listens");
        let path = dir.path().to_owned();
        let new = tokio::spawn(async move {
            drop(Offer::ask(&path).await.expect("asked").expect("offered"));
            let mut second = Offer::ask(&path)
                .await
                .expect("asked")
                .expect("offered again");
            second.take().await.expect("taken");
        });
        heirs.next().await.done().await;
        new.await.expect("no panic");
    }

    #[tokio::test]
    async fn without_a_running_relayd_there_is_no_offer() {
        let dir = tempfile::tempdir().expect("temporary directory");
        assert!(Offer::ask(dir.path()).await.expect("asked").is_none());
        drop(Heirs::invite(dir.path(), Vec::new()).expect("listens"));
        assert!(Offer::ask(dir.path()).await.expect("asked").is_none());
    }
}
