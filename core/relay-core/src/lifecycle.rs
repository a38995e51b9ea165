//! The life of the daemon, from the command line to the exit code, in one type.
//!
//! ```text
//! parse → check → bind everything → open store → migrate → start plugins → ready → serve
//!                                      SIGHUP, relayctl reload: reload → serve
//!       SIGTERM, SIGINT, relayctl stop, a successor: drain → close
//! ```
//!
//! Promises: a start succeeds whole or fails with one line and an exit code; a second signal
//! ends a drain at once; nothing is closed while something may still write to it.

mod blueprint;
mod listeners;
mod offline;
mod reload;
mod signals;
mod start;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use relay_config::Sources;
use tokio::runtime::Runtime;

pub use self::blueprint::{Blueprint, files, owners, sections};
pub use self::offline::Offline;
use self::signals::{Asked, Signals};
use self::start::Running;
use crate::core::{Core, Order, Phase};
use crate::failure::Failure;
use crate::handover::Heir;
use crate::net::Inherited;
use crate::protocol::Protocol;
use crate::web::Web;
use crate::{systemd, telemetry};

/// How long closing may take after the drain, if a second signal asks for haste.
const HASTE: Duration = Duration::from_secs(5);

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--check`: understand the configuration, and no more.
    pub check: bool,
    /// `--upgrade`: take over from the relayd that runs on this data dir.
    pub upgrade: bool,
    /// What wins over files and environment, by the names of variables (`RELAYD__SMP__ENABLED`): for
    /// programs that start a daemon by flags of their own.
    pub settings: Vec<(String, String)>,
}

/// Makes the admin API of a running daemon; given by the crate that knows its shape.
pub type AdminApi = fn(Arc<Core>) -> axum::Router;

/// Runs the daemon to its end.
pub fn run(
    options: Options,
    protocols: Vec<Box<dyn Protocol>>,
    admin: AdminApi,
) -> Result<(), Failure> {
    let inherited = Inherited::from_env();
    let mut sources = Sources::of_process(options.config);
    sources.env.extend(options.settings);
    let blueprint = Blueprint::draw(&sources, &protocols)?;
    if options.check {
        return check(&blueprint);
    }
    let log = telemetry::logs::init(&blueprint.log.level, blueprint.log.format)
        .map_err(|error| Failure::Unavailable(error.to_string()))?;
    let runtime =
        Runtime::new().map_err(|error| Failure::Internal(format!("no runtime: {error}")))?;
    runtime.block_on(async {
        let signals = Signals::listen()?;
        let start = start::Start {
            sources,
            protocols,
            blueprint,
            log,
            inherited,
            admin,
        };
        let running = start.run(options.upgrade).await?;
        Lifecycle { running, signals }.serve().await;
        Ok(())
    })
}

#[expect(clippy::print_stdout, reason = "the answer to --check")]
fn check(blueprint: &Blueprint) -> Result<(), Failure> {
    blueprint
        .metrics_tls()
        .map_err(|error| Failure::Usage(error.to_string()))?;
    Web::check(&blueprint.web)?;
    let relays: Vec<_> = blueprint.plans.iter().map(|(name, _)| *name).collect();
    let file = blueprint
        .loaded
        .file()
        .map_or("built-in defaults".to_owned(), |file| {
            file.display().to_string()
        });
    let relays = if relays.is_empty() {
        "none".to_owned()
    } else {
        relays.join(", ")
    };
    println!("configuration is fine ({file}); relays switched on: {relays}");
    Ok(())
}

/// A daemon that serves.
struct Lifecycle {
    running: Running,
    signals: Signals,
}

/// Why serving ends.
enum End {
    Signal,
    Asked,
    Successor(Heir),
}

impl Lifecycle {
    async fn serve(mut self) {
        let end = self.until_the_end().await;
        let core = Arc::clone(&self.running.core);
        core.phase.send_replace(Phase::Draining);
        let heir = match end {
            End::Successor(heir) => Some(heir),
            End::Signal | End::Asked => None,
        };
        self.announce_end(heir.as_ref());
        systemd::alive_during(self.end(heir)).await;
        tracing::info!("stopped");
    }

    async fn end(self, heir: Option<Heir>) {
        let Self {
            running,
            mut signals,
        } = self;
        let limit = running.reloader.drain_timeout;
        running.serving.drain(limit, signals.end()).await;
        tokio::select! {
            () = close(&running.core, &running.tasks) => {}
            () = async { signals.end().await; tokio::time::sleep(HASTE).await } => {
                tracing::error!("closing takes too long; leaving it to recovery at the next start");
            }
        }
        drop(running.data_dir);
        drop(running.heirs);
        if let Some(heir) = heir {
            heir.done().await;
        }
    }

    async fn until_the_end(&mut self) -> End {
        let mut watchdog = systemd::watchdog();
        loop {
            let running = &mut self.running;
            tokio::select! {
                asked = self.signals.next() => match asked {
                    Asked::End => return End::Signal,
                    Asked::Reload => drop(running.reloader.reload()),
                },
                heir = running.heirs.next() => return End::Successor(heir),
                order = running.orders.recv() => match order {
                    Some(Order::Reload(reply)) => drop(reply.send(running.reloader.reload())),
                    Some(Order::Upgrade(reply)) => drop(reply.send(start::successor())),
                    Some(Order::Stop) | None => return End::Asked,
                },
                _ = watchdog.tick() => systemd::alive(),
            }
        }
    }

    fn announce_end(&self, heir: Option<&Heir>) {
        match heir {
            Some(heir) => {
                tracing::info!("handing over to a new process");
                self.running.serving.disarm();
                heir.pid.into_iter().for_each(systemd::handed_over_to);
            }
            None => {
                tracing::info!("stopping: finishing what is in flight");
                systemd::stopping(self.running.reloader.drain_timeout);
            }
        }
    }
}

/// Last words to the relays, then the background tasks, then the store.
async fn close(core: &Core, tasks: &crate::tasks::Tasks) {
    for (_, relay) in core.relays() {
        relay.stop().await;
    }
    tasks.end().await;
    core.store.close().await;
}
