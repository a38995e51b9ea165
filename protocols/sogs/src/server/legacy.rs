//! The legacy API: what the clients of the Rust server of 2021 speak, and old bots.
//!
//! Everything is JSON with a `status_code`; the room is named in a header, the caller by a token or
//! by a signature, which goes before the token. Ids are unblinded here, so that a server that
//! requires blinded ones answers only what needs no user. What today's API does the same way is
//! left to it: rules and limits are its own. Where the old server's documentation and its code named
//! a key differently, both are there.

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
use relay_core::clock::UnixTime;
use relay_core::entropy::Entropy;
use serde::Serialize;

pub use self::caller::Who;
use self::route::Route;
use super::pipeline::answer::Answer;
use super::pipeline::call::Call;
use crate::config::{Current, SogsConfig};
use crate::crypto::ServerKey;
use crate::files::FileStore;
use crate::store::{Room, StoreError, StoredMessage, Tables};
use crate::wire::messages::NewMessage;
use crate::wire::refusal::AuthError;
use crate::wire::{Refusal, legacy};

/// What the legacy API stands on.
#[derive(Clone, Debug)]
pub struct Legacy {
    /// The tables.
    pub tables: Tables,
    /// The bytes of files.
    pub files: FileStore,
    /// The settings.
    pub config: Current,
    /// What tokens are signed with.
    pub key: Arc<ServerKey>,
    /// For challenges.
    pub entropy: Entropy,
}

/// What today's API does for the old one.
pub trait Posts: Send + Sync {
    /// Posts a message, by the same rules, limits and filters.
    fn post(
        &self,
        who: &Who,
        room: &Arc<Room>,
        new: NewMessage,
        now: UnixTime,
    ) -> impl Future<Output = Result<Arc<StoredMessage>, Refusal>> + Send;
}

/// A request to the legacy API, and the settings it is answered by.
struct Request<'a, P> {
    legacy: &'a Legacy,
    posts: &'a P,
    config: Arc<SogsConfig>,
    call: Call<Who>,
}

type Outcome = Result<Answer, Refusal>;

impl Legacy {
    /// Answers what is asked for below `/legacy/`.
    pub async fn answer<P: Posts>(&self, posts: &P, path: &str, call: Call<Who>) -> Answer {
        let request = Request {
            legacy: self,
            posts,
            config: self.config.get(),
            call,
        };
        let answer = match Route::of(path) {
            Some(route) => request.answer(route).await,
            None => Err(Refusal::NotFound),
        };
        answer.unwrap_or_else(refused)
    }
}

impl<P: Posts> Request<'_, P> {
    async fn answer(&self, route: Route) -> Outcome {
        let method = self.call.method.clone();
        match (method, route) {
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
fn ok(content: impl Serialize) -> Outcome {
    Ok(Answer::json(&legacy::Answer::ok(content)))
}

/// A success that says nothing more.
#[expect(clippy::unnecessary_wraps, reason = "endpoints end with it")]
fn nothing() -> Outcome {
    Ok(Answer::json(&legacy::Answer::status(
        StatusCode::OK.as_u16(),
    )))
}

/// Only the status; but that ids must be blinded is said as everywhere, because clients read it.
fn refused(refusal: Refusal) -> Answer {
    match refusal {
        Refusal::Auth(AuthError::BlindedOnly) => refusal.into(),
        _ => {
            let status = refusal.status();
            Answer::json_with(status, &legacy::Answer::status(status.as_u16()))
        }
    }
}

/// As every other resource tells faults of the store.
fn of_store(error: StoreError) -> Refusal {
    match error {
        StoreError::Refused(refusal) => refusal,
        StoreError::Read(_) | StoreError::Write(_) => Refusal::Unavailable,
    }
}
