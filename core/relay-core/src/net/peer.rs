//! Who is at the other end, without saying it.
//!
//! A [`Peer`] can be counted, limited and matched against networks, but never printed: it has no `Display`, and
//! its `Debug` says `Peer(private)`. An address reaches a log only if somebody writes code to put it there.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use ipnet::IpNet;
use tokio::net::unix::UCred;

/// The client of one connection.
#[derive(Clone, Eq, PartialEq)]
pub struct Peer(Origin);

#[derive(Clone, Copy, Eq, PartialEq)]
enum Origin {
    Tcp(SocketAddr),
    Unix(Option<UCred>),
}

impl Peer {
    /// A client over TCP. An IPv4 client of a dual-stack socket is an IPv4 client.
    pub fn tcp(addr: SocketAddr) -> Self {
        Self(Origin::Tcp(SocketAddr::new(
            addr.ip().to_canonical(),
            addr.port(),
        )))
    }

    /// A client over a unix socket, with what the kernel says of its process.
    pub fn unix(credentials: Option<UCred>) -> Self {
        Self(Origin::Unix(credentials))
    }

    /// What limits count by: the IPv4 address, the IPv6 /64 (one customer's share), or the unix user.
    pub fn limit_key(&self) -> LimitKey {
        LimitKey(match self.0 {
            Origin::Tcp(addr) => match addr.ip() {
                IpAddr::V4(v4) => Key::V4(v4),
                IpAddr::V6(v6) => Key::V6Net(v6.to_bits() >> 64),
            },
            Origin::Unix(credentials) => Key::User(credentials.map(|c| c.uid())),
        })
    }

    /// The address, for code that must decide by it. It must not be logged, stored or put in a label.
    pub fn ip(&self) -> Option<IpAddr> {
        match self.0 {
            Origin::Tcp(addr) => Some(addr.ip()),
            Origin::Unix(_) => None,
        }
    }

    /// Whether the client runs on this machine.
    pub fn is_loopback(&self) -> bool {
        self.ip().is_none_or(|ip| ip.is_loopback())
    }

    /// Whether the client came over a unix socket.
    pub fn is_unix(&self) -> bool {
        matches!(self.0, Origin::Unix(_))
    }

    /// The process behind a unix socket, when the kernel told.
    pub fn credentials(&self) -> Option<&UCred> {
        match &self.0 {
            Origin::Tcp(_) => None,
            Origin::Unix(credentials) => credentials.as_ref(),
        }
    }

    /// Whether the client's address lies in one of `networks`.
    pub(super) fn is_within(&self, networks: &[IpNet]) -> bool {
        self.ip()
            .is_some_and(|ip| networks.iter().any(|net| net.contains(&ip)))
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Peer(private)")
    }
}

/// What a limit counts by; can be compared and hashed, not read.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct LimitKey(Key);

#[derive(Clone, Copy, Eq, Hash, PartialEq)]
enum Key {
    User(Option<u32>),
    V4(Ipv4Addr),
    V6Net(u128),
}

impl fmt::Debug for LimitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LimitKey(private)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(addr: &str) -> Peer {
        Peer::tcp(addr.parse().unwrap())
    }

    #[test]
    fn debug_tells_nothing() {
        let peer = peer("192.0.2.77:4711");
        assert_eq!(format!("{peer:?}"), "Peer(private)");
        assert_eq!(format!("{:?}", peer.limit_key()), "LimitKey(private)");
    }

    #[test]
    fn one_key_per_ipv4_address_and_per_ipv6_64() {
        for (a, b, same) in [
            ("192.0.2.1:1", "192.0.2.1:2", true),
            ("192.0.2.1:1", "192.0.2.2:1", false),
            ("[2001:db8:1:2::1]:1", "[2001:db8:1:2:ffff::9]:1", true),
            ("[2001:db8:1:2::1]:1", "[2001:db8:1:3::1]:1", false),
            ("[::ffff:192.0.2.1]:1", "192.0.2.1:1", true),
        ] {
            assert_eq!(peer(a).limit_key() == peer(b).limit_key(), same, "{a} {b}");
        }
    }

    #[test]
    fn loopback_is_this_machine() {
        assert!(peer("127.0.0.9:1").is_loopback());
        assert!(peer("[::ffff:127.0.0.1]:1").is_loopback());
        assert!(Peer::unix(None).is_loopback());
        assert!(!peer("192.0.2.1:1").is_loopback());
    }

    #[test]
    fn networks() {
        let networks = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        assert!(peer("10.1.2.3:1").is_within(&networks));
        assert!(peer("[::ffff:10.1.2.3]:1").is_within(&networks));
        assert!(peer("[::1]:1").is_within(&networks));
        assert!(!peer("11.0.0.1:1").is_within(&networks));
        assert!(!Peer::unix(None).is_within(&networks));
    }
}
