//! Queues that are a service's own: how they become that, and cease to be.
//!
//! `SUB`, `NSUB` and `NEW` from a service make a queue its own, `SUB` and `NSUB` from anybody
//! else make it nobody's. Whoever was subscribed before is told: a connection by `END`, a
//! service's by `ENDS` when another connection speaks for the service now.

use std::sync::Arc;

use relay_storage::{Failure, Unit};
use sea_orm::DatabaseTransaction;

use super::block::Block;
use super::change::{Change, Op};
use super::connection::Connection;
use super::outbox::Outbox;
use super::services::{Entered, Entering};
use super::shared::{Shared, store_error};
use super::step::{Promise, Step};
use super::{Answer, Said};
use crate::queue::{EntityId, Record, Side};
use crate::session::Service;
use crate::stats::{Counter, ServiceCounter as Counted};
use crate::store::services::{self, Belonging};
use crate::wire::{CommandError, Error, IdsDigest, Version};

impl Connection {
    /// The service that the client is.
    pub(super) fn service_id(&self) -> Option<EntityId> {
        self.service.map(|service| service.id)
    }

    /// The service whose own queues become here, in this role. Messages are not for services of
    /// before v19: those subscribe like anybody.
    pub(super) fn serves(&self, side: Side) -> Option<EntityId> {
        let serves = |service: &Service| {
            let old = side == Side::Recipient && self.version < Version::RECEIVE_SERVICES;
            Side::of(service.role) == Some(side) && !old
        };
        self.service.filter(serves).map(|service| service.id)
    }

    /// Subscribing to a queue of a service, or as one, is a change of the queue.
    pub(super) fn belonging(&self, side: Side, record: &Arc<Record>) -> Option<Step> {
        let before = record.belongs_to(side);
        let after = self.serves(side);
        let id = match side {
            Side::Recipient => record.recipient_id,
            Side::Notifier => record.notifier.as_ref()?.id,
        };
        if before.is_none() && after.is_none() {
            return None;
        }
        let belonging = Belonging {
            side,
            id,
            before: before.map(|(service, _)| service),
            after,
        };
        let change = Change::Of(Arc::clone(record), Op::Belong(belonging));
        Some(Step::Write(
            change,
            Promise::Say(Said::Sok(self.service_id())),
        ))
    }

    /// `SUBS` and `NSUBS`.
    pub(super) async fn subscribe_all(
        &mut self,
        side: Side,
        expected: Option<IdsDigest>,
    ) -> Result<Step, Error> {
        let prohibited = Error::Cmd(CommandError::Prohibited);
        let service = self.serves(side).ok_or(prohibited)?;
        let subscribe = Subscribe {
            shared: Arc::clone(&self.shared),
            outbox: Arc::clone(&self.outbox),
            service,
            side,
        };
        let owned = self.shared.store.write(subscribe).await;
        let owned = owned.map_err(|error| store_error(&error))?;
        let owned = owned.ok_or(Error::Service)?;
        self.shared.count_expected(side, expected, owned);
        match side {
            Side::Recipient => self.backlog = Some(super::backlog::Backlog::default()),
            Side::Notifier => self.shared.services.add_due(service),
        }
        Ok(Step::Say(Said::Soks(owned)))
    }
}

/// A connection subscribes to all that is its service's own. Writes nothing: it is here for its
/// place in the order of commits.
#[derive(Debug)]
struct Subscribe {
    shared: Arc<Shared>,
    outbox: Arc<Outbox>,
    service: EntityId,
    side: Side,
}

impl Unit for Subscribe {
    type Output = Option<IdsDigest>;

    async fn run(&self, tx: &DatabaseTransaction) -> Result<Self::Output, Failure<Self::Output>> {
        Ok(services::owned(tx, &self.service).await?)
    }

    fn committed(&self, owned: &Self::Output) {
        if let Some(owned) = owned {
            let service = (self.service, self.side);
            let entered = self
                .shared
                .speaks_for(service, &self.outbox, Entering::All(*owned));
            let counter = if entered {
                Counted::SubDuplicate
            } else {
                Counted::SubCount
            };
            self.shared.counters.count(counter.of(self.side));
            let many = u64::try_from(owned.count).unwrap_or(0);
            (self.shared.counters).add(Counted::SubQueues.of(self.side), many);
        }
    }
}

impl Block {
    /// A queue has become a service's own, or nobody's; who asked is subscribed to it.
    pub(super) fn belongs(
        &self,
        record: &Arc<Record>,
        belonging: &Belonging,
        head: Option<EntityId>,
    ) {
        let shared = &self.shared;
        if belonging.before != belonging.after {
            shared.records.forget(record);
            self.left(belonging);
        }
        self.count_belonging(belonging);
        match belonging.after {
            None => self.subscribed(record, belonging, head),
            Some(service) => self.served(record, belonging, service, head),
        }
    }

