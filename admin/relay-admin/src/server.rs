//! The answering side. [`router`] is what `relay_core::lifecycle` mounts on the admin listeners.
//!
//! `token.rs` says who may ask. Reading is free; whatever is not a `GET` is written to the audit log
//! by [`audit`], whether it was done or refused. A handler adds what it was about with
//! [`audit::Detail`]. [`api`] declares the routes, [`openapi`] describes them.

pub mod audit;
mod handlers;
pub mod openapi;
pub mod problem;
mod token;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use relay_core::admin::{Api, gives};
use relay_core::core::Core;
use serde_json::Value;

use self::token::Guard;
use crate::{paths, types};

/// The daemon's own routes.
pub fn api() -> Api<Arc<Core>> {
    steer(show(Api::below("")))
}

/// How everything is.
fn show(api: Api<Arc<Core>>) -> Api<Arc<Core>> {
    use types::{AuditEntry, LogLevel, Setting, Status, Worker};
    let (level, workers) = (gives::<LogLevel>(), gives::<Vec<Worker>>());
    let newest = gives::<Vec<AuditEntry>>().segment::<u64>();
    let settings = gives::<Vec<Setting>>();
    let in_force = "The configuration in force; secrets are hidden";
    api.get(
        paths::STATUS,
        "How everything is",
        gives::<Status>(),
        handlers::status,
    )
    .get(
        paths::METRICS,
        "Everything measured, as the metrics listeners say it",
        gives::<types::Metrics>(),
        handlers::metrics,
    )
    .get(
        paths::LOG_LEVEL,
        "What is logged",
        level,
        handlers::log_level,
    )
    .get(
        paths::WORKERS,
        "List background workers",
        workers,
        handlers::workers,
    )
    .get(
        paths::AUDIT_NEWEST,
        "Who did what, newest first",
        newest,
        handlers::audit,
    )
    .get(paths::CONFIG, in_force, settings, handlers::config)
    .get(
        paths::OPENAPI,
        "This document",
        gives::<Value>(),
        handlers::openapi,
    )
}

/// What is done to it.
fn steer(api: Api<Arc<Core>>) -> Api<Arc<Core>> {
    use types::{
        AuditNote, AuditNoted, AuditPrune, AuditPruned, Backup, BackupRequest, Done, LogLevel,
        Reload, Upgrade, Worker, WorkerPaused, WorkerRun,
    };
    let level = gives::<LogLevel>().takes::<LogLevel>();
    let paused = gives::<Worker>().takes::<WorkerPaused>();
    let backup = gives::<Backup>().takes::<BackupRequest>();
    let noted = gives::<AuditNoted>().takes::<AuditNote>();
    let pruned = gives::<AuditPruned>().takes::<AuditPrune>();
    let (run, reloaded) = (gives::<WorkerRun>(), gives::<Reload>());
    let (done, upgrade) = (gives::<Done>(), gives::<Upgrade>());
    let set_level = "Change what is logged, until the next reload";
    let reload = "Read the configuration and certificates again";
    let take_over = "Have the relayd that is installed now take over";
    api.put(paths::LOG_LEVEL, set_level, level, handlers::set_log_level)
        .post(
            paths::WORKER_RUN,
            "Run a worker now",
            run,
            handlers::run_worker,
        )
        .put(
            paths::WORKER_PAUSED,
            "Pause or resume a worker",
            paused,
            handlers::pause_worker,
        )
        .post(
            paths::BACKUPS,
            "Make a backup, while serving",
            backup,
            handlers::create_backup,
        )
        .post(
            paths::AUDIT_NOTES,
            "Write a note into the audit log",
            noted,
            handlers::note,
        )
        .post(
            paths::AUDIT_PRUNE,
            "Forget old entries",
            pruned,
            handlers::prune_audit,
        )
        .post(paths::RELOAD, reload, reloaded, handlers::reload)
        .post(
            paths::STOP,
            "Finish what is in flight and end",
            done,
            handlers::stop,
        )
        .post(paths::UPGRADE, take_over, upgrade, handlers::upgrade)
}

/// The admin API of a running daemon, its relays' routes included.
pub fn router(core: Arc<Core>) -> Router {
    let mut router = api().router().with_state(Arc::clone(&core));
    for (name, relay) in core.relays() {
        router = router.nest(&format!("/v1/{name}"), relay.admin_routes());
    }
    let guard = Arc::new(Guard::new(Arc::clone(&core)));
    router
        .fallback(async || {
            problem::Refusal::NotFound("there is no such thing in the admin API".to_owned())
        })
        .method_not_allowed_fallback(async |method: Method| {
            problem::Refusal::Method(format!("this cannot be asked for with {method}"))
        })
        .layer(from_fn_with_state(core, audit::record))
        .layer(from_fn_with_state(guard, token::required))
}
