//! `RSLV`: names, resolved beside everything else that a connection does.

use std::sync::Arc;

use super::connection::Connection;
use super::shared::Shared;
use super::step::Step;
use super::{Answer, Said};
use crate::names::Unresolved;
use crate::routing::Opened;
use crate::stats::Counter;
use crate::wire::{Command, Error, NameError, Request, Short};

impl Connection {
    /// Answers later, as an event. When too many names of this connection are being resolved,
    /// it waits.
    pub(super) async fn resolve(&self, corr_id: Short<'_>, name: &[u8]) -> Step {
        let Ok(place) = Arc::clone(&self.resolving).acquire_owned().await else {
            return Step::Say(Said::Err(Error::Internal));
        };
        let (shared, outbox) = (Arc::clone(&self.shared), Arc::clone(&self.outbox));
        let (corr_id, name) = (corr_id.as_bytes().to_vec(), name.to_vec());
        tokio::spawn(async move {
            let said = shared.resolve(&name).await;
            outbox.say(Answer::to(Short::cut(&corr_id), &[], said));
            drop(place);
        });
        Step::Later
    }
}

impl Connection {
    /// The same for a name that came through a proxy: the answer goes back through its layers.
    pub(super) async fn resolve_forwarded(&self, request: &Request<'_>, opened: &Opened<'_>) {
        let Command::Rslv(name) = request.command else {
            return;
        };
        let Ok(place) = Arc::clone(&self.resolving).acquire_owned().await else {
            return;
        };
        self.shared.counters.count(Counter::PMsgFwdsRecv);
        let (shared, outbox) = (Arc::clone(&self.shared), Arc::clone(&self.outbox));
        let (corr_id, name) = (request.corr_id.as_bytes().to_vec(), name.to_vec());
        let layers = opened.layers();
        tokio::spawn(async move {
            let said = shared.resolve(&name).await;
            outbox.say(layers.answer(&Answer::to(Short::cut(&corr_id), &[], said)));
            drop(place);
        });
    }
}

impl Shared {
    /// What is answered to `RSLV`, whoever brought it.
    pub(super) async fn resolve(&self, name: &[u8]) -> Said {
        self.counters.count(Counter::RslvReqs);
        let resolved = self.names.resolve(name).await;
        self.counters.count(match &resolved {
            Ok(_) => Counter::RslvSucc,
            Err(Unresolved::NoResolver) => Counter::RslvDisabled,
            Err(Unresolved::NotFound) => Counter::RslvNotFound,
            Err(_) => Counter::RslvResolverErrs,
        });
        resolved.map_or_else(
            |error| Said::Err(Error::Name(NameError::from(error))),
            Said::Rname,
        )
    }
}
