//! The legacy API: what the clients of the Rust server of 2021 speak, and old bots.
//!
//! Everything is JSON with a `status_code`; the room is named in a header, the caller by a token or
//! by a signature, which goes before the token. Ids are unblinded here, so that a server that
//! requires blinded ones answers only what needs no user. Rules, limits and filters are those of
//! today's API. Where the old server's documentation and its code named a key differently, both are
//! there.

mod caller;
mod files;
mod messages;
mod moderation;
mod poll;
mod rooms;
mod route;
#[cfg(test)]
mod tests;
mod token;

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use serde::Serialize;

use self::route::Route;
use super::pipeline::answer::Answer;
use super::{Answered, Ask, Server};
use crate::config::SogsConfig;
use crate::wire::{AuthError, Refusal, legacy};

/// A request to the legacy API, and the settings it is answered by.
struct Request<'a> {
    server: &'a Server,
    config: Arc<SogsConfig>,
    ask: Ask,
}

impl Server {
    /// Answers what is asked for below `/legacy/`.
    pub(super) async fn legacy(&self, path: &str, ask: Ask) -> Answered {
        let request = Request {
            server: self,
            config: self.config.get(),
            ask,
        };
        let answer = match Route::of(path) {
            Some(route) => request.answer(route).await,
            None => Err(Refusal::NotFound),
        };
        answer.or_else(refused)
    }
}

impl Request<'_> {
    async fn answer(&self, route: Route) -> Answered {
        match (self.ask.method.clone(), route) {
            (Method::GET, Route::Rooms) => self.rooms().await,
            (Method::GET, Route::Room(token)) => self.one_room(&token).await,
            (Method::GET, Route::Image(token)) => self.image(&token).await,
            (Method::POST, Route::Image(token)) => self.set_image(&token).await,
            (Method::GET, Route::MemberCount) => self.member_count().await,
            (Method::GET, Route::Challenge) => self.challenge().await,
            (Method::POST, Route::ClaimToken) | (Method::DELETE, Route::Token) => nothing(),
            (Method::POST, Route::Files) => self.upload().await,
            (Method::GET, Route::File(id)) => self.download(id).await,
            (Method::GET, Route::Messages) => self.messages().await,
            (Method::POST, Route::Messages) => self.post().await,
            (Method::DELETE, Route::Message(id)) => self.delete(vec![id]).await,
            (Method::POST, Route::DeleteMessages) => self.delete_messages().await,
            (Method::GET, Route::DeletedMessages) => self.deleted_messages().await,
            (Method::POST, Route::Poll) => self.poll().await,
            (Method::GET, Route::Moderators) => self.moderators().await,
            (Method::POST, Route::Moderators) => self.add_moderator().await,
            (Method::DELETE, Route::Moderator(id)) => self.remove_moderator(id).await,
            (Method::GET, Route::BlockList) => self.block_list().await,
            (Method::POST, Route::BlockList) => self.ban().await,
            (Method::DELETE, Route::Blocked(id)) => self.unban(id).await,
            (Method::POST, Route::BanAndDeleteAll) => self.ban_and_delete_all().await,
            _ => Err(Refusal::WrongMethod),
        }
    }
}

/// A success with what it has to say.
#[expect(clippy::unnecessary_wraps, reason = "endpoints end with it")]
fn ok(content: impl Serialize) -> Answered {
    Ok(Answer::json(&legacy::Answer::ok(content)))
}

/// A success that says nothing more.
#[expect(clippy::unnecessary_wraps, reason = "endpoints end with it")]
fn nothing() -> Answered {
    let done = legacy::Answer::status(StatusCode::OK.as_u16());
    Ok(Answer::json(&done))
}

/// Only the status; but that ids must be blinded is said as everywhere, because clients read it.
fn refused(refusal: Refusal) -> Answered {
    if refusal == Refusal::Auth(AuthError::BlindedOnly) {
        return Err(refusal);
    }
    let status = refusal.status();
    let answer = legacy::Answer::status(status.as_u16());
    Ok(Answer::json_with(status, &answer))
}
