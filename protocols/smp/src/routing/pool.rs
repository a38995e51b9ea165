//! The connections to relays: one to each, whoever asks, and a memory of those that failed.
//!
//! A connection is made by a task of its own: those who wait for it may leave, and it is made all
//! the same. What the table says of a relay is taken back however that task ends.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use relay_core::clock::SharedClock;
use relay_core::entropy::Entropy;
use relay_core::tasks::Tasks;
use relay_core::telemetry::metrics::{Kind, Metrics};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use super::destination::Destination;
use super::dial::Means;
use super::failure::Failure;
use super::session::Session;
use crate::config::Settings;

/// How connecting ended.
pub(super) type Reached = Result<Arc<Session>, Failure>;

/// All relays known. Every clone is the same.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Shared>);

/// Requests of all clients that wait for relays: 256 MiB of messages.
const WAITING: usize = 16_384;

struct Shared {
    settings: Settings,
    means: Means,
    tasks: Tasks,
    waiting: Arc<Semaphore>,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    relays: HashMap<Destination, Slot>,
    sessions: HashMap<Box<[u8]>, Arc<Session>>,
}

enum Slot {
    Connecting(Coming),
    Open(Arc<Session>),
    Failed(Failure, Instant),
}

/// How connecting will have ended.
#[derive(Clone)]
pub(super) struct Coming(watch::Receiver<Option<Reached>>);

/// What is known of a relay.
pub(super) enum Known {
    /// How connecting ended.
    Reached(Reached),
    /// Somebody is at it.
    Coming(Coming),
    /// Nothing.
    Nothing,
}

/// A relay's place in the table while its task runs.
struct Place<'p> {
    pool: &'p Pool,
    destination: Destination,
    session: Option<Arc<Session>>,
    kept: bool,
}

impl Pool {
    pub(crate) fn new(
        settings: Settings,
        clock: SharedClock,
        entropy: Entropy,
        tasks: Tasks,
    ) -> Self {
        Self(Arc::new(Shared {
            settings,
            means: Means { clock, entropy },
            tasks,
            waiting: Arc::new(Semaphore::new(WAITING)),
            table: Mutex::default(),
        }))
    }

    /// Lets Prometheus ask how many connections there are. Once per registry.
    pub(crate) fn publish(&self, metrics: &Metrics) {
        let pool = self.clone();
        let (name, help) = (
            "relayd_smp_proxy_relays",
            "Servers connected to, to pass on.",
        );
        metrics.watch(name, help, Kind::Gauge, ("", &[]), move |_| {
            i64::try_from(pool.lock().sessions.len()).unwrap_or(i64::MAX)
        });
    }

