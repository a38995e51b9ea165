//! Why a socket could not be bound, in words for the operator.

use std::io;

use rustix::io::Errno;

use crate::net::ListenAddr;

/// A listening socket could not be had. One line: the address, the reason, what to do.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The machine has no such address.
    #[error("{addr} is not an address of this machine; change `{key}`")]
    AddressNotHere {
        /// The address.
        addr: ListenAddr,
        /// Its config key.
        key: String,
    },
    /// The folder of a unix socket cannot be written.
    #[error(
        "not allowed to create {addr}; let relayd's user write to its folder or change `{key}`"
    )]
    Denied {
        /// The address.
        addr: ListenAddr,
        /// Its config key.
        key: String,
    },
    /// Another program listens there.
    #[error("{addr} is in use by another program; stop it or change `{key}`")]
    InUse {
        /// The address.
        addr: ListenAddr,
        /// Its config key.
        key: String,
    },
    /// The folder of a unix socket is missing.
    #[error("the folder of {addr} does not exist; create it or change `{key}`")]
    NoFolder {
        /// The address.
        addr: ListenAddr,
        /// Its config key.
        key: String,
    },
    /// IPv6 is switched off.
    #[error(
        "{addr} needs IPv6, which this machine does not have; write an IPv4 address like 0.0.0.0:8080 in `{key}`"
    )]
    NoIpv6 {
        /// The address.
        addr: ListenAddr,
        /// Its config key.
        key: String,
    },
    /// Owner or group of a unix socket is not known.
    #[error(
        "{addr} should belong to {who}, who does not exist here; create it or change what stands beside `{key}`"
    )]
    NoSuchOwner {
        /// The address.
        addr: ListenAddr,
        /// Its config key.
        key: String,
        /// ``user `name` `` or ``group `name` ``.
        who: String,
    },
    /// Something else is at the path of a unix socket.
    #[error("{addr} cannot be a socket: another file is there; remove it or change `{key}`")]
    NotASocket {
        /// The address.
        addr: ListenAddr,
        /// Its config key.
        key: String,
    },
    /// An inherited descriptor is no listening stream socket.
    #[error(
        "what was inherited for {addr} is not a listening TCP or unix stream socket; check the .socket unit or change `{key}`"
    )]
    NotListening {
        /// The address.
        addr: ListenAddr,
        /// Its config key.
        key: String,
    },
    /// The path of a unix socket does not fit the kernel's bound.
    #[error("{addr} is too long for a unix socket, whose path may have 107 bytes; change `{key}`")]
    PathTooLong {
        /// The address.
        addr: ListenAddr,
        /// Its config key.
        key: String,
    },
    /// A port that needs a privilege.
    #[error(
        "not allowed to listen on {addr}: ports below 1024 need AmbientCapabilities=CAP_NET_BIND_SERVICE in relayd.service, \
         or socket activation; or change `{key}`"
    )]
    Privileged {
        /// The address.
        addr: ListenAddr,
        /// Its config key.
        key: String,
    },
    /// Anything else.
    #[error("cannot listen on {addr} (`{key}`): {source}")]
    System {
        /// The address.
        addr: ListenAddr,
        /// Its config key.
        key: String,
        /// What the system said.
        source: io::Error,
    },
}

/// What failed, before it is known for which address.
#[derive(Debug)]
pub(super) enum Failure {
    InUse,
    NoSuchOwner(String),
    NotASocket,
    NotListening,
    System(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Self {
        Self::System(errno.into())
    }
}

impl BindError {
    pub(super) fn new(addr: &ListenAddr, key: &str, failure: Failure) -> Self {
        let (addr, key) = (addr.clone(), key.to_owned());
        match failure {
            Failure::InUse => Self::InUse { addr, key },
            Failure::NoSuchOwner(who) => Self::NoSuchOwner { addr, key, who },
            Failure::NotASocket => Self::NotASocket { addr, key },
            Failure::NotListening => Self::NotListening { addr, key },
            Failure::System(source) => Self::system(addr, key, source),
        }
    }

    fn system(addr: ListenAddr, key: String, source: io::Error) -> Self {
        match (Errno::from_io_error(&source), &addr) {
            (Some(Errno::ADDRINUSE), _) => Self::InUse { addr, key },
            (Some(Errno::ADDRNOTAVAIL), _) => Self::AddressNotHere { addr, key },
            (Some(Errno::AFNOSUPPORT), ListenAddr::Tcp(_)) => Self::NoIpv6 { addr, key },
            (Some(Errno::ACCESS | Errno::PERM), ListenAddr::Tcp(tcp)) if tcp.port() < 1024 => {
                Self::Privileged { addr, key }
            }
            (Some(Errno::ACCESS | Errno::ROFS), ListenAddr::Unix(_)) => Self::Denied { addr, key },
            (Some(Errno::NOENT | Errno::NOTDIR), ListenAddr::Unix(_)) => {
                Self::NoFolder { addr, key }
            }
            (Some(Errno::NAMETOOLONG), ListenAddr::Unix(_)) => Self::PathTooLong { addr, key },
            _ => Self::System { addr, key, source },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages that a test cannot provoke: tests may run as root, and on machines with IPv6.
    #[test]
    fn what_the_system_says_becomes_what_to_do() {
        for (addr, errno, expected) in [
            (
                "0.0.0.0:443",
                Errno::ACCESS,
                "not allowed to listen on 0.0.0.0:443: ports below 1024 need \
                 AmbientCapabilities=CAP_NET_BIND_SERVICE in relayd.service, or socket activation; or change `smp.listen`",
            ),
            (
                ":443",
                Errno::AFNOSUPPORT,
                "[::]:443 needs IPv6, which this machine does not have; write an IPv4 address like 0.0.0.0:8080 in `smp.listen`",
            ),
            (
                "unix:/run/x.sock",
                Errno::ACCESS,
                "not allowed to create unix:/run/x.sock; let relayd's user write to its folder or change `smp.listen`",
            ),
            (
                "127.0.0.1:5223",
                Errno::ACCESS,
                "cannot listen on 127.0.0.1:5223 (`smp.listen`): Permission denied (os error 13)",
            ),
        ] {
            let addr = addr.parse().unwrap();
            let error = BindError::new(&addr, "smp.listen", errno.into());
            assert_eq!(error.to_string(), expected);
        }
    }
}
