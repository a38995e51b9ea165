//! Which connection speaks for which service.
//!
//! A service is subscribed as a whole: it has one live connection, and whatever comes for its
//! queues goes there. Memory has that connection and the count and hash of what it has subscribed
//! to, and of its queues only those with a message it has not acknowledged.
//!
//! Who speaks for a service changes in commit order, like all that is decided about its queues;
//! only the end of a connection comes when it comes.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use super::outbox::Outbox;
use super::shared::lock;
use super::subscriptions::Subscriptions;
use crate::crypto::ids_digest;
use crate::queue::{EntityId, Side};
use crate::store::services::{ServiceTotals, xor};
use crate::wire::IdsDigest;

/// The live connections of services.
#[derive(Debug, Default)]
pub(crate) struct Services {
    live: Mutex<HashMap<EntityId, Live>>,
    /// Notifier services with something to fetch.
    due: Mutex<HashSet<EntityId>>,
    recipients: Totals,
    notifiers: Totals,
}

#[derive(Debug)]
struct Live {
    outbox: Arc<Outbox>,
    side: Side,
    /// What this connection has subscribed to.
    digest: IdsDigest,
}

#[derive(Debug, Default)]
struct Totals {
    services: AtomicI64,
    queues: AtomicI64,
}

/// What a connection subscribes to, for its service.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Entering {
    /// All that is the service's own.
    All(IdsDigest),
    /// One queue, which has become the service's own.
    New(EntityId),
    /// One queue, which was that before.
    Again(EntityId),
}

/// How a service's connection came to speak for it.
#[derive(Debug)]
pub(crate) enum Entered {
    /// The connection is gone meanwhile.
    Closed,
    /// No other did; whether this one did.
    Alone { before: bool },
    /// Another did, with all this.
    TakenFrom(Arc<Outbox>, IdsDigest),
}

impl Services {
    /// A connection speaks for its service from now on; another that did has nothing any more.
    pub(crate) fn enter(
        &self,
        subscriptions: &Subscriptions,
        (service, side): (EntityId, Side),
        outbox: &Arc<Outbox>,
        entering: Entering,
    ) -> Entered {
        let mut services = lock(&self.live);
        if outbox.held().closed {
            return Entered::Closed;
        }
        if let Some(live) = services.get_mut(&service)
            && Arc::ptr_eq(&live.outbox, outbox)
        {
            live.digest = entering.added_to(live.digest);
            return Entered::Alone { before: true };
        }
        let live = Live {
            outbox: Arc::clone(outbox),
            side,
            digest: entering.added_to(IdsDigest::default()),
        };
        match services.insert(service, live) {
            None => Entered::Alone { before: false },
            Some(previous) => {
                subscriptions.end_passing(&previous.outbox);
                Entered::TakenFrom(previous.outbox, previous.digest)
            }
        }
    }

    /// A queue is no longer a service's own; gives who speaks for the service.
    pub(crate) fn left(&self, service: &EntityId, id: &EntityId) -> Option<Arc<Outbox>> {
        let mut services = lock(&self.live);
        let live = services.get_mut(service)?;
        live.digest = IdsDigest {
            count: (live.digest.count - 1).max(0),
            hash: xor(live.digest.hash, ids_digest([&id[..]]).hash),
        };
        Some(Arc::clone(&live.outbox))
    }

    /// The first message of a service's queue is for whoever speaks for it now.
    pub(crate) fn pass(
        &self,
        subscriptions: &Subscriptions,
        service: &EntityId,
        row: i64,
        message: EntityId,
    ) -> Option<Arc<Outbox>> {
        let services = lock(&self.live);
        let outbox = &services.get(service)?.outbox;
        (subscriptions.pass(row, outbox, message)).then(|| Arc::clone(outbox))
    }

    /// The same for one connection, if it speaks for the service still.
    pub(crate) fn pass_to(
        &self,
        subscriptions: &Subscriptions,
        service: &EntityId,
        outbox: &Arc<Outbox>,
        (row, message): (i64, EntityId),
    ) -> bool {
        let services = lock(&self.live);
        let live = services.get(service);
        live.is_some_and(|live| Arc::ptr_eq(&live.outbox, outbox))
            && subscriptions.pass(row, outbox, message)
    }

    /// Who speaks for a service.
    pub(crate) fn outbox(&self, service: &EntityId) -> Option<Arc<Outbox>> {
        let services = lock(&self.live);
        services.get(service).map(|live| Arc::clone(&live.outbox))
    }

    /// Whether this connection speaks for a service.
    pub(crate) fn is_live(&self, service: &EntityId, outbox: &Arc<Outbox>) -> bool {
        let services = lock(&self.live);
        let live = services.get(service);
        live.is_some_and(|live| Arc::ptr_eq(&live.outbox, outbox))
    }

    /// The connection is gone.
    pub(crate) fn release(&self, service: &EntityId, outbox: &Arc<Outbox>) {
        let mut services = lock(&self.live);
        let live = services.get(service);
        if live.is_some_and(|live| Arc::ptr_eq(&live.outbox, outbox)) {
            services.remove(service);
        }
    }

    /// Something waits for a notifier service.
    pub(crate) fn add_due(&self, service: EntityId) {
        self.due().insert(service);
    }

    /// The notifier services for which something waits.
    pub(crate) fn take_due(&self) -> Vec<EntityId> {
        std::mem::take(&mut *self.due()).into_iter().collect()
    }

    /// A service was seen for the first time, or taken up after a start.
    pub(crate) fn add_services(&self, side: Side, more: i64) {
        let totals = self.of(side);
        totals.services.fetch_add(more, Ordering::Relaxed);
    }

    /// Queues became services' own, or ceased to be.
    pub(crate) fn add_queues(&self, side: Side, more: i64) {
        self.of(side).queues.fetch_add(more, Ordering::Relaxed);
    }

    /// How many services there are, and how many queues are theirs.
    pub(crate) fn totals(&self, side: Side) -> ServiceTotals {
        let load = |count: &AtomicI64| count.load(Ordering::Relaxed).max(0);
        let totals = self.of(side);
        ServiceTotals {
            services: load(&totals.services),
            queues: load(&totals.queues),
        }
    }

    /// How many services are subscribed now, and to how many queues.
    pub(crate) fn subscribed(&self, side: Side) -> ServiceTotals {
        let services = lock(&self.live);
        let each = services.values().filter(|live| live.side == side);
        each.fold(ServiceTotals::default(), |all, live| ServiceTotals {
            services: all.services + 1,
            queues: all.queues + live.digest.count,
        })
    }

    fn due(&self) -> MutexGuard<'_, HashSet<EntityId>> {
        lock(&self.due)
    }

    fn of(&self, side: Side) -> &Totals {
        match side {
            Side::Recipient => &self.recipients,
            Side::Notifier => &self.notifiers,
        }
    }
}

impl Entering {
    fn added_to(self, digest: IdsDigest) -> IdsDigest {
        match self {
            Self::All(all) => all,
            // Who has subscribed to anything has most likely been told of this one too.
            Self::Again(_) if digest.count > 0 => digest,
            Self::New(id) | Self::Again(id) => IdsDigest {
                count: digest.count + 1,
                hash: xor(digest.hash, ids_digest([&id[..]]).hash),
            },
        }
    }
}