    /// Who spoke for the service before is told.
    fn left(&self, belonging: &Belonging) {
        let Some(service) = &belonging.before else {
            return;
        };
        let live = self.shared.services.left(service, &belonging.id);
        if let Some(live) = live.filter(|live| !Arc::ptr_eq(live, &self.outbox)) {
            let end = Answer::event(&belonging.id, Said::End);
            self.shared.later.tell(&live, end);
        }
    }

    fn subscribed(&self, record: &Record, belonging: &Belonging, head: Option<EntityId>) {
        let shared = &self.shared;
        match belonging.side {
            Side::Recipient => {
                shared.counters.count(Counter::QSub);
                shared.subscriptions.remove(record.row);
                (shared.subscriptions).subscribe(record.row, &self.outbox, head);
            }
            Side::Notifier => {
                shared.counters.count(Counter::NtfSub);
                (shared.notifiers).subscribe(record.row, belonging.id, &self.outbox);
                shared.due.add(record.row);
            }
        }
    }

    fn served(
        &self,
        record: &Record,
        belonging: &Belonging,
        service: EntityId,
        head: Option<EntityId>,
    ) {
        let (shared, row) = (&self.shared, record.row);
        let entering = if belonging.before == belonging.after {
            Entering::Again(belonging.id)
        } else {
            Entering::New(belonging.id)
        };
        let previous = match belonging.side {
            Side::Recipient if belonging.before == belonging.after => None,
            Side::Recipient => shared.subscriptions.remove(row).map(|s| s.outbox),
            Side::Notifier => shared.notifiers.remove(row).map(|(_, outbox)| outbox),
        };
        if let Some(previous) = previous.filter(|outbox| !Arc::ptr_eq(outbox, &self.outbox)) {
            let end = Answer::event(&belonging.id, Said::End);
            shared.later.tell(&previous, end);
        }
        self.speaks_for((service, belonging.side), entering);
        match (belonging.side, head) {
            (Side::Notifier, _) => shared.services.add_due(service),
            (Side::Recipient, Some(head)) => {
                (shared.services).pass_to(
                    &shared.subscriptions,
                    &service,
                    &self.outbox,
                    (row, head),
                );
            }
            (Side::Recipient, None) => {}
        }
    }

    /// Who asked speaks for its service from now on.
    pub(super) fn speaks_for(&self, service: (EntityId, Side), entering: Entering) {
        let counters = &self.shared.counters;
        let entered = self.shared.speaks_for(service, &self.outbox, entering);
        if !entered {
            counters.count(Counted::SubCount.of(service.1));
        }
        if !entered || matches!(entering, Entering::New(_)) {
            counters.count(Counted::SubQueues.of(service.1));
        }
    }

    /// What was a service's own is gone; who speaks for the service is told, unless it asked.
    pub(super) fn gone(&self, side: Side, service: &EntityId, id: &EntityId) {
        self.shared.services.add_queues(side, -1);
        if let Some(outbox) = self.shared.services.left(service, id) {
            self.tell(&outbox, id);
        }
    }

    fn count_belonging(&self, belonging: &Belonging) {
        let side = belonging.side;
        let (counter, more) = match (belonging.before, belonging.after) {
            (None, _) => (Counted::AssocNew, 1),
            (Some(_), None) => (Counted::AssocRemoved, -1),
            (before, after) if before == after => (Counted::AssocDuplicate, 0),
            _ => (Counted::AssocUpdated, 0),
        };
        self.shared.counters.count(counter.of(side));
        self.shared.services.add_queues(side, more);
    }
}

impl Shared {
    /// A connection speaks for a service; another that did is told. Whether it did before.
    fn speaks_for(
        &self,
        service: (EntityId, Side),
        outbox: &Arc<Outbox>,
        entering: Entering,
    ) -> bool {
        let entered = (self.services).enter(&self.subscriptions, service, outbox, entering);
        match entered {
            Entered::TakenFrom(previous, digest) => {
                self.counters.count(Counted::SubEnd.of(service.1));
                let ends = Answer::event(&service.0, Said::Ends(digest));
                self.later.tell(&previous, ends);
                false
            }
            Entered::Alone { before } => before,
            Entered::Closed => false,
        }
    }

    /// Who is subscribed to a queue, itself or for its service.
    pub(super) fn subscriber(&self, record: &Record) -> Option<Arc<Outbox>> {
        match &record.service {
            Some(service) => self.services.outbox(service),
            None => self.subscriptions.subscriber(record.row),
        }
    }

    /// Whether a service knew what is its own. A count of -1 knows nothing.
    fn count_expected(&self, side: Side, expected: Option<IdsDigest>, owned: IdsDigest) {
        let Some(expected) = expected.filter(|expected| expected.count >= 0) else {
            return self.counters.count(Counted::SubOk.of(side));
        };
        let counter = match owned.count.cmp(&expected.count) {
            std::cmp::Ordering::Greater => Counted::SubMore,
            std::cmp::Ordering::Less => Counted::SubFewer,
            std::cmp::Ordering::Equal if owned.hash != expected.hash => Counted::SubDiff,
            std::cmp::Ordering::Equal => Counted::SubOk,
        };
        self.counters.count(counter.of(side));
    }
}
