//! How many connections, in all and from one address.
//!
//! A [`Gate`] hands out [`Permit`]s; a permit counts until it is dropped. Limits are swapped while running: a
//! lowered limit ends nobody, it only lets fewer in. Memory is proportional to the connections open now; the
//! counts hold a lock for a few instructions and never across an await.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::{LimitKey, Peer, Refusal};

/// What a [`Gate`] enforces.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConnectionLimits {
    /// Connections in all.
    pub max_connections: usize,
    /// Connections from one IPv4 address, one IPv6 /64 or one unix user.
    pub max_connections_per_address: usize,
    /// Time for the PROXY header and the TLS handshake together.
    pub handshake_timeout: Duration,
    /// Networks whose connections count in all only: reverse proxies, onion services, monitoring.
    pub exempt: Vec<IpNet>,
    /// The same for unix sockets. On by default: file modes say who may connect, and a reverse proxy in front of
    /// a unix socket is one user for all its clients.
    pub exempt_unix: bool,
}

impl Default for ConnectionLimits {
    /// Wide enough for a carrier's NAT, narrow enough that one address cannot take everything.
    fn default() -> Self {
        let loopback_v4 = Ipv4Net::new_assert([127, 0, 0, 0].into(), 8);
        let loopback_v6 = Ipv6Net::new_assert([0, 0, 0, 0, 0, 0, 0, 1].into(), 128);
        Self {
            max_connections: 16_384,
            max_connections_per_address: 256,
            handshake_timeout: Duration::from_secs(10),
            exempt: vec![loopback_v4.into(), loopback_v6.into()],
            exempt_unix: true,
        }
    }
}

impl ConnectionLimits {
    fn exempts(&self, peer: &Peer) -> bool {
        if peer.is_unix() {
            self.exempt_unix
        } else {
            peer.is_within(&self.exempt)
        }
    }
}

/// Lets connections in while the limits allow. Cloning shares the counts.
#[derive(Clone)]
pub struct Gate(Arc<Shared>);

struct Shared {
    limits: ArcSwap<ConnectionLimits>,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    total: usize,
    by_key: HashMap<LimitKey, usize>,
}

impl Gate {
    /// A gate with nobody inside.
    pub fn new(limits: ConnectionLimits) -> Self {
        Self(Arc::new(Shared {
            limits: ArcSwap::from_pointee(limits),
            counts: Mutex::default(),
        }))
    }

    /// Replaces the limits for connections that come from now on.
    pub fn set_limits(&self, limits: ConnectionLimits) {
        self.0.limits.store(Arc::new(limits));
    }

    /// The limits of this moment.
    pub fn limits(&self) -> Arc<ConnectionLimits> {
        self.0.limits.load_full()
    }

    /// Connections inside now.
    pub fn open(&self) -> usize {
        self.0.counts().total
    }

    /// Lets `peer` in, or says which limit refuses it.
    pub fn admit(&self, peer: &Peer) -> Result<Permit, Refusal> {
        let mut permit = self.admit_unnamed()?;
        permit.name(peer)?;
        Ok(permit)
    }

    /// Lets in a connection whose client is not known yet, because a PROXY header will tell: counted in all only,
    /// until [`Permit::name`].
    pub fn admit_unnamed(&self) -> Result<Permit, Refusal> {
        let max = self.0.limits.load().max_connections;
        let mut counts = self.0.counts();
        if counts.total >= max {
            return Err(Refusal::LimitTotal);
        }
        counts.total += 1;
        drop(counts);
        Ok(Permit {
            gate: Arc::clone(&self.0),
            key: None,
        })
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limits = self.limits();
        f.debug_struct("Gate")
            .field("limits", &limits)
            .field("open", &self.open())
            .finish()
    }
}

impl Shared {
    /// The counts stay right when a holder panics: every change of them is complete or not begun.
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn enter(&mut self, key: LimitKey, max: usize) -> Result<(), Refusal> {
        let inside = self.by_key.get(&key).copied().unwrap_or(0);
        if inside >= max {
            return Err(Refusal::LimitAddress);
        }
        self.by_key.insert(key, inside + 1);
        Ok(())
    }

    fn leave(&mut self, key: LimitKey) {
        if let Some(inside) = self.by_key.get_mut(&key) {
            *inside -= 1;
            if *inside == 0 {
                self.by_key.remove(&key);
                self.give_back_memory();
            }
        }
    }

    /// After a flood the map is shrunk; the factor of four keeps the cost per connection constant.
    fn give_back_memory(&mut self) {
        if self.by_key.capacity() > 256 && self.by_key.len() < self.by_key.capacity() / 4 {
            self.by_key.shrink_to(self.by_key.len() * 2);
        }
    }
}

/// One connection's place inside a [`Gate`], given back on drop.
pub struct Permit {
    gate: Arc<Shared>,
    key: Option<LimitKey>,
}

impl Permit {
    /// What it counts by, unless it counts in all only.
    pub(super) fn key(&self) -> Option<LimitKey> {
        self.key
    }

