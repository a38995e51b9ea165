//! Who is connected, for operators who look at the control port. Where there is none, nothing is
//! kept.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use relay_core::clock::SharedClock;
use relay_core::net::ListenAddr;

use crate::engine::Holdings;

/// All clients, and the connections of every port. Every clone is the same.
#[derive(Clone, Debug)]
pub(crate) struct Clients(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    clock: SharedClock,
    last: AtomicU64,
    open: Mutex<BTreeMap<u64, Arc<Client>>>,
    ports: Mutex<BTreeMap<String, Traffic>>,
}

/// One client.
#[derive(Debug)]
pub(crate) struct Client {
    /// Counted from the start of the daemon.
    pub(crate) number: u64,
    /// The id both sides sign.
    pub(crate) session_id: Arc<[u8]>,
    /// When it came, in unix seconds.
    pub(crate) since: i64,
    /// Where it listens.
    pub(crate) port: String,
    /// What it is subscribed to.
    pub(crate) holdings: Holdings,
    heard: AtomicI64,
    told: AtomicI64,
}

/// Connections of a port since the start.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Traffic {
    pub(crate) accepted: u64,
    pub(crate) closed: u64,
}

/// A connection, until it is dropped.
#[derive(Debug)]
pub(super) struct Connected(Option<(Arc<Inner>, String)>);

/// A client, until it is dropped.
#[derive(Debug)]
pub(super) struct Present(Option<(Arc<Inner>, Arc<Client>)>);

impl Clients {
    /// Keeps none.
    pub(crate) const fn unknown() -> Self {
        Self(None)
    }

    /// Keeps all.
    pub(crate) fn known(clock: SharedClock) -> Self {
        Self(Some(Arc::new(Inner {
            clock,
            last: AtomicU64::new(0),
            open: Mutex::default(),
            ports: Mutex::default(),
        })))
    }

    /// A connection came in there.
    pub(super) fn accepted(&self, local: &ListenAddr) -> Connected {
        Connected(self.0.as_ref().map(|inner| {
            let port = port(local);
            lock(&inner.ports).entry(port.clone()).or_default().accepted += 1;
            (Arc::clone(inner), port)
        }))
    }

    /// It has shaken hands.
    pub(super) fn enter(
        &self,
        connected: &Connected,
        session_id: &[u8],
        holdings: Holdings,
    ) -> Present {
        let known = self.0.as_ref().zip(connected.0.as_ref());
        Present(known.map(|(inner, (_, port))| {
            let now = inner.clock.now().secs();
            let client = Arc::new(Client {
                number: inner.last.fetch_add(1, Ordering::Relaxed),
                session_id: session_id.into(),
                since: now,
                port: port.clone(),
                holdings,
                heard: AtomicI64::new(now),
                told: AtomicI64::new(now),
            });
            lock(&inner.open).insert(client.number, Arc::clone(&client));
            (Arc::clone(inner), client)
        }))
    }

    /// All there are now, the oldest first.
    pub(crate) fn all(&self) -> Vec<Arc<Client>> {
        let inner = self.0.as_ref();
        inner.map_or_else(Vec::new, |inner| {
            lock(&inner.open).values().cloned().collect()
        })
    }

    /// The connections of every port that had one.
    pub(crate) fn ports(&self) -> Vec<(String, Traffic)> {
        let copy = |inner: &Arc<Inner>| {
            let ports = lock(&inner.ports);
            ports
                .iter()
                .map(|(port, traffic)| (port.clone(), *traffic))
                .collect()
        };
        self.0.as_ref().map_or_else(Vec::new, copy)
    }
}

impl Client {
    /// When something was last received from it.
    pub(crate) fn heard(&self) -> i64 {
        self.heard.load(Ordering::Relaxed)
    }

    /// When something was last sent to it.
    pub(crate) fn told(&self) -> i64 {
        self.told.load(Ordering::Relaxed)
    }
}

impl Present {
    pub(super) fn heard(&self) {
        if let Some((inner, client)) = &self.0 {
            client
                .heard
                .store(inner.clock.now().secs(), Ordering::Relaxed);
        }
    }

    pub(super) fn told(&self) {
        if let Some((inner, client)) = &self.0 {
            client
                .told
                .store(inner.clock.now().secs(), Ordering::Relaxed);
        }
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        if let Some((inner, client)) = &self.0 {
            lock(&inner.open).remove(&client.number);
        }
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        if let Some((inner, port)) = &self.0
            && let Some(traffic) = lock(&inner.ports).get_mut(port)
        {
            traffic.closed += 1;
        }
    }
}

/// A port is known by its number; a unix socket by its path.
fn port(local: &ListenAddr) -> String {
    match local {
        ListenAddr::Tcp(tcp) => tcp.port().to_string(),
        ListenAddr::Unix(path) => path.display().to_string(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
