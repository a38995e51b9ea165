//! The SimpleX SMP relay: everything about it is in this crate, its tables included.
//!
//! It does not serve the protocol yet. What stands: its configuration section, its place in the
//! daemon, and the two pure layers at the bottom, [`wire`] and [`crypto`]. When switched on it
//! binds its addresses and closes every connection at once, and the daemon reports that it is
//! not ready.

#[cfg(feature = "bench")]
pub mod bench;
mod config;
pub mod crypto;
#[allow(
    dead_code,
    unused_imports,
    clippy::allow_attributes,
    reason = "no connection is served yet"
)]
mod engine;
#[allow(
    dead_code,
    clippy::allow_attributes,
    reason = "no connection is served yet"
)]
mod queue;
#[allow(
    dead_code,
    unused_imports,
    clippy::allow_attributes,
    reason = "no connection is served yet"
)]
mod stats;
#[allow(
    dead_code,
    unused_imports,
    clippy::allow_attributes,
    reason = "no connection is served yet"
)]
mod store;
pub mod wire;

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use relay_core::config::{ConfigError, Loaded, SectionSpec};
use relay_core::net::{Conn, Drain, Service};
use relay_core::protocol::{Context, Health, Plan, Port, Protocol, Relay, StartError};
use relay_storage::Migrations;

pub use crate::config::SmpConfig;

const NOT_YET: &str =
    "this build does not serve the SimpleX SMP protocol yet; set smp.enabled = false";

/// The plugin.
#[derive(Clone, Copy, Debug)]
pub struct Smp;

impl Protocol for Smp {
    fn name(&self) -> &'static str {
        "smp"
    }

    fn section(&self) -> SectionSpec {
        SectionSpec::of::<SmpConfig>()
    }

    fn migrations(&self) -> Migrations {
        store::MIGRATIONS
    }

    fn plan(&self, config: &Loaded) -> Result<Option<Box<dyn Plan>>, ConfigError> {
        let section: SmpConfig = config.section()?;
        Ok(section
            .enabled
            .then(|| Box::new(Planned(section)) as Box<dyn Plan>))
    }
}

struct Planned(SmpConfig);

impl Plan for Planned {
    fn ports(&self) -> Vec<Port> {
        vec![self.0.port()]
    }

    fn start(
        self: Box<Self>,
        _: Context,
    ) -> BoxFuture<'static, Result<Box<dyn Relay>, StartError>> {
        tracing::warn!(relay = "smp", "{NOT_YET}");
        std::future::ready(Ok(Box::new(Started) as Box<dyn Relay>)).boxed()
    }
}

struct Started;

impl Relay for Started {
    fn ready_line(&self, addresses: &[String]) -> String {
        format!("not serving yet  {}", addresses.join(" "))
    }

    fn service(&self, port: &str) -> Option<Arc<dyn Service>> {
        (port == "smp").then(|| Arc::new(Hangup) as Arc<dyn Service>)
    }

    fn health(&self) -> Health {
        Health::Ill(NOT_YET.to_owned())
    }
}

/// Closes every connection.
struct Hangup;

impl Service for Hangup {
    fn serve(&self, conn: Conn, _: Drain) -> BoxFuture<'static, ()> {
        async move { drop(conn) }.boxed()
    }
}