    /// Counts the connection under `peer`, and under nobody else.
    pub fn name(&mut self, peer: &Peer) -> Result<(), Refusal> {
        let limits = self.gate.limits.load();
        let mut counts = self.gate.counts();
        if let Some(former) = self.key.take() {
            counts.leave(former);
        }
        if !limits.exempts(peer) {
            let key = peer.limit_key();
            counts.enter(key, limits.max_connections_per_address)?;
            self.key = Some(key);
        }
        Ok(())
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut counts = self.gate.counts();
        counts.total -= 1;
        if let Some(key) = self.key {
            counts.leave(key);
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(total: usize, per_address: usize) -> Gate {
        Gate::new(ConnectionLimits {
            max_connections: total,
            max_connections_per_address: per_address,
            ..ConnectionLimits::default()
        })
    }

    fn peer(addr: &str) -> Peer {
        Peer::tcp(addr.parse().unwrap())
    }

    #[test]
    fn counts_per_address_until_dropped() {
        let gate = gate(100, 2);
        let first = gate.admit(&peer("192.0.2.1:1")).unwrap();
        let _second = gate.admit(&peer("192.0.2.1:2")).unwrap();
        assert_eq!(
            gate.admit(&peer("192.0.2.1:3")).unwrap_err(),
            Refusal::LimitAddress
        );
        let _neighbour = gate.admit(&peer("192.0.2.2:1")).unwrap();
        assert_eq!(gate.open(), 3);
        drop(first);
        let _third = gate.admit(&peer("192.0.2.1:3")).unwrap();
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let gate = gate(100, 1);
        let _one = gate.admit(&peer("[2001:db8::1]:1")).unwrap();
        assert_eq!(
            gate.admit(&peer("[2001:db8::2]:1")).unwrap_err(),
            Refusal::LimitAddress
        );
        let _other = gate.admit(&peer("[2001:db8:0:1::1]:1")).unwrap();
    }

    #[test]
    fn the_total_counts_everybody() {
        let gate = gate(2, 2);
        let _one = gate.admit(&peer("127.0.0.1:1")).unwrap();
        let two = gate.admit_unnamed().unwrap();
        assert_eq!(
            gate.admit(&peer("127.0.0.1:1")).unwrap_err(),
            Refusal::LimitTotal
        );
        drop(two);
        let _three = gate.admit(&peer("192.0.2.1:1")).unwrap();
    }

    #[test]
    fn exempt_networks_have_no_limit_per_address() {
        let gate = gate(100, 1);
        let _many: Vec<_> = (0..9)
            .map(|_| gate.admit(&peer("127.0.0.1:1")).unwrap())
            .collect();
        let _unix: Vec<_> = (0..9)
            .map(|_| gate.admit(&Peer::unix(None)).unwrap())
            .collect();
        assert!(gate.0.counts().by_key.is_empty());
        gate.set_limits(ConnectionLimits {
            exempt_unix: false,
            exempt: vec![],
            ..(*gate.limits()).clone()
        });
        let _one = gate.admit(&Peer::unix(None)).unwrap();
        assert_eq!(
            gate.admit(&Peer::unix(None)).unwrap_err(),
            Refusal::LimitAddress
        );
    }

    #[test]
    fn a_name_replaces_the_former_one() {
        let gate = gate(100, 1);
        let mut permit = gate.admit(&peer("192.0.2.1:1")).unwrap();
        permit.name(&peer("192.0.2.2:1")).unwrap();
        let _back = gate.admit(&peer("192.0.2.1:1")).unwrap();
        assert_eq!(
            permit.name(&peer("192.0.2.1:1")).unwrap_err(),
            Refusal::LimitAddress
        );
        drop(permit);
        assert_eq!((gate.open(), gate.0.counts().by_key.len()), (1, 1));
    }

    #[test]
    fn limits_change_while_running() {
        let gate = gate(100, 1);
        let _one = gate.admit(&peer("192.0.2.1:1")).unwrap();
        gate.set_limits(ConnectionLimits {
            max_connections_per_address: 2,
            ..(*gate.limits()).clone()
        });
        let _two = gate.admit(&peer("192.0.2.1:1")).unwrap();
        gate.set_limits(ConnectionLimits {
            max_connections: 1,
            ..(*gate.limits()).clone()
        });
        assert_eq!(
            gate.admit(&peer("192.0.2.9:1")).unwrap_err(),
            Refusal::LimitTotal
        );
    }

    #[test]
    fn memory_follows_the_connections() {
        let gate = gate(100_000, 1);
        let flood: Vec<_> = (0..20_000_u32)
            .map(|n| gate.admit(&Peer::tcp((n.to_be_bytes(), 1).into())).unwrap())
            .collect();
        drop(flood);
        let counts = gate.0.counts();
        assert!(counts.by_key.is_empty());
        assert!(
            counts.by_key.capacity() <= 1024,
            "{}",
            counts.by_key.capacity()
        );
    }
}
