//! The templates, and what all of them are told.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use super::{Note, RoomCard, Source, Web};
use crate::config::SogsConfig;

/// What every page shows around what it is about.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) title: String,
    pub(super) header: String,
    pub(super) footer: String,
    pub(super) style: String,
    pub(super) script: String,
    pub(super) favicon: String,
    pub(super) hide_from_search_engines: bool,
}

#[derive(Debug, Template)]
#[template(path = "index.html")]
pub(super) struct IndexPage {
    pub(super) frame: Frame,
    pub(super) rooms: Vec<RoomCard>,
}

#[derive(Debug, Template)]
#[template(path = "room.html")]
pub(super) struct RoomPage {
    pub(super) frame: Frame,
    pub(super) room: RoomCard,
    pub(super) join_url: String,
    pub(super) recent: Option<Vec<Note>>,
    pub(super) refresh_millis: u128,
}

#[derive(Debug, Template)]
#[template(path = "problem.html")]
pub(super) struct ProblemPage {
    pub(super) frame: Frame,
    pub(super) heading: &'static str,
    pub(super) text: &'static str,
}

impl<S: Source> Web<S> {
    pub(super) fn frame(&self, config: &SogsConfig) -> Frame {
        let theme = self.theme();
        Frame {
            title: config.web.title.clone(),
            header: theme.header.clone(),
            footer: theme.footer.clone(),
            style: theme.url("style.css"),
            script: theme.url("room.js"),
            favicon: theme.url("favicon.svg"),
            hide_from_search_engines: config.web.hide_from_search_engines,
        }
    }
}

/// A page that was filled in, with its status.
pub(super) fn render(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
