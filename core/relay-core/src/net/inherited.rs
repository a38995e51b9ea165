//! Listening sockets that another process bound for this one.
//!
//! They come from systemd socket activation, from the process a new binary replaces, or both. Listeners take what
//! is theirs; what nobody took is listed, so that a socket that accepts into the void does not go unseen.

use std::{fmt, os::fd::OwnedFd};

use listenfd::ListenFd;

use super::{ListenAddr, bind::local_addr};

/// A pool of inherited sockets. What is left in it is closed on drop.
#[derive(Debug, Default)]
pub struct Inherited(Vec<Candidate>);

#[derive(Debug)]
struct Candidate {
    name: String,
    local: Option<ListenAddr>,
    fd: OwnedFd,
}

impl Inherited {
    /// What systemd passed to this very process (`LISTEN_PID`), with the names of `LISTEN_FDNAMES`.
    ///
    /// Reading takes the variables out of the environment, so that children do not see them: call it before the
    /// runtime starts threads. Descriptors that are not stream sockets are left alone and not listed.
    pub fn from_env() -> Self {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut names = names.split(':');
        let mut passed = ListenFd::from_env();
        let mut pool = Self::default();
        for index in 0..passed.len() {
            let name = names.next().unwrap_or_default();
            if let Some(fd) = take_stream_socket(&mut passed, index) {
                pool.add(name, fd);
            }
        }
        pool
    }

    /// Adds a socket, from a handover.
    pub fn add(&mut self, name: impl Into<String>, fd: OwnedFd) {
        self.0.push(Candidate {
            name: name.into(),
            local: local_addr(&fd),
            fd,
        });
    }

    /// The socket for the listener called `name` at `addr`: one bound to that address, else one of that name.
    ///
    /// The address comes first because a plugin with several addresses has several sockets of one name.
    pub fn take(&mut self, name: &str, addr: &ListenAddr) -> Option<OwnedFd> {
        let is_bound = |candidate: &Candidate| {
            candidate
                .local
                .as_ref()
                .is_some_and(|local| addr.is_bound_as(local))
        };
        let position = |wanted: &dyn Fn(&Candidate) -> bool| self.0.iter().position(wanted);
        let index = position(&|candidate| is_bound(candidate) && candidate.name == name)
            .or_else(|| position(&is_bound))
            .or_else(|| position(&|candidate| candidate.name == name))?;
        Some(self.0.remove(index).fd)
    }

    /// What nobody took, as name and address.
    pub fn leftovers(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }
}

impl Extend<(String, OwnedFd)> for Inherited {
    fn extend<I: IntoIterator<Item = (String, OwnedFd)>>(&mut self, sockets: I) {
        sockets
            .into_iter()
            .for_each(|(name, fd)| self.add(name, fd));
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.name.is_empty() {
            "unnamed"
        } else {
            &self.name
        };
        match &self.local {
            Some(local) => write!(f, "{name} ({local})"),
            None => write!(f, "{name} (not a listening address)"),
        }
    }
}

fn take_stream_socket(passed: &mut ListenFd, index: usize) -> Option<OwnedFd> {
    if let Ok(tcp) = passed.take_tcp_listener(index) {
        return tcp.map(Into::into);
    }
    passed
        .take_unix_listener(index)
        .ok()
        .flatten()
        .map(Into::into)
}
