//! Core's state in the words of the API.

use std::time::Duration;

use relay_config::Change;
use relay_core::audit;
use relay_core::clock::UnixTime;
use relay_core::core::{Core, Phase, Reloaded, VERSION};
use relay_core::protocol::Health;
use relay_core::web::CertificateFacts;
use relay_core::worker::{LastRun, WorkerState, WorkerStatus};
use relay_storage::{Durability, backup};

use crate::types::{
    AuditEntry, Backup, Part, Reload, Status, Store, WebCertificate, Worker, WorkerRun,
};

pub(super) fn status(core: &Core) -> Status {
    let parts: Vec<Part> = core.health().into_iter().map(part).collect();
    Status {
        version: VERSION.to_owned(),
        phase: phase(core.phase()).to_owned(),
        pid: std::process::id(),
        started: core.started.secs(),
        uptime: core.clock.now().since(core.started).as_secs(),
        ready: parts.iter().all(|part| part.well),
        parts,
        store: store(core),
        last_backup: core.last_backup().map(UnixTime::secs),
        web_certificate: core.web().certificate().map(web_certificate),
        workers: core.workers.list().into_iter().map(worker).collect(),
    }
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Starting => "starting",
        Phase::Serving => "serving",
        Phase::Draining => "draining",
    }
}

fn part((name, health): (&'static str, Health)) -> Part {
    let reason = match health {
        Health::Well => None,
        Health::Ill(reason) => Some(reason),
    };
    Part {
        name: name.to_owned(),
        well: reason.is_none(),
        reason,
    }
}

fn web_certificate(facts: CertificateFacts) -> WebCertificate {
    WebCertificate {
        source: facts.source.label().to_owned(),
        names: facts.names,
        not_after: facts.not_after.secs(),
    }
}

fn store(core: &Core) -> Store {
    let database = core.store.database();
    let durability = match database.options().durability {
        Durability::Power => "power",
        Durability::Process => "process",
    };
    let fault = *core.store.health().borrow();
    Store {
        url: database.url().to_string(),
        durability: durability.to_owned(),
        fault: fault.map(|fault| fault.to_string()),
        queue: core.store.queue_depth(),
    }
}

pub(super) fn worker(status: WorkerStatus) -> Worker {
    let state = match status.state {
        WorkerState::Paused => "paused",
        WorkerState::Running => "running",
        WorkerState::Waiting => "waiting",
    };
    Worker {
        name: status.name.to_owned(),
        state: state.to_owned(),
        every: seconds(status.every),
        runs: status.runs,
        failures: status.failures,
        last: status.last.map(worker_run),
    }
}

pub(super) fn worker_run(run: LastRun) -> WorkerRun {
    let (done, error) = match run.outcome {
        Ok(done) => (Some(done), None),
        Err(error) => (None, Some(error)),
    };
    WorkerRun {
        at: run.at.secs(),
        took: seconds(run.took),
        done,
        error,
    }
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

pub(super) fn audit_entry(entry: audit::Model) -> AuditEntry {
    AuditEntry {
        id: entry.id,
        at: entry.at.div_euclid(1000),
        actor: entry.actor,
        action: entry.action,
        detail: entry.detail,
        outcome: entry.outcome,
    }
}

pub(super) fn reload(reloaded: &Reloaded) -> Reload {
    let keys = |changes: &[Change]| changes.iter().map(|change| change.key.clone()).collect();
    Reload {
        applied: keys(&reloaded.applied),
        need_restart: keys(&reloaded.need_restart),
    }
}

/// Also for tools that make or check a backup without a daemon.
impl Backup {
    /// What a manifest says, in the words of the API.
    pub fn of(path: impl Into<std::path::PathBuf>, manifest: &backup::Manifest) -> Self {
        let engine = match manifest.engine {
            backup::Engine::Postgres => "postgres",
            backup::Engine::Sqlite => "sqlite",
        };
        Self {
            path: path.into(),
            created: manifest.created,
            relayd: manifest.relayd.clone(),
            engine: engine.to_owned(),
            files: manifest.entries.len(),
            size: manifest.size(),
        }
    }
}
