//! The list of rooms, and what robots are told.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::pages::{IndexPage, render};
use super::problem::Problem;
use super::{Source, Web};
use crate::wire::PLAIN_TEXT;

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
        Ok(rooms) => {
            let frame = web.frame(&config);
            render(StatusCode::OK, &IndexPage { frame, rooms })
        }
    }
}

pub(super) async fn robots<S: Source>(State(web): State<Arc<Web<S>>>) -> Response {
    let hide = web.config.get().web.hide_from_search_engines;
    let rule = if hide { "Disallow: /" } else { "Disallow:" };
    let text = format!("User-agent: *\n{rule}\n");
    ([(CONTENT_TYPE, PLAIN_TEXT)], text).into_response()
}
