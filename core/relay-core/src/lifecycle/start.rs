//! From a checked configuration to a daemon that serves.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_util::FutureExt;
use relay_config::Sources;
use relay_storage::{Database, Store};
use tokio::sync::{mpsc, watch};

use super::AdminApi;
use super::blueprint::{Blueprint, files, owners, sections};
use super::listeners::{Audience, Bound, Serving};
use super::own_tls::OwnTls;
use super::reload::Reloader;
use crate::admin::{AdminToken, Operation};
use crate::audit::Audit;
use crate::clock::{SharedClock, SystemClock};
use crate::core::{Core, Order, Phase, VERSION};
use crate::data_dir::DataDir;
use crate::endpoints;
use crate::entropy::Entropy;
use crate::failure::Failure;
use crate::handover::{Heirs, Offer};
use crate::net::{Gate, Http, Inherited, NetMetrics, Service};
use crate::open_files;
use crate::protocol::{Context, Protocol, Relay};
use crate::systemd;
use crate::tasks::Tasks;
use crate::telemetry::logs::LogLevel;
use crate::telemetry::metrics::{Metrics, StoreMetrics};
use crate::telemetry::own::OwnMetrics;
use crate::web::{self, Web};
use crate::worker::{Job, JobOutcome, Worker, Workers};

const MAINTENANCE: Duration = Duration::from_mins(5);
const INTEGRITY: Duration = Duration::from_hours(24);

/// Everything a start needs.
pub(super) struct Start {
    pub(super) sources: Sources,
    pub(super) protocols: Vec<Box<dyn Protocol>>,
    pub(super) blueprint: Blueprint,
    pub(super) log: LogLevel,
    pub(super) inherited: Inherited,
    pub(super) admin: AdminApi,
}

/// What a daemon has besides its relays.
pub(super) struct Extras {
    pub(super) web: Web,
    pub(super) token: Option<AdminToken>,
}

/// A daemon that serves.
pub(super) struct Running {
    pub(super) core: Arc<Core>,
    pub(super) tasks: Tasks,
    pub(super) serving: Serving,
    pub(super) heirs: Heirs,
    pub(super) orders: mpsc::Receiver<Order>,
    pub(super) reloader: Reloader,
    pub(super) data_dir: DataDir,
}

impl Start {
    pub(super) async fn run(mut self, upgrade: bool) -> Result<Running, Failure> {
        let path = self.blueprint.settings.data_dir.clone();
        let own_tls =
            OwnTls::load(&self.blueprint).map_err(|error| Failure::Usage(error.to_string()))?;
        Web::check(&self.blueprint.web)?;
        open_files::raise_limit(self.blueprint.limits.max_connections);
        let (data_dir, bound) = self.occupy(&path, upgrade, &own_tls).await?;
        let (context, store_metrics) = self.context(&path).await?;
        let web = Web::start(&self.blueprint.web, &path, &context.clock, &context.metrics)?;
        let relays = start_relays(std::mem::take(&mut self.blueprint.plans), &context).await?;
        let token = self.admin_token(&context)?;
        let extras = Extras { web, token };
        let (core, orders) = self.core(&context, relays, store_metrics, extras);
        core.remember_backup().await;
        start_workers(&core, &context.tasks);
        let greeting = greeting(&core, &bound, &path);
        let admin = self.admin;
        let reloader = self.reloader(&core, own_tls);
        let serving = serve(bound, &core, &reloader, &context.metrics, admin)?;
        let heirs = Heirs::invite(&path, serving.listeners()).map_err(|error| {
            Failure::Unavailable(format!(
                "cannot listen for a handover in {}: {error}",
                path.display()
            ))
        })?;
        core.phase.send_replace(Phase::Serving);
        have_certificate(&core, &context.tasks);
        systemd::ready();
        // Nobody has to read it.
        let _ = std::io::stdout().write_all(greeting.as_bytes());
        Ok(Running {
            core,
            tasks: context.tasks,
            serving,
            heirs,
            orders,
            reloader,
            data_dir,
        })
    }

