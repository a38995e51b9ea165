//! What `relayctl sogs` can ask and do: the routes below `/v1/sogs/` of the admin API.
//!
//! Everything is done as the server's own user, by the same changes that apps make, so that clients
//! learn of it as of anything else. Core's audit log says which operator did it. [`types`] and
//! [`paths`] are the API itself.

mod filter;
mod links;
mod log;
mod messages;
pub mod paths;
mod people;
mod permissions;
mod rooms;
mod scope;
mod stats;
#[cfg(test)]
mod tests;
mod trouble;
pub mod types;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use relay_admin::server::problem::Refusal;
use serde::Serialize;

use crate::server::Server;

/// What a handler answers: a value, and what the audit log shall say it was about.
type Done<T> = Result<
    (
        axum::Extension<relay_admin::server::audit::Detail>,
        axum::Json<T>,
    ),
    Refusal,
>;

/// What a handler answers that only reads.
type Shown<T> = Result<axum::Json<T>, Refusal>;

type Shared = axum::extract::State<Arc<Server>>;

/// The routes, without `/v1/sogs` before them.
pub fn router(server: Arc<Server>) -> Router {
    Router::new()
        .route(inner(paths::ROOMS), get(rooms::list).post(rooms::add))
        .route(
            inner(paths::ROOM),
            get(rooms::show).put(rooms::edit).delete(rooms::delete),
        )
        .route(inner(paths::ROOM_CLEAR), post(rooms::clear))
        .route(
            inner(paths::ROOM_PERMISSIONS),
            get(permissions::show).put(permissions::set),
        )
        .route(
            inner(paths::MODERATORS),
            get(people::moderators).put(people::set_role),
        )
        .route(inner(paths::BANS), get(people::bans).put(people::set_ban))
        .route(inner(paths::USER), get(people::user))
        .route(
            inner(paths::MESSAGE),
            get(messages::show).delete(messages::delete),
        )
        .route(inner(paths::LINKS), get(links::list))
        .route(inner(paths::FILTER), get(filter::show).post(filter::test))
        .route(inner(paths::STATS), get(stats::show))
        .route(inner(paths::LOG), get(log::newest))
        .with_state(server)
}

/// A path as it is below the relay's own.
fn inner(path: &str) -> &str {
    path.strip_prefix(paths::BELOW).unwrap_or(path)
}

/// What was done, and what the audit log shall say of it.
#[expect(clippy::unnecessary_wraps, reason = "handlers end with it")]
fn done<T: Serialize>(about: impl Into<String>, answer: T) -> Done<T> {
    let detail = relay_admin::server::audit::Detail(about.into());
    Ok(detail.with(axum::Json(answer)))
}
