//! Unix sockets: nobody connects before mode and owner are right, a live server is never displaced.

use std::{
    fs, io,
    os::{
        fd::OwnedFd,
        unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown},
    },
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use nix::unistd::{Group, User};
use rustix::{
    io::Errno,
    net::{AddressFamily, SocketAddrUnix},
};

use super::{BACKLOG, BindOptions, error::Failure, stream_socket};

pub(super) fn bind(path: &Path, options: &BindOptions) -> Result<(OwnedFd, OwnPath), Failure> {
    let owner = Owner::find(options)?;
    let addr = SocketAddrUnix::new(path)?;
    make_room(path, &addr)?;
    let fd = stream_socket(AddressFamily::UNIX)?;
    rustix::net::bind(&fd, &addr)?;
    let own = OwnPath::new(path)?;
    // Until `listen` below every connect is refused, so the file's first mode is nobody's chance.
    fs::set_permissions(path, fs::Permissions::from_mode(options.mode))?;
    owner.give(path)?;
    rustix::net::listen(&fd, BACKLOG)?;
    Ok((fd, own))
}

/// Removes what a crashed process left behind, and nothing else.
fn make_room(path: &Path, addr: &SocketAddrUnix) -> Result<(), Failure> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
        Ok(found) if !found.file_type().is_socket() => Err(Failure::NotASocket),
        Ok(_) if is_live(addr)? => Err(Failure::InUse),
        Ok(_) => Ok(fs::remove_file(path)?),
    }
}

/// Only a refusal proves that nobody listens: a full backlog, a wrong type or a lacking permission does not.
fn is_live(addr: &SocketAddrUnix) -> Result<bool, Failure> {
    let probe = stream_socket(AddressFamily::UNIX)?;
    Ok(rustix::net::connect(&probe, addr) != Err(Errno::CONNREFUSED))
}

struct Owner {
    user: Option<u32>,
    group: Option<u32>,
}

impl Owner {
    fn find(options: &BindOptions) -> Result<Self, Failure> {
        let user = options.owner.as_deref().map(|name| {
            let found = User::from_name(name).map_err(io::Error::from)?;
            found
                .map(|user| user.uid.as_raw())
                .ok_or_else(|| no_such("user", name))
        });
        let group = options.group.as_deref().map(|name| {
            let found = Group::from_name(name).map_err(io::Error::from)?;
            found
                .map(|group| group.gid.as_raw())
                .ok_or_else(|| no_such("group", name))
        });
        Ok(Self {
            user: user.transpose()?,
            group: group.transpose()?,
        })
    }

    fn give(&self, path: &Path) -> io::Result<()> {
        match (self.user, self.group) {
            (None, None) => Ok(()),
            (user, group) => chown(path, user, group),
        }
    }
}

fn no_such(kind: &str, name: &str) -> Failure {
    Failure::NoSuchOwner(format!("{kind} `{name}`"))
}

/// A socket file this process made, removed on drop.
#[derive(Debug)]
pub(super) struct OwnPath {
    path: PathBuf,
    file: (u64, u64),
    armed: AtomicBool,
}

impl OwnPath {
    fn new(path: &Path) -> io::Result<Self> {
        let found = fs::symlink_metadata(path)?;
        Ok(Self {
            // The daemon may change its directory later.
            path: std::path::absolute(path)?,
            file: (found.dev(), found.ino()),
            armed: AtomicBool::new(true),
        })
    }

    pub(super) fn disarm(&self) {
        self.armed.store(false, Ordering::Relaxed);
    }

    fn is_still_ours(&self) -> bool {
        let found = fs::symlink_metadata(&self.path);
        found.is_ok_and(|found| (found.dev(), found.ino()) == self.file)
    }
}

impl Drop for OwnPath {
    fn drop(&mut self) {
        if self.armed.load(Ordering::Relaxed) && self.is_still_ours() {
            // Nothing to do about a failure: the next start finds a stale socket and removes it.
            let _ = fs::remove_file(&self.path);
        }
    }
}