    /// Makes the data dir ours and binds every socket: from the relayd that runs there, if this
    /// is an upgrade.
    async fn occupy(
        &mut self,
        path: &Path,
        upgrade: bool,
        own_tls: &OwnTls,
    ) -> Result<(DataDir, Bound), Failure> {
        DataDir::create(path)?;
        let predecessor = if upgrade { ask(path).await? } else { None };
        match predecessor {
            Some(predecessor) => self.take_over(predecessor, path, own_tls).await,
            None => Ok((DataDir::lock(path)?, self.bind(own_tls)?)),
        }
    }

    /// What relays are given: the store, opened and migrated, and the daemon's services.
    pub(super) async fn context(
        &self,
        data_dir: &Path,
    ) -> Result<(Context, Arc<StoreMetrics>), Failure> {
        let metrics = Metrics::new().with_process();
        let store_metrics = StoreMetrics::new(&metrics);
        let store = self.open_store(Arc::clone(&store_metrics)).await?;
        let clock: SharedClock = Arc::new(SystemClock);
        let context = Context {
            data_dir: data_dir.to_owned(),
            audit: Audit::new(store.clone(), Arc::clone(&clock)),
            entropy: Entropy::system().map_err(|error| Failure::Unavailable(error.to_string()))?,
            store,
            clock,
            tasks: Tasks::new(&metrics),
            metrics,
        };
        Ok((context, store_metrics))
    }

    fn reloader(self, core: &Arc<Core>, own_tls: OwnTls) -> Reloader {
        let limits = &self.blueprint.limits;
        Reloader {
            core: Arc::clone(core),
            clients: Gate::new(limits.for_clients()),
            monitoring: Gate::new(limits.for_operators()),
            operators: Gate::new(limits.for_operators()),
            own_tls,
            drain_timeout: self.blueprint.settings.drain_timeout.get(),
            sources: self.sources,
            protocols: self.protocols,
        }
    }

    /// Gets the sockets of the running relayd, and waits until it is gone. What can be known
    /// to fail is found out before it is asked to go.
    async fn take_over(
        &mut self,
        mut offer: Offer,
        data_dir: &Path,
        own_tls: &OwnTls,
    ) -> Result<(DataDir, Bound), Failure> {
        for (name, socket) in offer.sockets.drain(..) {
            self.inherited.add(name, socket);
        }
        let bound = self.bind(own_tls)?;
        self.refuse_newer_database().await?;
        systemd::alive_during(offer.take())
            .await
            .map_err(not_taken)?;
        Ok((DataDir::lock(data_dir)?, bound))
    }

    /// Before anything is opened or written: a busy port then leaves nothing behind, and a
    /// predecessor serving. Until the daemon is ready, clients wait in the backlog.
    fn bind(&mut self, own_tls: &OwnTls) -> Result<Bound, Failure> {
        Bound::bind(self.ports(own_tls), &mut self.inherited)
    }

    async fn refuse_newer_database(&self) -> Result<(), Failure> {
        let database = Database::look(self.blueprint.storage.clone()).await?;
        let refused = database.refuse_newer(&owners(&self.protocols)).await;
        database.close().await;
        Ok(refused?)
    }

    async fn open_store(&self, metrics: Arc<StoreMetrics>) -> Result<Store, Failure> {
        let database = Database::open(self.blueprint.storage.clone()).await?;
        for step in database.migrate(&owners(&self.protocols)).await? {
            tracing::info!(step, "database migrated");
        }
        Ok(Store::start(database, metrics))
    }

    fn ports(&self, own_tls: &OwnTls) -> Vec<(crate::protocol::Port, Audience)> {
        let own = self.blueprint.own_ports(own_tls).into_iter();
        let audience = |name: &str| match name {
            "metrics" => Audience::Monitoring,
            _ => Audience::Operators,
        };
        let own = own.map(|port| {
            let audience = audience(port.name);
            (port, audience)
        });
        let clients = self.blueprint.client_ports().into_iter();
        own.chain(clients.map(|port| (port, Audience::Clients)))
            .collect()
    }

    /// Only where somebody can be asked for it.
    fn admin_token(&self, context: &Context) -> Result<Option<AdminToken>, Failure> {
        let admin = &self.blueprint.admin;
        if admin.listen.is_empty() {
            return Ok(None);
        }
        let path = admin.token_in(&context.data_dir);
        AdminToken::load_or_create(&path, &context.entropy)
            .map(Some)
            .map_err(|error| Failure::Unavailable(error.to_string()))
    }

