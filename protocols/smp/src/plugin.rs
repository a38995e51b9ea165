//! The relay as a part of the daemon: its section, tables, files, start, reload and end.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use relay_core::clock::SharedClock;
use relay_core::config::{ConfigError, Loaded, SectionSpec};
use relay_core::net::{ListenAddr, Service};
use relay_core::protocol::{Context, Plan, Port, Protocol, Relay, StartError};
use relay_core::worker::Worker;
use relay_storage::Migrations;
use zeroize::Zeroizing;

use crate::config::{Settings, SmpConfig};
use crate::engine::{self, Engine, Ground};
use crate::identity::{Folder, Identity};
use crate::server::Server;
use crate::store;
use crate::tls::Acceptor;

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

    fn files(&self) -> Vec<PathBuf> {
        vec![PathBuf::from("smp")]
    }

    fn plan(&self, config: &Loaded) -> Result<Option<Box<dyn Plan>>, ConfigError> {
        let section: SmpConfig = config.section()?;
        section.check(config)?;
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
        context: Context,
    ) -> BoxFuture<'static, Result<Box<dyn Relay>, StartError>> {
        async move {
            let started = Started::new(self.0, context).await?;
            Ok(Box::new(started) as Box<dyn Relay>)
        }
        .boxed()
    }
}

/// The running relay.
struct Started {
    settings: Settings,
    folder: Folder,
    acceptor: Arc<Acceptor>,
    clock: SharedClock,
    engine: Engine,
    server: Arc<Server>,
}

impl Started {
    async fn new(config: SmpConfig, context: Context) -> Result<Self, StartError> {
        let folder = Folder::at(config.identity.folder_in(&context.data_dir));
        let identity = Arc::new(open_identity(&folder, &config, &context)?);
        let acceptor = Acceptor::new(identity).map_err(|error| {
            StartError::Unavailable(format!("smp: TLS cannot be set up: {error}"))
        })?;
        let acceptor = Arc::new(acceptor);
        let engine = start_engine(&config, &context).await?;
        engine.run(&context.tasks);
        let settings = Settings::new(config);
        let server = Server::new(
            Arc::clone(&acceptor),
            engine.clone(),
            context.entropy,
            settings.clone(),
            &context.metrics,
        );
        Ok(Self {
            settings,
            folder,
            acceptor,
            clock: context.clock,
            engine,
            server: Arc::new(server),
        })
    }

    fn reload_identity(&self) -> Result<(), String> {
        let identity = self.folder.load(self.clock.now());
        let identity = identity.map_err(|error| error.to_string())?;
        if identity.fingerprint() != self.acceptor.identity().fingerprint() {
            let ca = self.folder.path().join("ca.crt");
            let reason = "this is another identity than clients know this server by; restart if that is meant";
            return Err(format!("{}: {reason}", ca.display()));
        }
        let replaced = self.acceptor.replace(Arc::new(identity));
        replaced.map_err(|error| error.to_string())
    }
}

impl Relay for Started {
    /// Without the password, which is for those who are given it.
    fn ready_line(&self, addresses: &[String]) -> String {
        let bound: Vec<ListenAddr> = addresses.iter().flat_map(|text| text.parse()).collect();
        let fingerprint = self.acceptor.identity().fingerprint();
        let mut address = self.settings.now().address(fingerprint, &bound);
        address.password = None;
        format!("ready  {address}")
    }

    fn service(&self, port: &str) -> Option<Arc<dyn Service>> {
        (port == "smp").then(|| Arc::clone(&self.server) as Arc<dyn Service>)
    }

    fn workers(&self) -> Vec<Worker> {
        self.engine.workers()
    }

    fn reload(&self, config: &Loaded) -> Result<(), ConfigError> {
        let section: SmpConfig = config.section()?;
        section.check(config)?;
        let identity = self.reload_identity();
        identity.map_err(|reason| config.error_at("smp.identity", reason))?;
        self.settings.replace(section);
        Ok(())
    }

    fn stop(&self) -> BoxFuture<'_, ()> {
        self.engine.stop().boxed()
    }
}

fn open_identity(
    folder: &Folder,
    config: &SmpConfig,
    context: &Context,
) -> Result<Identity, StartError> {
    let host = config.hosts.first().map_or("localhost", String::as_str);
    let kind = config.identity.key_kind;
    let mut rng = context.entropy.rng();
    let opened = folder.open(kind, host, context.clock.now(), &mut rng);
    opened.map_err(|error| StartError::Unavailable(error.to_string()))
}

async fn start_engine(config: &SmpConfig, context: &Context) -> Result<Engine, StartError> {
    let ground = Ground {
        store: context.store.clone(),
        clock: Arc::clone(&context.clock),
        entropy: context.entropy.clone(),
    };
    let started = Engine::start(ground, engine_settings(config)).await;
    started.map_err(|error| StartError::Unavailable(format!("smp: {error}")))
}

fn engine_settings(config: &SmpConfig) -> engine::Settings {
    let (queues, notifications) = (&config.queues, &config.notifications);
    let limits = &config.limits;
    let password = config.create_password.as_ref();
    engine::Settings {
        new_queues: config.new_queues,
        create_password: password.map(|text| Zeroizing::new(text.reveal().as_bytes().to_vec())),
        queue_quota: queues.quota,
        message_lifetime: Some(queues.message_lifetime.get()),
        message_check: queues.expiry_interval.get(),
        expire_on_start: queues.expire_on_start,
        expire_on_send: queues.expire_on_send,
        notification_lifetime: notifications.lifetime.get(),
        notification_check: notifications.expiry_interval.get(),
        notification_tick: notifications.delivery_interval.get(),
        end_tick: config.connections.end_interval.get(),
        waiting_bytes: usize::try_from(limits.out_bytes_per_connection.get()).unwrap_or(usize::MAX),
        cache_bytes: limits.queue_cache.get(),
        blocks_a_day: blocks_a_day(config.daily_block_quota),
        statistics_flush: config.statistics.save_interval.get(),
    }
}

/// 0 is no limit, and -1 none at all.
fn blocks_a_day(quota: i32) -> u32 {
    match quota {
        0 => u32::MAX,
        quota => u32::try_from(quota).unwrap_or(0),
    }
}
