//! The Session Open Group Server: everything about it is in this crate, its tables included.
//!
//! It does not serve the protocol yet. What stands: its configuration section, its identity, its
//! place in the daemon, and the pure layers a server will stand on: [`crypto`], [`wire`] and
//! [`domain`]. When switched on it binds its addresses and answers every request with `501 Not
//! Implemented`, and the daemon reports that it is not ready.

#[cfg(any(test, feature = "client"))]
pub mod client;
pub mod config;
pub mod crypto;
pub mod domain;
pub mod files;
#[cfg(test)]
mod poll;
mod private;
pub mod server;
pub mod store;
#[cfg(test)]
mod vectors;
pub mod wire;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use relay_core::config::{ConfigError, Loaded, SectionSpec};
use relay_core::data_dir::load_or_create_secret;
use relay_core::net::{Http, Service};
use relay_core::protocol::{Context, Health, Plan, Port, Protocol, Relay, StartError};
use relay_storage::Migrations;

pub use crate::config::SogsConfig;

const NOT_YET: &str = "this build does not serve the Session Open Group Server protocol yet; set sogs.enabled = false";

/// The plugin.
#[derive(Clone, Copy, Debug)]
pub struct Sogs;

impl Protocol for Sogs {
    fn name(&self) -> &'static str {
        "sogs"
    }

    fn section(&self) -> SectionSpec {
        SectionSpec::of::<SogsConfig>()
    }

    fn migrations(&self) -> Migrations {
        store::schema::MIGRATIONS
    }

    fn plan(&self, config: &Loaded) -> Result<Option<Box<dyn Plan>>, ConfigError> {
        let section: SogsConfig = config.section()?;
        section.check(config)?;
        Ok(section
            .enabled
            .then(|| Box::new(Planned(section)) as Box<dyn Plan>))
    }
}

struct Planned(SogsConfig);

impl Plan for Planned {
    fn ports(&self) -> Vec<Port> {
        vec![self.0.port()]
    }

    fn start(
        self: Box<Self>,
        context: Context,
    ) -> BoxFuture<'static, Result<Box<dyn Relay>, StartError>> {
        async move {
            let path = context.data_dir.join("sogs/key_x25519");
            load_or_create_secret::<32>(&path, || context.entropy.bytes())
                .map_err(|error| StartError::Unavailable(error.to_string()))?;
            tracing::warn!(relay = "sogs", "{NOT_YET}");
            Ok(Box::new(Started) as Box<dyn Relay>)
        }
        .boxed()
    }
}

struct Started;

impl Relay for Started {
    fn ready_line(&self, addresses: &[String]) -> String {
        format!("not serving yet  {}", addresses.join(" "))
    }

    fn service(&self, port: &str) -> Option<Arc<dyn Service>> {
        let refuse = async || (StatusCode::NOT_IMPLEMENTED, format!("{NOT_YET}\n"));
        (port == "sogs")
            .then(|| Arc::new(Http::new(Router::new().fallback(refuse))) as Arc<dyn Service>)
    }

    fn health(&self) -> Health {
        Health::Ill(NOT_YET.to_owned())
    }
}
