//! The running daemon as its operators see it: what the admin API and the health endpoints ask.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use relay_config::{Change, Loaded, SectionSpec, Shown, show};
use relay_storage::{Migrations, Store};
use tokio::sync::{mpsc, oneshot, watch};

use crate::audit::Audit;
use crate::clock::{SharedClock, UnixTime};
use crate::net::Service;
use crate::protocol::{Health, Relay};
use crate::settings::Settings;
use crate::telemetry::logs::LogLevel;
use crate::telemetry::metrics::{Metrics, StoreMetrics};
use crate::web::{Site, Web};
use crate::worker::Workers;

/// The version of this relayd.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Where the daemon stands in its life.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Phase {
    /// Not everything is there yet.
    Starting,
    /// Serving.
    Serving,
    /// Finishing what is in flight.
    Draining,
}

/// What operators may ask the daemon to do.
#[derive(Debug)]
pub(crate) enum Order {
    /// Read the configuration again.
    Reload(oneshot::Sender<Result<Reloaded, String>>),
    /// Drain and end.
    Stop,
    /// Start the binary that is installed now, which takes over.
    Upgrade(oneshot::Sender<Result<u32, String>>),
}

/// What a reload came to.
#[derive(Clone, Debug, Default)]
pub struct Reloaded {
    /// Changes now in force.
    pub applied: Vec<Change>,
    /// Changes that need a restart.
    pub need_restart: Vec<Change>,
}

/// The daemon is on its way out and takes no orders.
#[derive(Debug, thiserror::Error)]
#[error("the daemon is stopping")]
pub struct Stopping;

/// The running daemon.
pub struct Core {
    /// When it started.
    pub started: UnixTime,
    /// The time.
    pub clock: SharedClock,
    /// The database.
    pub store: Store,
    /// Background workers.
    pub workers: Workers,
    /// What operators did.
    pub audit: Audit,
    /// What is logged.
    pub log: LogLevel,
    /// Top-level settings.
    pub settings: Settings,
    /// Everybody's tables.
    pub owners: Vec<Migrations>,
    /// What belongs to a backup, below the data dir.
    pub files: Vec<PathBuf>,
    /// Every section of the configuration.
    pub sections: Vec<SectionSpec>,
    pub(crate) loaded: Loaded,
    /// The configuration as last reloaded.
    pub(crate) reloaded: ArcSwap<Loaded>,
    pub(crate) relays: Vec<(&'static str, Arc<dyn Relay>)>,
    pub(crate) web: Web,
    pub(crate) metrics: Metrics,
    pub(crate) store_metrics: Arc<StoreMetrics>,
    pub(crate) phase: watch::Sender<Phase>,
    pub(crate) orders: mpsc::Sender<Order>,
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Core")
            .field("phase", &*self.phase.borrow())
            .finish_non_exhaustive()
    }
}

impl Core {
    /// Where it stands in its life.
    pub fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// The relays that were started.
    pub fn relays(&self) -> impl Iterator<Item = (&'static str, &dyn Relay)> {
        self.relays
            .iter()
            .map(|(name, relay)| (*name, relay.as_ref()))
    }

    /// What the relays serve together on the shared web ports.
    pub fn web(&self) -> &Web {
        &self.web
    }

    /// What each relay serves there.
    pub(crate) fn sites(&self) -> Vec<Site> {
        self.relays().flat_map(|(_, relay)| relay.sites()).collect()
    }

    /// Who serves TLS connections that name no host.
    pub(crate) fn unnamed_tls(&self) -> Option<Arc<dyn Service>> {
        self.relays().find_map(|(_, relay)| relay.unnamed_tls())
    }

    /// How each part is.
    pub fn health(&self) -> Vec<(&'static str, Health)> {
        let mut parts = vec![
            ("daemon", self.own_health()),
            ("store", self.store_health()),
        ];
        parts.extend(self.relays().map(|(name, relay)| (name, relay.health())));
        parts
    }

    fn own_health(&self) -> Health {
        match self.phase() {
            Phase::Starting => Health::Ill("starting".to_owned()),
            Phase::Serving => Health::Well,
            Phase::Draining => Health::Ill("stopping: finishing what is in flight".to_owned()),
        }
    }

    fn store_health(&self) -> Health {
        match *self.store.health().borrow() {
            None => Health::Well,
            Some(fault) => Health::Ill(fault.to_string()),
        }
    }

    /// The configuration in force: as at the start, but for what a reload took over.
    pub fn settings_in_force(&self) -> Vec<Shown> {
        let started = show(&self.loaded, &self.sections);
        let now = show(&self.reloaded.load(), &self.sections);
        let taken_over = now.into_iter().filter(|shown| shown.reloadable);
        let mut taken_over: HashMap<String, Shown> =
            taken_over.map(|shown| (shown.key.clone(), shown)).collect();
        started
            .into_iter()
            .map(|shown| taken_over.remove(&shown.key).unwrap_or(shown))
            .collect()
    }

    /// Everything measured, in Prometheus' text format.
    pub fn render_metrics(&self) -> String {
        self.store_metrics.queue_depth(self.store.queue_depth());
        self.metrics.render()
    }

    /// Reads the configuration again and takes over what can be.
    pub async fn reload(&self) -> Result<Result<Reloaded, String>, Stopping> {
        let (reply, outcome) = oneshot::channel();
        self.orders
            .send(Order::Reload(reply))
            .await
            .map_err(|_| Stopping)?;
        outcome.await.map_err(|_| Stopping)
    }

    /// Drains and ends the daemon.
    pub async fn stop(&self) -> Result<(), Stopping> {
        self.orders.send(Order::Stop).await.map_err(|_| Stopping)
    }

    /// Starts the binary that is installed now; gives its process, which takes over when it is
    /// ready to.
    pub async fn upgrade(&self) -> Result<Result<u32, String>, Stopping> {
        let (reply, outcome) = oneshot::channel();
        self.orders
            .send(Order::Upgrade(reply))
            .await
            .map_err(|_| Stopping)?;
        outcome.await.map_err(|_| Stopping)
    }
}