    /// The settings as they are now.
    pub(super) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Runs a task.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.tasks.spawn("smp.proxy", task);
    }

    /// Room for one more request to wait.
    pub(super) fn room(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.waiting).try_acquire_owned().ok()
    }

    /// The connection that a `PKEY` told of.
    pub(super) fn session(&self, id: &[u8]) -> Option<Arc<Session>> {
        let session = self.lock().sessions.get(id).cloned();
        session.filter(|session| !session.has_ended())
    }

    /// What is known of a relay now.
    pub(super) fn known(&self, destination: &Destination) -> Known {
        match self.lock().relays.get(destination) {
            Some(Slot::Open(session)) if !session.has_ended() => {
                session.touch();
                Known::Reached(Ok(Arc::clone(session)))
            }
            Some(Slot::Failed(failure, until)) if Instant::now() < *until => {
                Known::Reached(Err(failure.clone()))
            }
            Some(Slot::Connecting(coming)) => Known::Coming(coming.clone()),
            _ => Known::Nothing,
        }
    }

    /// Begins to connect, unless somebody else has meanwhile.
    pub(super) fn connect(&self, destination: &Destination) -> Result<Coming, Failure> {
        let most = self.settings().now().proxy.max_relays as usize;
        let mut table = self.lock();
        if let Some(Slot::Connecting(coming)) = table.relays.get(destination) {
            return Ok(coming.clone());
        }
        // An ended connection's place is taken over; its task sees that it is not its own.
        if !table.relays.contains_key(destination) && !table.make_room(most) {
            return Err(Failure::Timeout);
        }
        let (reached, coming) = watch::channel(None);
        let coming = Coming(coming);
        let slot = Slot::Connecting(coming.clone());
        table.relays.insert(destination.clone(), slot);
        drop(table);
        let (pool, destination) = (self.clone(), destination.clone());
        self.spawn(async move { pool.run(destination, reached).await });
        Ok(coming)
    }

    /// Connects, tells, and stays until the connection has ended.
    async fn run(&self, destination: Destination, reached: watch::Sender<Option<Reached>>) {
        let mut place = Place {
            pool: self,
            destination,
            session: None,
            kept: false,
        };
        let config = self.settings().now();
        let own = place.destination.is_own(&config.proxy);
        let connected = self.0.means.connect(&place.destination, &config).await;
        let opened = connected.and_then(|(client, events)| {
            let session = Arc::new(Session::new(client, own)?);
            Ok((session, events))
        });
        match opened {
            Ok((session, events)) => {
                place.open(&session);
                reached.send_replace(Some(Ok(Arc::clone(&session))));
                session.supervise(events, self.settings()).await;
            }
            Err(failure) => {
                place.fail(failure.clone(), config.proxy.failed_relay_memory.get());
                reached.send_replace(Some(Err(failure)));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Coming {
    /// Waits for it; whoever was at it cannot leave it open.
    pub(super) async fn reached(mut self) -> Reached {
        let reached = self.0.wait_for(Option::is_some).await;
        let reached = reached.ok().and_then(|reached| reached.clone());
        reached.unwrap_or(Err(Failure::Internal))
    }
}

impl Table {
    /// Room for one more: what is forgotten first is what failed, then whom nobody has needed for
    /// longest.
    fn make_room(&mut self, most: usize) -> bool {
        if self.relays.len() < most {
            return true;
        }
        let now = Instant::now();
        let is_over = |slot: &Slot| matches!(slot, Slot::Failed(_, until) if *until <= now);
        self.relays.retain(|_, slot| !is_over(slot));
        if self.relays.len() < most {
            return true;
        }
        let candidates = self
            .relays
            .iter()
            .filter_map(|(destination, slot)| match slot {
                Slot::Connecting(_) => None,
                Slot::Failed(_, until) => Some((destination, (1, until.duration_since(now)))),
                Slot::Open(session) => {
                    // In the order of the others: the longer it was idle, the sooner it goes.
                    let used = NEVER_IDLE.saturating_sub(session.idle());
                    (session.idle() >= IDLE).then_some((destination, (2, used)))
                }
            });
        let first = candidates.min_by_key(|(_, order)| *order);
        let Some(destination) = first.map(|(destination, _)| destination.clone()) else {
            return false;
        };
        if let Some(Slot::Open(session)) = self.relays.remove(&destination) {
            self.sessions.remove(session.id());
            session.close();
        }
        true
    }
}

/// A connection that was needed within this time is not closed to make room.
const IDLE: std::time::Duration = std::time::Duration::from_secs(60);
const NEVER_IDLE: std::time::Duration = std::time::Duration::from_hours(24 * 365);

impl Place<'_> {
    fn open(&mut self, session: &Arc<Session>) {
        let mut table = self.pool.lock();
        let slot = Slot::Open(Arc::clone(session));
        table.relays.insert(self.destination.clone(), slot);
        table
            .sessions
            .insert(session.id().into(), Arc::clone(session));
        self.session = Some(Arc::clone(session));
    }

    fn fail(&mut self, failure: Failure, memory: std::time::Duration) {
        let mut table = self.pool.lock();
        let slot = Slot::Failed(failure, Instant::now() + memory);
        table.relays.insert(self.destination.clone(), slot);
        self.kept = true;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let mut table = self.pool.lock();
        let session = self.session.take();
        if let Some(session) = &session {
            table.sessions.remove(session.id());
        }
        let ours = match (table.relays.get(&self.destination), &session) {
            (Some(Slot::Open(open)), Some(session)) => Arc::ptr_eq(open, session),
            (Some(Slot::Connecting(_)), None) => true,
            _ => false,
        };
        if ours {
            table.relays.remove(&self.destination);
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pool({} relays)", self.lock().relays.len())
    }
}
