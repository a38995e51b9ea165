//! The relay as a part of the daemon: its section, tables, files, start, reload and end.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use relay_core::admin::Operation;
use relay_core::clock::SharedClock;
use relay_core::config::{ByteSize, ConfigError, Loaded, SectionSpec};
use relay_core::entropy::Entropy;
use relay_core::net::Service;
use relay_core::protocol::{Context, Plan, Port, Protocol, Relay, StartError};
use relay_core::tasks::Tasks;
use relay_core::telemetry::metrics::{Kind, Metrics};
use relay_core::web::Site;
use relay_core::worker::Worker;
use relay_pages::Theme;
use relay_storage::Migrations;
use zeroize::Zeroizing;

use crate::admin::Desk;
use crate::config::{Columns, Settings, SmpConfig};
use crate::control::Control;
use crate::engine::{self, Engine, Ground};
use crate::identity::{Folder, IdentityError, Keeper};
use crate::routing::Pool;
use crate::server::{Clients, Server};
use crate::stats::daily;
use crate::store;
use crate::web::{Web, load_theme};

/// The name of its listeners.
const PORT: &str = "smp";

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

    fn admin_operations(&self) -> Vec<Operation> {
        crate::admin::api().operations().to_vec()
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
        let smp = [self.0.port()];
        smp.into_iter().chain(self.0.control_port()).collect()
    }

    fn unnamed_tls_port(&self) -> Option<&'static str> {
        Some(PORT)
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
    data_dir: PathBuf,
    settings: Settings,
    keeper: Arc<Keeper>,
    desk: Desk,
    web: Web,
    engine: Engine,
    server: Arc<Server>,
    control: Control,
    tasks: Tasks,
}

impl Started {
    async fn new(config: SmpConfig, context: Context) -> Result<Self, StartError> {
        let (clock, entropy) = (Arc::clone(&context.clock), context.entropy.clone());
        let keeper = open_identity(&config, &context.data_dir, clock, entropy);
        let keeper = keeper.map_err(|error| StartError::Unavailable(error.to_string()))?;
        let keeper = Arc::new(keeper);
        let engine = start_engine(&config, &context).await?;
        engine.publish(&context.metrics);
        engine.run(&context.tasks);
        publish_expiry(&keeper, &context.metrics);
        let theme = theme(&config).map_err(StartError::Config)?;
        let clients = clients(&config, &context.clock);
        let settings = Settings::new(config);
        let proxy = Pool::new(
            settings.clone(),
            Arc::clone(&context.clock),
            context.entropy.clone(),
            context.tasks.clone(),
        );
        proxy.publish(&context.metrics);
        let server = Server::new(
            Arc::clone(keeper.acceptor()),
            engine.clone(),
            context.entropy,
            settings.clone(),
            proxy,
            &context.metrics,
            clients.clone(),
        );
        let desk = Desk::new(settings.clone(), Arc::clone(&keeper), engine.clone());
        let control = Control {
            engine: engine.clone(),
            clients,
            settings: settings.clone(),
            audit: context.audit,
        };
        Ok(Self {
            data_dir: context.data_dir,
            web: Web::new(settings.clone(), desk.clone(), theme),
            desk,
            settings,
            keeper,
            engine,
            server: Arc::new(server),
            control,
            tasks: context.tasks,
        })
    }

    /// Without them apps are served as well: what goes wrong is no reason to stop.
    fn write_pages(&self) {
        let Some(folder) = self.settings.now().web.static_dir.clone() else {
            return;
        };
        let web = self.web.clone();
        self.tasks.spawn("smp.pages", async move {
            if let Err(error) = web.export(&folder).await {
                let folder = folder.display();
                tracing::warn!("pages cannot be written to smp.web.static_dir ({folder}): {error}");
            }
        });
    }
}

impl Relay for Started {
    /// Without the password, which is for those who are given it.
    fn ready_line(&self, addresses: &[String]) -> String {
        self.desk.bound_to(addresses);
        self.write_pages();
        let address = self.desk.address().without_password();
        format!("ready  {address}")
    }

    fn service(&self, port: &str) -> Option<Arc<dyn Service>> {
        match port {
            PORT => Some(Arc::clone(&self.server) as Arc<dyn Service>),
            "smp-control" => Some(Arc::new(self.control.clone())),
            _ => None,
        }
    }

    fn sites(&self) -> Vec<Site> {
        self.web.sites()
    }

