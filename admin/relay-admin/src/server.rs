//! The answering side. [`router`] is what `relay_core::lifecycle` mounts on the admin socket.
//!
//! Reading is free; whatever is not a `GET` is written to the audit log by [`audit`], whether it
//! was done or refused. A handler adds what it was about with [`audit::Detail`].

pub mod audit;
mod handlers;
pub mod problem;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post, put};
use relay_core::core::Core;

use crate::paths;

/// The admin API of a running daemon, its relays' routes included.
pub fn router(core: Arc<Core>) -> Router {
    let mut router = Router::new()
        .route(paths::STATUS, get(handlers::status))
        .route(
            paths::LOG_LEVEL,
            get(handlers::log_level).put(handlers::set_log_level),
        )
        .route(paths::WORKERS, get(handlers::workers))
        .route(paths::WORKER_RUN, post(handlers::run_worker))
        .route(paths::WORKER_PAUSED, put(handlers::pause_worker))
        .route(paths::BACKUPS, post(handlers::create_backup))
        .route(paths::AUDIT_NEWEST, get(handlers::audit))
        .route(paths::AUDIT_NOTES, post(handlers::note))
        .route(paths::AUDIT_PRUNE, post(handlers::prune_audit))
        .route(paths::CONFIG, get(handlers::config))
        .route(paths::RELOAD, post(handlers::reload))
        .route(paths::STOP, post(handlers::stop))
        .route(paths::UPGRADE, post(handlers::upgrade))
        .with_state(Arc::clone(&core));
    for (name, relay) in core.relays() {
        router = router.nest(&format!("/v1/{name}"), relay.admin_routes());
    }
    router
        .fallback(async || {
            problem::Refusal::NotFound("there is no such thing in the admin API".to_owned())
        })
        .method_not_allowed_fallback(async |method: Method| {
            problem::Refusal::Method(format!("this cannot be asked for with {method}"))
        })
        .layer(from_fn_with_state(core, audit::record))
}
