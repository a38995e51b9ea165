//! The plugin: what core is told, and how everything is put together at start.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use relay_core::admin::Operation;
use relay_core::clock::SharedClock;
use relay_core::config::{ConfigError, Loaded, SectionSpec};
use relay_core::data_dir::{SecretError, load_or_create_secret};
use relay_core::entropy::Entropy;
use relay_core::net::{Http, Service};
use relay_core::protocol::{Context, Plan, Port, Protocol, Relay, StartError};
use relay_core::web::Site;
use relay_core::worker::Worker;
use relay_pages::Theme;
use relay_storage::Migrations;

use crate::config::{Current, SogsConfig};
use crate::crypto::ServerKey;
use crate::domain::identity::Naming;
use crate::files::FileStore;
use crate::jobs::Jobs;
use crate::server::figures;
use crate::server::pages::Pages;
use crate::server::pipeline::Pipeline;
use crate::server::pipeline::gate::Gate;
use crate::server::pipeline::metrics::RequestMetrics;
use crate::server::{Parts, Server};
use crate::store::{CacheLimits, Tables, schema};
use crate::web::claims::{is_for_apps, is_for_apps_or_rooms, is_known};
use crate::web::{Web, load_theme};

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
        schema::MIGRATIONS
    }

    fn admin_operations(&self) -> Vec<Operation> {
        crate::admin::api().operations().to_vec()
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
            let running = Running::start(self.0, context).await?;
            Ok(Box::new(running) as Box<dyn Relay>)
        }
        .boxed()
    }
}

/// The relay at work.
struct Running {
    server: Arc<Server>,
    web: Arc<Web<Pages>>,
    router: Router,
    service: Arc<Http>,
    jobs: Jobs,
    clock: SharedClock,
}

impl Running {
    async fn start(config: SogsConfig, context: Context) -> Result<Self, StartError> {
        let words = config.filter.words().map_err(StartError::Config)?;
        let theme = theme(&config).map_err(StartError::Config)?;
        let key = server_key(&context.data_dir, &context.entropy);
        let key = Arc::new(key.map_err(unavailable)?);
        let files = FileStore::open(&context.data_dir, context.entropy.clone());
        let tables = tables(&config, &key, &context).await?;
        if let Some(warning) = config.public_url().warning() {
            tracing::warn!(relay = "sogs", "{warning}");
        }
        let parts = Parts {
            tables,
            files: files.map_err(unavailable)?,
            key: Arc::clone(&key),
            config: Current::new(config),
            words,
            clock: Arc::clone(&context.clock),
            entropy: context.entropy.clone(),
        };
        Ok(Self::of(parts, theme, &context))
    }

    fn of(parts: Parts, theme: Theme, context: &Context) -> Self {
        let (key, config) = (Arc::clone(&parts.key), parts.config.clone());
        let jobs = Jobs {
            tables: parts.tables.clone(),
            files: parts.files.clone(),
            config: config.clone(),
            clock: Arc::clone(&context.clock),
        };
        context
            .tasks
            .spawn("sogs.after_start", clean_up(jobs.clone()));
        let server = Arc::new(Server::new(parts, &context.metrics));
        let pages = Pages(Arc::clone(&server));
        let web = Web::new(pages, config.clone(), key.public_hex(), theme);
        let pipeline = Arc::new(Pipeline {
            house: Arc::clone(&server),
            gate: Gate::new(*key.public()),
            key,
            config,
            clock: Arc::clone(&context.clock),
            entropy: context.entropy.clone(),
            metrics: RequestMetrics::new(&context.metrics),
        });
        let router = pipeline.router(web.router());
        Self {
            server,
            service: Arc::new(Http::new(router.clone())),
            router,
            web,
            jobs,
            clock: Arc::clone(&context.clock),
        }
    }
}

