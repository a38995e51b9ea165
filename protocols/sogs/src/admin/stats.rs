//! The server in figures.

use axum::Json;
use axum::extract::State;

use super::types::Stats;
use super::{Shared, Shown};

pub(super) async fn show(State(server): Shared) -> Shown<Stats> {
    let stats = server.tables.server_stats(server.clock.now()).await?;
    Ok(Json(Stats {
        rooms: stats.rooms,
        users: stats.users,
        active_users: stats.active_users,
        messages: stats.messages,
        files: stats.files,
        file_bytes: stats.file_bytes,
        direct_messages: stats.direct_messages,
        pending: stats.pending,
    }))
}
