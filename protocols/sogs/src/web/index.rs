//! The list of rooms, and what robots are told.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use relay_pages::robots_txt;

use super::problem::Problem;
use super::{Source, Web};

pub(super) async fn list<S: Source>(State(web): State<Arc<Web<S>>>) -> Response {
    let config = web.config.get();
    if !config.web.enabled {
        return web.problem(Problem::NotFound);
    }
    if !config.web.index {
        return web.problem(Problem::NoIndex);
    }
    match web.source.rooms().await {
        Err(error) => web.problem(error.into()),
        Ok(rooms) => web.index(&config, rooms),
    }
}

pub(super) async fn robots<S: Source>(State(web): State<Arc<Web<S>>>) -> Response {
    robots_txt(web.robots())
}
