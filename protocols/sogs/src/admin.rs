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
    of_server(of_people(of_rooms(Api::below(paths::BELOW))))
}

fn of_rooms(api: Api<Arc<Server>>) -> Api<Arc<Server>> {
    use types::{Count, NewRoom, Room, RoomEdit, RoomInFigures, RoomPermissions, SetPermissions};
    let (all, room) = (gives::<Vec<Room>>(), gives::<Room>());
    let (add, edit) = (room.takes::<NewRoom>(), room.takes::<RoomEdit>());
    let (figures, count) = (gives::<RoomInFigures>(), gives::<Count>());
    let (list, delete) = ("List all rooms", "Delete a room and all that is in it");
    let (may, set) = (gives::<RoomPermissions>(), "Set what may be done in a room");
    let set_may = may.takes::<SetPermissions>();
    api.get(paths::ROOMS, list, all, rooms::list)
        .post(paths::ROOMS, "Make a room", add, rooms::add)
        .get(paths::ROOM, "A room in figures", figures, rooms::show)
        .put(paths::ROOM, "Change a room", edit, rooms::edit)
        .delete(paths::ROOM, delete, room, rooms::delete)
        .post(
            paths::ROOM_CLEAR,
            "Forget all messages of a room",
            count,
            rooms::clear,
        )
        .get(
            paths::ROOM_PERMISSIONS,
            "What may be done in a room",
            may,
            permissions::show,
        )
        .put(paths::ROOM_PERMISSIONS, set, set_may, permissions::set)
}

fn of_people(api: Api<Arc<Server>>) -> Api<Arc<Server>> {
    use types::{Ban, Count, Moderator, SetBan, SetRole, User};
    let (roles, bans) = (gives::<Vec<Moderator>>(), gives::<Vec<Ban>>());
    let count = gives::<Count>();
    let (set_role, set_ban) = (count.takes::<SetRole>(), count.takes::<SetBan>());
    let user = gives::<User>();
    api.get(
        paths::MODERATORS,
        "List everybody with a role",
        roles,
        people::moderators,
    )
    .put(
        paths::MODERATORS,
        "Give and take roles",
        set_role,
        people::set_role,
    )
    .get(
        paths::BANS,
        "List everybody who is banned",
        bans,
        people::bans,
    )
    .put(paths::BANS, "Ban and let back in", set_ban, people::set_ban)
    .get(paths::USER, "What is known of somebody", user, people::user)
}

fn of_server(api: Api<Arc<Server>>) -> Api<Arc<Server>> {
    use types::{Filter, FilterTest, FilterVerdict, Links, Message, Moderated, Stats};
    let message = gives::<Message>().segment::<i64>();
    let (links, filters) = (gives::<Links>(), gives::<Vec<Filter>>());
    let tried = gives::<FilterVerdict>().takes::<FilterTest>();
    let newest = gives::<Vec<Moderated>>().segment::<u32>();
    let stats = gives::<Stats>();
    let log = "What moderators did, newest first";
    api.get(paths::MESSAGE, "A message", message, messages::show)
        .delete(
            paths::MESSAGE,
            "Delete a message",
            message,
            messages::delete,
        )
        .get(
            paths::LINKS,
            "The links to join rooms with",
            links,
            links::list,
        )
        .get(paths::FILTER, "What is filtered", filters, filter::show)
        .post(
            paths::FILTER,
            "Try a filter, without posting",
            tried,
            filter::test,
        )
        .get(paths::STATS, "The server in figures", stats, stats::show)
        .get(paths::LOG, log, newest, log::newest)
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