    /// Apps that are told port 443 name no host and say that they speak HTTP, and then speak SMP.
    fn unnamed_tls(&self) -> Option<Arc<dyn Service>> {
        Some(Arc::clone(&self.server) as Arc<dyn Service>)
    }

    fn admin_routes(&self) -> axum::Router {
        self.desk.clone().routes()
    }

    fn workers(&self) -> Vec<Worker> {
        self.engine.workers()
    }

    fn reload(&self, config: &Loaded) -> Result<(), ConfigError> {
        let section: SmpConfig = config.section()?;
        section.check(config)?;
        let theme = theme(&section);
        let theme = theme.map_err(|reason| config.error_at("smp.web.theme_dir", reason))?;
        let reloaded = self.keeper.reload();
        reloaded.map_err(|error| config.error_at("smp.identity", error))?;
        self.engine
            .configure(engine_settings(&section, &self.data_dir));
        self.web.set_theme(theme);
        self.settings.replace(section);
        self.write_pages();
        Ok(())
    }

    fn stop(&self) -> BoxFuture<'_, ()> {
        self.engine.stop().boxed()
    }
}

/// Who looks at clients does so over the control port.
fn clients(config: &SmpConfig, clock: &SharedClock) -> Clients {
    if config.control.listen.is_empty() {
        Clients::unknown()
    } else {
        Clients::known(Arc::clone(clock))
    }
}

/// Nobody connects once a certificate has expired.
fn publish_expiry(keeper: &Arc<Keeper>, metrics: &Metrics) {
    let keeper = Arc::clone(keeper);
    metrics.watch(
        "relayd_smp_certificate_expiry_timestamp_seconds",
        "Until when all certificates of the SMP relay are valid.",
        Kind::Gauge,
        ("", &[]),
        move |_| keeper.identity().not_after().secs(),
    );
}

fn theme(config: &SmpConfig) -> Result<Theme, String> {
    load_theme(config).map_err(|error| error.to_string())
}

/// The identity of the relay whose data is there, made when there is none.
pub fn open_identity(
    config: &SmpConfig,
    data_dir: &Path,
    clock: SharedClock,
    entropy: Entropy,
) -> Result<Keeper, IdentityError> {
    let folder = Folder::at(config.identity.folder_in(data_dir));
    let host = config.hosts.first().map_or("localhost", String::as_str);
    Keeper::open(folder, config.identity.key_kind, host, clock, entropy)
}

async fn start_engine(config: &SmpConfig, context: &Context) -> Result<Engine, StartError> {
    let names = config.names.open().map_err(StartError::Config)?;
    let ground = Ground {
        store: context.store.clone(),
        clock: Arc::clone(&context.clock),
        entropy: context.entropy.clone(),
        names: names.clone(),
    };
    let settings = engine_settings(config, &context.data_dir);
    let started = Engine::start(ground, settings).await;
    context
        .tasks
        .spawn("smp.names", async move { names.look().await });
    started.map_err(|error| StartError::Unavailable(format!("smp: {error}")))
}

fn engine_settings(config: &SmpConfig, data_dir: &Path) -> engine::Settings {
    let (queues, notifications) = (&config.queues, &config.notifications);
    let (limits, statistics) = (&config.limits, &config.statistics);
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
        service_check: engine::Settings::default().service_check,
        notification_tick: notifications.delivery_interval.get(),
        end_tick: config.connections.end_interval.get(),
        waiting: engine::Room {
            each: bytes(limits.out_bytes_per_connection),
            all: bytes(limits.out_bytes),
        },
        cache_bytes: limits.queue_cache.get(),
        blocks_a_day: blocks_a_day(config.daily_block_quota),
        statistics_file: statistics
            .daily_log
            .then(|| statistics.daily_log_in(data_dir)),
        statistics_columns: columns(statistics.columns),
        statistics_flush: statistics.save_interval.get(),
    }
}

fn bytes(size: ByteSize) -> usize {
    usize::try_from(size.get()).unwrap_or(usize::MAX)
}

/// 0 is no limit, and -1 none at all.
fn blocks_a_day(quota: i32) -> u32 {
    match quota {
        0 => u32::MAX,
        quota => u32::try_from(quota).unwrap_or(0),
    }
}

fn columns(columns: Columns) -> daily::Columns {
    match columns {
        Columns::Current => daily::Columns::All,
        Columns::Of2022 => daily::Columns::Nine,
    }
}
