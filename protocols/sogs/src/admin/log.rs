//! What moderators did, by themselves or through operators.

use axum::Json;
use axum::extract::State;
use relay_admin::server::problem::Segment;

use super::types::Moderated;
use super::{Shared, Shown};

pub(super) async fn newest(
    State(server): Shared,
    Segment(limit): Segment<u32>,
) -> Shown<Vec<Moderated>> {
    let moderated = server.tables.moderated(limit).await?.into_iter();
    let shown = moderated.map(|note| Moderated {
        at: note.at.secs(),
        by: note.actor,
        what: note.action,
        room: note.room,
        to: note.target,
        message: note.message.map(|message| message.0),
        detail: note.detail,
    });
    Ok(Json(shown.collect()))
}
