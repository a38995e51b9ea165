//! The page of a room, and the ways to it.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Redirect, Response};

use super::pages::RoomPage;
use super::problem::Problem;
use super::{RoomCard, Source, Web};
use crate::config::SogsConfig;
use crate::domain::token::RoomToken;

/// Messages on a page.
pub(super) const RECENT: usize = 100;

pub(super) async fn page<S: Source>(
    State(web): State<Arc<Web<S>>>,
    Path(token): Path<String>,
) -> Response {
    let config = web.config.get();
    match web.filled_in(&config, &token).await {
        Ok(page) => web.room(&config, page),
        Err(problem) => web.problem(problem),
    }
}

/// `308`, as the reference: pages are relative to the form with the slash.
pub(super) async fn slash<S: Source>(
    State(web): State<Arc<Web<S>>>,
    Path(token): Path<String>,
) -> Response {
    match token.parse::<RoomToken>() {
        Ok(token) => {
            let to = format!("/r/{token}/");
            (StatusCode::PERMANENT_REDIRECT, [(LOCATION, to)]).into_response()
        }
        Err(_) => web.problem(Problem::NotFound),
    }
}

/// What people open in a browser who were sent a link to join with.
pub(super) async fn join_link<S: Source>(
    State(web): State<Arc<Web<S>>>,
    Path(token): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let has_key = query.split('&').any(|pair| pair.starts_with("public_key="));
    match token.parse::<RoomToken>() {
        Ok(token) if has_key && web.config.get().web.enabled => {
            Redirect::to(&format!("/r/{token}/")).into_response()
        }
        _ => web.problem(Problem::NotFound),
    }
}

impl<S: Source> Web<S> {
    /// A room whose page everybody may see.
    pub(super) async fn readable(
        &self,
        config: &SogsConfig,
        token: &str,
    ) -> Result<RoomCard, Problem> {
        if !config.web.enabled {
            return Err(Problem::NotFound);
        }
        let token: RoomToken = token.parse().map_err(|_| Problem::NotFound)?;
        let room = self.source.room(&token).await?.ok_or(Problem::NotFound)?;
        if room.read {
            Ok(room)
        } else {
            Err(Problem::Private)
        }
    }

    pub(super) fn join_url(&self, config: &SogsConfig, room: &RoomCard) -> String {
        let base_url = config.public_url();
        room.token.join_url(base_url.as_str(), &self.public_key)
    }

    async fn filled_in(&self, config: &SogsConfig, token: &str) -> Result<RoomPage, Problem> {
        let room = self.readable(config, token).await?;
        let recent = if config.web.recent_messages {
            Some(self.notes(config, &room).await?)
        } else {
            None
        };
        Ok(RoomPage {
            join_url: self.join_url(config, &room),
            room,
            recent,
            refresh_millis: config.web.refresh.get().as_millis(),
        })
    }
}