    pub(super) fn core(
        &self,
        context: &Context,
        relays: Relays,
        store_metrics: Arc<StoreMetrics>,
        Extras { web, token }: Extras,
    ) -> (Arc<Core>, mpsc::Receiver<Order>) {
        let (sender, orders) = mpsc::channel(16);
        let core = Core {
            started: context.clock.now(),
            clock: Arc::clone(&context.clock),
            store: context.store.clone(),
            workers: Workers::new(Arc::clone(&context.clock)),
            audit: context.audit.clone(),
            log: self.log.clone(),
            settings: self.blueprint.settings.clone(),
            owners: owners(&self.protocols),
            files: files(&self.protocols),
            sections: sections(&self.protocols),
            operations: operations(&self.protocols, &relays),
            admin_token: token,
            loaded: self.blueprint.loaded.clone(),
            reloaded: ArcSwap::from_pointee(self.blueprint.loaded.clone()),
            relays,
            web,
            metrics: context.metrics.clone(),
            store_metrics,
            own_metrics: OwnMetrics::new(&context.metrics),
            phase: watch::Sender::new(Phase::Starting),
            orders: sender,
        };
        core.web.replace(core.sites(), &self.blueprint.web);
        (Arc::new(core), orders)
    }
}

/// The relayd that runs on this data dir, if one does.
async fn ask(data_dir: &Path) -> Result<Option<Offer>, Failure> {
    let offer = Offer::ask(data_dir).await.map_err(not_taken)?;
    if offer.is_none() {
        tracing::info!("no relayd runs on this data dir; starting as usual");
    }
    Ok(offer)
}

fn not_taken(error: std::io::Error) -> Failure {
    Failure::Unavailable(format!(
        "taking over from the running relayd failed: {error}"
    ))
}

