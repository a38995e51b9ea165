//! The templates, and the frame around them.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use relay_pages::{Frame, Page};

use super::{Note, RoomCard, Source, Web};
use crate::config::SogsConfig;

/// The last line of every page.
const FOOT: &str = r#"<p>Communities are read and written with <a href="https://getsession.org/download" rel="noopener noreferrer">Session</a>, a private messenger.</p>"#;

#[derive(Debug, Template)]
#[template(path = "index.html")]
pub(super) struct IndexPage {
    pub(super) rooms: Vec<RoomCard>,
}

#[derive(Debug, Template)]
#[template(path = "room.html")]
pub(super) struct RoomPage {
    pub(super) room: RoomCard,
    pub(super) join_url: String,
    pub(super) recent: Option<Vec<Note>>,
    pub(super) refresh_millis: u128,
}

impl<S: Source> Web<S> {
    pub(super) fn frame(&self, config: &SogsConfig) -> Frame {
        Frame::new(&self.theme(), &config.web.title, self.robots()).foot(FOOT)
    }

    /// The front page.
    pub(super) fn index(&self, config: &SogsConfig, rooms: Vec<RoomCard>) -> Response {
        let page = Page {
            frame: self.frame(config),
            name: String::new(),
            scripts: Vec::new(),
            body: IndexPage { rooms },
        };
        page.answer(StatusCode::OK)
    }

    /// The page of a room.
    pub(super) fn room(&self, config: &SogsConfig, body: RoomPage) -> Response {
        let theme = self.theme();
        let page = Page {
            frame: self.frame(config),
            name: body.room.name.clone(),
            scripts: ["copy.js", "room.js"].map(|name| theme.url(name)).into(),
            body,
        };
        page.answer(StatusCode::OK)
    }
}
