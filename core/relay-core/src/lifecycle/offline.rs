//! The relays without their ports: for tools that work on the store while no daemon runs.
//!
//! Promises that no daemon runs on the same data dir meanwhile, that everything is done by the same
//! code as in a daemon, and that all of it is on the disk when [`Offline::close`] returns.

use std::sync::Arc;

use relay_config::Sources;

use super::blueprint::Blueprint;
use super::start::{Start, start_relays};
use super::{AdminApi, close};
use crate::core::Core;
use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::net::Inherited;
use crate::protocol::Protocol;
use crate::tasks::Tasks;
use crate::telemetry::logs::LogLevel;
use crate::web::Web;
use crate::web::settings::WebSettings;

/// Relays that are open, and that nobody can connect to.
#[derive(Debug)]
pub struct Offline {
    core: Arc<Core>,
    tasks: Tasks,
    _data_dir: DataDir,
}

impl Offline {
    /// Opens the store, brings its tables up to date, and starts the relays that are switched on.
    /// Refused while a daemon has the data dir.
    pub async fn open(
        sources: Sources,
        protocols: Vec<Box<dyn Protocol>>,
    ) -> Result<Self, Failure> {
        let blueprint = Blueprint::draw(&sources, &protocols)?;
        let path = blueprint.settings.data_dir.clone();
        let mut start = Start {
            log: LogLevel::unheard(&blueprint.log.level),
            sources,
            protocols,
            blueprint,
            inherited: Inherited::default(),
            admin: NO_API,
        };
        DataDir::create(&path)?;
        let data_dir = DataDir::lock(&path)?;
        let (context, store_metrics) = start.context(&path).await?;
        let plans = std::mem::take(&mut start.blueprint.plans);
        let relays = start_relays(plans, &context).await?;
        // No browser either: certificates are not looked at.
        start.blueprint.web = WebSettings::default();
        let web = Web::start(&start.blueprint.web, &path, &context.clock, &context.metrics)?;
        let (core, _) = start.core(&context, relays, store_metrics, web);
        Ok(Self {
            core,
            tasks: context.tasks,
            _data_dir: data_dir,
        })
    }

    /// What the admin API is made of.
    pub fn core(&self) -> Arc<Core> {
        Arc::clone(&self.core)
    }

    /// Writes everything down.
    pub async fn close(self) {
        close(&self.core, &self.tasks).await;
    }
}

/// Whoever opens it makes an API of [`Offline::core`].
const NO_API: AdminApi = |_| axum::Router::new();