impl Relay for Running {
    fn ready_line(&self, addresses: &[String]) -> String {
        let at = |address: &String| {
            if address.starts_with("unix:") {
                address.clone()
            } else {
                format!("http://{address}")
            }
        };
        // None are there when all of it comes over the web ports.
        let addresses: String = addresses.iter().map(|a| at(a) + " ").collect();
        let key = self.server.key.public_hex();
        format!("ready  {addresses}public_key={key}")
    }

    fn service(&self, port: &str) -> Option<Arc<dyn Service>> {
        let service = Arc::clone(&self.service);
        (port == "sogs").then_some(service as Arc<dyn Service>)
    }

    /// All of it under the host of the base URL. Under hosts that are nobody's, only what apps
    /// and join links ask for is certainly meant for this server.
    fn sites(&self) -> Vec<Site> {
        let host = self.server.config.get().public_url().host();
        let site = |hosts| Site::new("sogs", hosts, self.router.clone()).plain_for(is_for_apps);
        vec![
            site(vec![host]).claiming(is_known),
            site(Vec::new()).claiming(is_for_apps_or_rooms),
        ]
    }

    fn admin_routes(&self) -> Router {
        crate::admin::router(Arc::clone(&self.server))
    }

    fn workers(&self) -> Vec<Worker> {
        let mut workers = self.jobs.workers();
        workers.push(figures::worker(Arc::clone(&self.server)));
        workers
    }

    fn reload(&self, loaded: &Loaded) -> Result<(), ConfigError> {
        let section: SogsConfig = loaded.section()?;
        section.check(loaded)?;
        let at = |key: &str, reason: String| loaded.error_at(key, &reason);
        let words = section.filter.words();
        let words = words.map_err(|reason| at("sogs.filter.words_file", reason))?;
        let theme = theme(&section).map_err(|reason| at("sogs.web.theme_dir", reason))?;
        self.server.set_words(words);
        self.web.set_theme(theme);
        self.server.config.reload(section);
        Ok(())
    }

    /// Writes down who was seen.
    fn stop(&self) -> BoxFuture<'_, ()> {
        async {
            let now = self.clock.now();
            if let Err(error) = self.server.tables.write_activity(now, Duration::ZERO).await {
                tracing::warn!("who was active last is not written down: {error}");
            }
        }
        .boxed()
    }
}

/// The key of the server whose data is there, made when there is none: the public half is what apps
/// know it by.
pub fn server_key(data_dir: &Path, entropy: &Entropy) -> Result<ServerKey, SecretError> {
    let path = data_dir.join("sogs/key_x25519");
    let secret = load_or_create_secret::<32>(&path, || entropy.bytes())?;
    Ok(ServerKey::new(&secret))
}

/// What a crash has left behind need not wait for its turn.
async fn clean_up(jobs: Jobs) {
    if let Err(error) = jobs.after_start().await {
        tracing::warn!("what a crash may have left behind is not cleaned up yet: {error}");
    }
}

fn theme(config: &SogsConfig) -> Result<Theme, String> {
    let folder = config.web.theme_dir.as_deref();
    load_theme(folder).map_err(|error| error.to_string())
}

async fn tables(
    config: &SogsConfig,
    key: &ServerKey,
    context: &Context,
) -> Result<Tables, StartError> {
    let naming = config.auth.naming();
    let limits = CacheLimits {
        users: config.cache.users,
        message_bytes: config.cache.messages.get(),
        room_messages: config.cache.messages_per_room,
    };
    let tables = Tables::new(context.store.clone(), naming, key.blinding(), limits);
    let now = context.clock.now();
    let prepared = tables.prepare_system_user(&key.public_hex(), now).await;
    prepared.map_err(unavailable)?;
    if naming != Naming::Unblinded {
        tables.file_pending().await.map_err(unavailable)?;
    }
    Ok(tables)
}

fn unavailable(error: impl std::fmt::Display) -> StartError {
    StartError::Unavailable(error.to_string())
}
