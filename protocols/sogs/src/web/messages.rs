//! Recent messages, for the page and for its script.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::{ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use relay_core::clock::UnixTime;
use serde::Serialize;

use super::problem::Problem;
use super::room::RECENT;
use super::time::Written;
use super::{RoomCard, Source, Web};
use crate::config::SogsConfig;
use crate::private::private_debug;
use crate::wire::content::MessageText;

/// The longest name that is shown.
const MAX_NAME: usize = 64;

/// How much of an id is shown, where ids are.
const ID_START: usize = 8;

/// A message on a page.
#[derive(Clone, Eq, PartialEq)]
pub struct Note {
    pub(super) author: String,
    pub(super) named: bool,
    pub(super) text: Option<String>,
    pub(super) time: Written,
}

#[derive(Serialize)]
struct Shown<'a> {
    author: &'a str,
    nameless: bool,
    text: &'a str,
    wordless: bool,
    time: String,
}

#[derive(Serialize)]
struct Recent<'a> {
    messages: Vec<Shown<'a>>,
}

impl Note {
    /// From a message's content, with its padding or without. What is no text is shown as such.
    pub fn new(session_id: &str, content: &[u8], posted: UnixTime) -> Self {
        let unpadded = crate::wire::padding::strip(content);
        let read = MessageText::parse(unpadded).unwrap_or_default();
        let name = read.display_name.filter(|name| !name.trim().is_empty());
        Self {
            named: name.is_some(),
            author: match name {
                Some(name) => name.chars().take(MAX_NAME).collect(),
                None => session_id.to_owned(),
            },
            text: read.body.filter(|body| !body.is_empty()),
            time: Written(posted),
        }
    }

    /// Without what is not to be shown of its author.
    fn for_page(mut self, show_ids: bool) -> Self {
        if !self.named {
            self.author = if show_ids {
                let start: String = self.author.chars().take(ID_START).collect();
                format!("{start}…")
            } else {
                "Anonymous".to_owned()
            };
        }
        self
    }

    pub(super) const fn is_nameless(&self) -> bool {
        !self.named
    }

    pub(super) const fn is_wordless(&self) -> bool {
        self.text.is_none()
    }

    pub(super) fn shown_text(&self) -> &str {
        self.text.as_deref().unwrap_or("A message without text")
    }

    fn shown(&self) -> Shown<'_> {
        Shown {
            author: &self.author,
            nameless: self.is_nameless(),
            text: self.shown_text(),
            wordless: self.is_wordless(),
            time: self.time.iso(),
        }
    }
}

impl<S: Source> Web<S> {
    pub(super) async fn notes(
        &self,
        config: &SogsConfig,
        room: &RoomCard,
    ) -> Result<Vec<Note>, Problem> {
        let notes = self.source.recent(room, RECENT).await?;
        let show_ids = config.web.show_ids;
        Ok(notes.into_iter().map(|n| n.for_page(show_ids)).collect())
    }

    async fn news(&self, token: &str, known: Option<&str>) -> Result<Response, Problem> {
        let config = self.config.get();
        if !config.web.recent_messages {
            return Err(Problem::NotFound);
        }
        let room = self.readable(&config, token).await?;
        let version = format!(
            "\"{}-{}\"",
            room.message_sequence,
            u8::from(config.web.show_ids)
        );
        let version = [(ETAG, version)];
        if known == Some(version[0].1.as_str()) {
            return Ok((StatusCode::NOT_MODIFIED, version).into_response());
        }
        let notes = self.notes(&config, &room).await?;
        let messages = notes.iter().map(Note::shown).collect();
        Ok((version, Json(Recent { messages })).into_response())
    }
}

pub(super) async fn list<S: Source>(
    State(web): State<Arc<Web<S>>>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    let known = headers
        .get(IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    let news = web.news(&token, known).await;
    news.unwrap_or_else(|problem| problem.status().into_response())
}

private_debug!(Note);
