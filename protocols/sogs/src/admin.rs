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
use relay_admin::server::problem::Refusal;
use relay_core::admin::{Api, gives};
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

/// What can be asked, and who answers.
pub fn api() -> Api<Arc<Server>> {
    use types::{
        Ban, Count, Filter, FilterTest, FilterVerdict, Links, Message, Moderated, Moderator,
        NewRoom, Room, RoomEdit, RoomInFigures, RoomPermissions, SetBan, SetPermissions, SetRole,
        Stats, User,
    };
    let (room, count) = (gives::<Room>(), gives::<Count>());
    let permissions = gives::<RoomPermissions>();
    let message = gives::<Message>().segment::<i64>();
    let tried = gives::<FilterVerdict>().takes::<FilterTest>();
    let newest = gives::<Vec<Moderated>>().segment::<u32>();
    Api::below(paths::BELOW)
        .get(
            paths::ROOMS,
            "List all rooms",
            gives::<Vec<Room>>(),
            rooms::list,
        )
        .post(
            paths::ROOMS,
            "Make a room",
            room.takes::<NewRoom>(),
            rooms::add,
        )
        .get(
            paths::ROOM,
            "A room in figures",
            gives::<RoomInFigures>(),
            rooms::show,
        )
        .put(
            paths::ROOM,
            "Change a room",
            room.takes::<RoomEdit>(),
            rooms::edit,
        )
        .delete(
            paths::ROOM,
            "Delete a room and all that is in it",
            room,
            rooms::delete,
        )
        .post(
            paths::ROOM_CLEAR,
            "Forget all messages of a room",
            count,
            rooms::clear,
        )
        .get(
            paths::ROOM_PERMISSIONS,
            "What may be done in a room",
            permissions,
            permissions::show,
        )
        .put(
            paths::ROOM_PERMISSIONS,
            "Set what may be done in a room",
            permissions.takes::<SetPermissions>(),
            permissions::set,
        )
        .get(
            paths::MODERATORS,
            "List everybody with a role",
            gives::<Vec<Moderator>>(),
            people::moderators,
        )
        .put(
            paths::MODERATORS,
            "Give and take roles",
            count.takes::<SetRole>(),
            people::set_role,
        )
        .get(
            paths::BANS,
            "List everybody who is banned",
            gives::<Vec<Ban>>(),
            people::bans,
        )
        .put(
            paths::BANS,
            "Ban and let back in",
            count.takes::<SetBan>(),
            people::set_ban,
        )
        .get(
            paths::USER,
            "What is known of somebody",
            gives::<User>(),
            people::user,
        )
        .get(paths::MESSAGE, "A message", message, messages::show)
        .delete(
            paths::MESSAGE,
            "Delete a message",
            message,
            messages::delete,
        )
        .get(
            paths::LINKS,
            "The links to join rooms with",
            gives::<Links>(),
            links::list,
        )
        .get(
            paths::FILTER,
            "What is filtered",
            gives::<Vec<Filter>>(),
            filter::show,
        )
        .post(
            paths::FILTER,
            "Try a filter, without posting",
            tried,
            filter::test,
        )
        .get(
            paths::STATS,
            "The server in figures",
            gives::<Stats>(),
            stats::show,
        )
        .get(
            paths::LOG,
            "What moderators did, newest first",
            newest,
            log::newest,
        )
}

/// The routes, without `/v1/sogs` before them.
pub fn router(server: Arc<Server>) -> Router {
    api().router().with_state(server)
}

/// A path as it is below the relay's own.
#[cfg(test)]
fn inner(path: &str) -> &str {
    path.strip_prefix(paths::BELOW).unwrap_or(path)
}

/// What was done, and what the audit log shall say of it.
#[expect(clippy::unnecessary_wraps, reason = "handlers end with it")]
fn done<T: Serialize>(about: impl Into<String>, answer: T) -> Done<T> {
    let detail = relay_admin::server::audit::Detail(about.into());
    Ok(detail.with(axum::Json(answer)))
}
