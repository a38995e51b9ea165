//! The plugin contract: what a relay tells core, and what core gives it.
//!
//! A plugin passes through three stages, each a trait:
//!
//! 1. [`Protocol`]: compiled in. It names its section, its tables and its part of the data dir.
//! 2. [`Plan`]: its section is parsed and it is switched on. It says which [`Port`]s it needs, so
//!    that conflicts are found before anything is started.
//! 3. [`Relay`]: started. It has loaded its keys and serves the connections core accepts.
//!
//! To add a protocol: write these three in `protocols/<new>/`, add one line to the list in
//! `core/relayd/src/lib.rs`, and a subcommand to relayctl.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use relay_config::{ConfigError, Loaded, OneOrMany, SectionSpec};
use relay_storage::{Migrations, Store};

use crate::audit::Audit;
use crate::clock::SharedClock;
use crate::entropy::Entropy;
use crate::net::{AcceptOptions, BindOptions, ListenAddr, Service};
use crate::tasks::Tasks;
use crate::telemetry::metrics::Metrics;
use crate::web::Site;
use crate::worker::Worker;

/// A protocol this binary was built with.
pub trait Protocol: Send + Sync {
    /// Its name: of its config section, its tables' prefix, its folder in the data dir.
    fn name(&self) -> &'static str;

    /// Its section of the configuration.
    fn section(&self) -> SectionSpec;

    /// Its tables.
    fn migrations(&self) -> Migrations;

    /// Files and folders below the data dir that are its own; they become part of backups,
    /// also while it is switched off.
    fn files(&self) -> Vec<PathBuf> {
        vec![PathBuf::from(self.name())]
    }

    /// Understands its section; `None` when it is switched off.
    fn plan(&self, config: &Loaded) -> Result<Option<Box<dyn Plan>>, ConfigError>;
}

/// A protocol that is to be started, its configuration understood.
pub trait Plan: Send {
    /// The addresses it will serve.
    fn ports(&self) -> Vec<Port>;

    /// Which of its ports may be one of `web.tls_listen`, if any: the same address in both is then
    /// one shared port, where its service gets the connections that name no host.
    fn unnamed_tls_port(&self) -> Option<&'static str> {
        None
    }

    /// Loads or makes its keys and starts its tasks. It must not touch the network: core has
    /// bound its addresses already, and accepts after every plugin has started.
    fn start(
        self: Box<Self>,
        context: Context,
    ) -> BoxFuture<'static, Result<Box<dyn Relay>, StartError>>;
}

/// Addresses served in one way.
#[derive(Clone, Debug)]
pub struct Port {
    /// Its name in metrics, logs and handovers, such as `sogs`.
    pub name: &'static str,
    /// The config key that says the addresses, such as `sogs.listen`.
    pub key: String,
    /// The addresses.
    pub listen: OneOrMany<ListenAddr>,
    /// PROXY protocol and TLS.
    pub accept: AcceptOptions,
    /// Mode and owner of unix sockets.
    pub bind: BindOptions,
}

/// What core gives a plugin.
#[derive(Clone, Debug)]
pub struct Context {
    /// Where its files are kept.
    pub data_dir: PathBuf,
    /// The database, migrated.
    pub store: Store,
    /// The time.
    pub clock: SharedClock,
    /// Randomness.
    pub entropy: Entropy,
    /// Figures.
    pub metrics: Metrics,
    /// What operators do.
    pub audit: Audit,
    /// Background tasks; ended after the drain.
    pub tasks: Tasks,
}

/// A relay that has started.
pub trait Relay: Send + Sync {
    /// What follows its name in the line printed at start: `ready  http://… public_key=…`,
    /// given the addresses that were really bound.
    fn ready_line(&self, addresses: &[String]) -> String;

    /// Who serves connections to a [`Port`] of this name; `None` if it is not one of its own.
    fn service(&self, port: &str) -> Option<Arc<dyn Service>>;

    /// What it serves on the shared web ports; see [`crate::web`].
    fn sites(&self) -> Vec<Site> {
        Vec::new()
    }

    /// Who serves TLS connections on a shared port that name no host (SNI), from their first byte
    /// on: it shakes hands itself.
    fn unnamed_tls(&self) -> Option<Arc<dyn Service>> {
        None
    }

    /// Routes of the admin API below `/v1/<name>/`.
    fn admin_routes(&self) -> axum::Router {
        axum::Router::new()
    }

    /// Its background workers, named `<name>.…`.
    fn workers(&self) -> Vec<Worker> {
        Vec::new()
    }

    /// How it is.
    fn health(&self) -> Health {
        Health::Well
    }

    /// Takes over what it can from a new configuration: keys marked `x-reload`, certificate files.
    /// On error it goes on as before.
    fn reload(&self, config: &Loaded) -> Result<(), ConfigError> {
        let _ = config;
        Ok(())
    }

    /// Called after the drain, before the store is closed: write down what is only in memory.
    fn stop(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// How a part of the daemon is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Health {
    /// It does its work.
    Well,
    /// It does not; why, and what to do.
    Ill(String),
}

/// Why a plugin did not start. One line that says what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The operator has to change something in the configuration.
    #[error("{0}")]
    Config(String),
    /// Something it needs cannot be had: a file, the database.
    #[error("{0}")]
    Unavailable(String),
}
