//! What an operator can ask and have done: routes of the admin API below `/v1/smp/`.
//!
//! [`types`] and [`paths`] are the API; relayctl uses them too, and [`show`] answers from files
//! when no daemon runs.

mod identity;
pub mod paths;
mod queue;
pub mod show;
mod statistics;
pub mod types;

#[cfg(test)]
pub(crate) mod tests;

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::routing::{get, post};
use relay_core::net::ListenAddr;

use crate::config::Settings;
use crate::engine::Engine;
use crate::identity::Keeper;
use crate::wire::Address;

/// What the routes work on.
#[derive(Clone, Debug)]
pub struct Desk {
    settings: Settings,
    keeper: Arc<Keeper>,
    engine: Engine,
    bound: Arc<OnceLock<Vec<ListenAddr>>>,
}

impl Desk {
    /// For a relay with this configuration, identity and engine.
    pub(crate) fn new(settings: Settings, keeper: Arc<Keeper>, engine: Engine) -> Self {
        Self {
            settings,
            keeper,
            engine,
            bound: Arc::default(),
        }
    }

    /// The configuration it goes by.
    #[cfg(test)]
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Says which addresses were really bound, once that is known.
    pub fn bound_to(&self, addresses: &[String]) {
        let addresses = addresses.iter().filter_map(|text| text.parse().ok());
        // The first one holds: a relay is bound once.
        let _ = self.bound.set(addresses.collect());
    }

    /// The server's address, with the password if there is one.
    pub fn address(&self) -> Address {
        let config = self.settings.now();
        let fingerprint = self.keeper.identity().fingerprint();
        let listen = || config.listen.iter().cloned().collect();
        config.address(fingerprint, self.bound.get_or_init(listen))
    }

    /// The routes, relative to `/v1/smp`.
    pub fn routes(self) -> Router {
        Router::new()
            .route(paths::below(paths::ADDRESS), get(identity::address))
            .route(paths::below(paths::CERTIFICATE), get(identity::certificate))
            .route(paths::below(paths::ROTATION), post(identity::rotate))
            .route(paths::below(paths::STATISTICS), get(statistics::show))
            .route(
                paths::below(paths::QUEUE),
                get(queue::show).delete(queue::delete),
            )
            .route(paths::below(paths::QUEUE_BLOCK), post(queue::block))
            .route(paths::below(paths::QUEUE_UNBLOCK), post(queue::unblock))
            .with_state(self)
    }
}
