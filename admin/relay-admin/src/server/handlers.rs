//! The daemon's own requests, one function each.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use relay_core::audit::Event;
use relay_core::clock::UnixTime;
use relay_core::core::{Core, Stopping, VERSION};
use relay_storage::backup::{self, Plan};

use super::audit::Detail;
use super::problem::{Body, Refusal, Segment};
use super::view;
use crate::types::{
    AuditEntry, AuditNote, AuditNoted, AuditPrune, AuditPruned, Backup, BackupRequest, Done,
    LogLevel, Metrics, Setting, Status, Upgrade, Worker, WorkerPaused,
};

type Daemon = State<Arc<Core>>;

/// Longest note in the audit log.
const MAX_NOTE: usize = 65_536;
/// Most entries of the audit log in one answer.
const MAX_AUDIT: u64 = 10_000;

pub(super) async fn status(State(core): Daemon) -> Json<Status> {
    Json(view::status(&core))
}

pub(super) async fn metrics(State(core): Daemon) -> Json<Metrics> {
    Json(Metrics {
        text: core.render_metrics(),
    })
}

pub(super) async fn log_level(State(core): Daemon) -> Json<LogLevel> {
    Json(LogLevel {
        level: core.log.get(),
    })
}

pub(super) async fn set_log_level(
    State(core): Daemon,
    Body(wanted): Body<LogLevel>,
) -> Result<impl IntoResponse, Refusal> {
    core.log
        .set(&wanted.level)
        .map_err(|error| Refusal::Invalid(error.to_string()))?;
    Ok(Detail(wanted.level.clone()).with(Json(wanted)))
}

pub(super) async fn workers(State(core): Daemon) -> Json<Vec<Worker>> {
    Json(core.workers.list().into_iter().map(view::worker).collect())
}

pub(super) async fn run_worker(
    State(core): Daemon,
    Segment(name): Segment<String>,
) -> Result<impl IntoResponse, Refusal> {
    let run = core
        .workers
        .run(&name)
        .await
        .map_err(|error| no_worker(&core, &error))?;
    Ok(Detail(name).with(Json(view::worker_run(run))))
}

pub(super) async fn pause_worker(
    State(core): Daemon,
    Segment(name): Segment<String>,
    Body(wanted): Body<WorkerPaused>,
) -> Result<impl IntoResponse, Refusal> {
    let status = core
        .workers
        .pause(&name, wanted.paused)
        .map_err(|error| no_worker(&core, &error))?;
    let detail = format!(
        "{name} {}",
        if wanted.paused { "paused" } else { "resumed" }
    );
    Ok(Detail(detail).with(Json(view::worker(status))))
}

fn no_worker(core: &Core, error: &relay_core::worker::NoSuchWorker) -> Refusal {
    let names: Vec<_> = core
        .workers
        .list()
        .into_iter()
        .map(|worker| worker.name)
        .collect();
    Refusal::NotFound(format!("{error}; there are {}", names.join(", ")))
}

pub(super) async fn create_backup(
    State(core): Daemon,
    Body(wanted): Body<BackupRequest>,
) -> Result<impl IntoResponse, Refusal> {
    if !wanted.path.is_absolute() {
        return Err(Refusal::Invalid(
            "the path of a backup must be absolute".to_owned(),
        ));
    }
    let plan = Plan {
        target: wanted.path.clone(),
        owners: core.owners.clone(),
        data_dir: core.settings.data_dir.clone(),
        files: core.files.clone(),
        relayd: VERSION.to_owned(),
        now: core.clock.now().secs(),
    };
    let made = backup::create(core.store.database(), plan).await;
    let manifest = made.map_err(|error| Refusal::Conflict(error.to_string()))?;
    core.backed_up(UnixTime::from_secs(manifest.created));
    let detail = wanted.path.display().to_string();
    Ok(Detail(detail).with(Json(Backup::of(wanted.path, &manifest))))
}

pub(super) async fn audit(
    State(core): Daemon,
    Segment(limit): Segment<u64>,
) -> Result<Json<Vec<AuditEntry>>, Refusal> {
    let entries = core.audit.newest(limit.min(MAX_AUDIT)).await?;
    Ok(Json(entries.into_iter().map(view::audit_entry).collect()))
}

/// A note is an entry of its own; that it was written is not noted once more.
pub(super) async fn note(
    State(core): Daemon,
    actor: super::audit::Actor,
    Body(note): Body<AuditNote>,
) -> Result<impl IntoResponse, Refusal> {
    if note.text.trim().is_empty() || note.text.len() > MAX_NOTE {
        return Err(Refusal::Invalid(format!(
            "a note has between 1 and {MAX_NOTE} bytes"
        )));
    }
    let event = Event {
        actor: actor.0,
        action: "note".to_owned(),
        detail: note.text,
        outcome: "done".to_owned(),
    };
    let id = core.audit.record(event).await?;
    Ok((
        axum::Extension(super::audit::Recorded),
        Json(AuditNoted { id }),
    ))
}

pub(super) async fn prune_audit(
    State(core): Daemon,
    Body(wanted): Body<AuditPrune>,
) -> Result<impl IntoResponse, Refusal> {
    let removed = core.audit.prune(UnixTime::from_secs(wanted.before)).await?;
    let detail = format!("{removed} entries from before {}", wanted.before);
    Ok(Detail(detail).with(Json(AuditPruned { removed })))
}

pub(super) async fn config(State(core): Daemon) -> Json<Vec<Setting>> {
    let setting = |shown: relay_config::Shown| Setting {
        key: shown.key,
        value: shown.value,
        origin: shown.origin.to_string(),
    };
    Json(core.settings_in_force().into_iter().map(setting).collect())
}

pub(super) async fn reload(State(core): Daemon) -> Result<impl IntoResponse, Refusal> {
    let reloaded = core
        .reload()
        .await
        .map_err(stopping)?
        .map_err(Refusal::Conflict)?;
    let view = view::reload(&reloaded);
    let named = |keys: &[String]| match keys {
        [] => "nothing".to_owned(),
        keys => keys.join(", "),
    };
    let detail = format!(
        "changed: {}; need a restart: {}",
        named(&view.applied),
        named(&view.need_restart)
    );
    Ok(Detail(detail).with(Json(view)))
}

pub(super) async fn stop(State(core): Daemon) -> Result<impl IntoResponse, Refusal> {
    core.stop().await.map_err(stopping)?;
    Ok(Detail(String::new()).with(Json(Done { done: true })))
}

pub(super) async fn upgrade(State(core): Daemon) -> Result<impl IntoResponse, Refusal> {
    let pid = core
        .upgrade()
        .await
        .map_err(stopping)?
        .map_err(Refusal::Unavailable)?;
    Ok(Detail(format!("process {pid}")).with(Json(Upgrade { pid })))
}

pub(super) async fn openapi(State(core): Daemon) -> Json<serde_json::Value> {
    let own = super::api();
    let all = own.operations().iter().chain(&core.operations);
    Json(super::openapi::document(all))
}

fn stopping(error: Stopping) -> Refusal {
    Refusal::Unavailable(error.to_string())
}
