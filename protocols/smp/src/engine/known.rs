//! Services as their handshakes meet them: each has the id it was given the first time.

use super::Engine;
use super::shared::{read_error, store_error};
use crate::queue::{EntityId, Side};
use crate::session::ServiceClaim;
use crate::store::services::{Register, ServiceRow, ServiceTotals};

/// A service is known in another role, or cannot be looked up now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct NotKnown;

impl Engine {
    /// The id of a service that was here before.
    pub(crate) async fn find_service(
        &self,
        claim: &ServiceClaim,
    ) -> Result<Option<EntityId>, NotKnown> {
        let found = self.shared.reads.service_by(&claim.fingerprint).await;
        let found = found.map_err(|error| {
            read_error(&error);
            NotKnown
        })?;
        found.map(|row| in_role(&row, claim)).transpose()
    }

    /// The id of a service that was not.
    pub(crate) async fn register_service(
        &self,
        claim: &ServiceClaim,
    ) -> Result<EntityId, NotKnown> {
        let shared = &self.shared;
        let register = Register {
            id: shared.entropy.bytes(),
            role: claim.role,
            fingerprint: claim.fingerprint,
            chain: claim.chain.clone(),
            now: shared.now(),
        };
        let new = register.id;
        let row = shared.store.write(register).await.map_err(|error| {
            store_error(&error);
            NotKnown
        })?;
        let id = in_role(&row.ok_or(NotKnown)?, claim)?;
        if let Some(side) = Side::of(claim.role).filter(|_| id == new) {
            shared.services.add_services(side, 1);
        }
        Ok(id)
    }

    /// How many services there are, and how many queues are theirs.
    pub(crate) fn service_totals(&self, side: Side) -> ServiceTotals {
        self.shared.services.totals(side)
    }

    /// How many services are subscribed now, and to how many queues.
    pub(crate) fn subscribed_services(&self, side: Side) -> ServiceTotals {
        self.shared.services.subscribed(side)
    }
}

fn in_role(row: &ServiceRow, claim: &ServiceClaim) -> Result<EntityId, NotKnown> {
    (row.role == claim.role).then_some(row.id).ok_or(NotKnown)
}