pub(super) type Relays = Vec<(&'static str, Arc<dyn Relay>)>;

pub(super) async fn start_relays(
    plans: Vec<(&'static str, Box<dyn crate::protocol::Plan>)>,
    context: &Context,
) -> Result<Relays, Failure> {
    let mut relays = Relays::new();
    for (name, plan) in plans {
        relays.push((name, Arc::from(plan.start(context.clone()).await?)));
    }
    Ok(relays)
}

fn serve(
    bound: Bound,
    core: &Arc<Core>,
    reloader: &Reloader,
    metrics: &Metrics,
    admin: AdminApi,
) -> Result<Serving, Failure> {
    let net = NetMetrics::register(metrics.registry())
        .map_err(|error| Failure::Internal(format!("metrics of listeners: {error}")))?;
    let admin: Arc<dyn Service> = Arc::new(Http::new(admin(Arc::clone(core))));
    let monitoring: Arc<dyn Service> = Arc::new(Http::new(endpoints::router(Arc::clone(core))));
    let gates = |audience| match audience {
        Audience::Clients => reloader.clients.clone(),
        Audience::Monitoring => reloader.monitoring.clone(),
        Audience::Operators => reloader.operators.clone(),
    };
    let service = |port: &str| match port {
        "admin" | "admin_tcp" => Some(Arc::clone(&admin)),
        "metrics" => Some(Arc::clone(&monitoring)),
        web::PLAIN | web::TLS => core.web.service(port, core.unnamed_tls()),
        port => core.relays().find_map(|(_, relay)| relay.service(port)),
    };
    Ok(bound.serve(gates, service, &net))
}

/// What can be asked of those that were started.
fn operations(protocols: &[Box<dyn Protocol>], relays: &Relays) -> Vec<Operation> {
    let is_started = |name: &str| relays.iter().any(|(started, _)| *started == name);
    let started = protocols.iter().filter(|p| is_started(p.name()));
    started.flat_map(|p| p.admin_operations()).collect()
}

/// One line per relay on standard output, for people and for scripts that wait for it.
fn greeting(core: &Core, bound: &Bound, data_dir: &Path) -> String {
    let mut text = format!("relayd {VERSION}  data in {}", data_dir.display());
    for addr in bound.addresses("metrics") {
        text.extend(["  metrics on ", &addr]);
    }
    text.push('\n');
    for (name, relay) in core.relays() {
        let mut addresses = bound.addresses(name);
        if relay.unnamed_tls().is_some() {
            addresses.extend(bound.addresses(web::TLS));
        }
        let line = relay.ready_line(&addresses);
        text.extend([&format!("{name:<5} "), line.as_str(), "\n"]);
    }
    text.extend(web_line(bound));
    text
}

/// Where browsers find the pages of all relays, if anywhere.
fn web_line(bound: &Bound) -> Option<String> {
    let urls = |scheme: &'static str, name| {
        let addresses = bound.addresses(name).into_iter();
        addresses.map(move |address| match address.strip_prefix("unix:") {
            Some(_) => format!("  {address}"),
            None => format!("  {scheme}://{address}"),
        })
    };
    let all: String = urls("http", web::PLAIN)
        .chain(urls("https", web::TLS))
        .collect();
    (!all.is_empty()).then(|| format!("web   ready{all}\n"))
}

fn start_workers(core: &Arc<Core>, tasks: &Tasks) {
    let (store, checked) = (core.store.clone(), core.store.clone());
    let maintain = move || maintain(store.clone()).boxed();
    let check = move || check_integrity(checked.clone()).boxed();
    let own = [
        Worker {
            name: "store.maintenance",
            every: MAINTENANCE,
            job: Arc::new(maintain) as Arc<dyn Job>,
        },
        Worker {
            name: "store.integrity",
            every: INTEGRITY,
            job: Arc::new(check),
        },
    ];
    let theirs = core.relays().flat_map(|(_, relay)| relay.workers());
    for worker in own.into_iter().chain(theirs).chain(core.web.workers()) {
        core.workers.start(worker, tasks);
    }
}

/// The first certificate need not wait for its worker's turn.
fn have_certificate(core: &Arc<Core>, tasks: &Tasks) {
    if core.web.wants_certificate() {
        let workers = core.workers.clone();
        tasks.spawn("web.first_certificate", async move {
            // It is one of ours.
            let _ = workers.run(web::ACME_WORKER).await;
        });
    }
}

async fn maintain(store: Store) -> JobOutcome {
    let done = store.maintain().await?;
    let log = if done.log_emptied {
        "emptied"
    } else {
        "still in use by a reader"
    };
    Ok(format!(
        "write-ahead log {log}, {} pages given back",
        done.pages_freed
    ))
}

async fn check_integrity(store: Store) -> JobOutcome {
    let findings = store.database().check_integrity().await?;
    match findings.first() {
        None => Ok("the database is sound".to_owned()),
        Some(first) => Err(format!(
            "{} findings, the first: {first}; restore a backup",
            findings.len()
        )
        .into()),
    }
}

/// Starts the binary that is installed now, with our own arguments, to take over from us.
pub(super) fn successor() -> Result<u32, String> {
    let failed = |error: std::io::Error| format!("cannot start the new relayd: {error}");
    let program = std::env::current_exe().map_err(failed)?;
    let mut args: Vec<OsString> = std::env::args_os().skip(1).collect();
    if !args.iter().any(|arg| arg == "--upgrade") {
        args.push("--upgrade".into());
    }
    let program = replaced(&program);
    // Under the name we were called by, which may say how to behave.
    let name = std::env::args_os().next();
    let mut child = Command::new(&program)
        .arg0(name.unwrap_or_else(|| program.clone().into()))
        .args(args)
        // Ours; without it the new process is asked for signs of life as we are.
        .env_remove("WATCHDOG_PID")
        .spawn()
        .map_err(failed)?;
    let pid = child.id();
    tracing::info!(pid, "started a new relayd, which will take over");
    // If it does, this thread ends with this process.
    std::thread::spawn(move || {
        if let Ok(status) = child.wait() {
            tracing::error!(pid, "the new relayd did not take over ({status})");
        }
    });
    Ok(pid)
}

/// Linux says "/usr/bin/relayd (deleted)" when a package upgrade has replaced the file.
fn replaced(program: &Path) -> std::path::PathBuf {
    let text = program.to_string_lossy();
    text.strip_suffix(" (deleted)").unwrap_or(&text).into()
}
