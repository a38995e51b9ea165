//! The server: from requests to answers.
//!
//! [`pipeline`] knows frames, signatures and paths, and nothing of rooms. Behind it stands
//! [`Server`], which knows users and rooms; every resource has a file here that says what is asked
//! of it, who may ask, and what the answer looks like. What may be done is decided twice where it
//! changes something: here by what memory holds, so that refusals are cheap, and in the transaction
//! that changes it.

pub mod caller;
mod capabilities;
mod deletion;
mod entrance;
pub(crate) mod figures;
mod files;
mod filters;
mod inbox;
mod legacy;
mod limits;
mod messages;
mod metrics;
mod moderation;
pub mod pages;
mod permissions;
mod pins;
pub mod pipeline;
mod posting;
mod reactions;
mod rooms;
#[cfg(test)]
mod tests;
mod trouble;

use std::sync::{Arc, PoisonError, RwLock};

use axum::body::Bytes;
use futures_util::{FutureExt, Stream};
use relay_core::clock::SharedClock;
use relay_core::entropy::Entropy;
use relay_core::telemetry::metrics::Metrics;

pub use self::caller::Signed;
use self::entrance::At;
use self::limits::Limiter;
pub use self::metrics::ServerMetrics;
use self::pipeline::House;
use self::pipeline::answer::Answer;
use self::pipeline::call::Call;
use self::pipeline::endpoint::{Endpoint, InRoom};
use crate::config::Current;
use crate::crypto::ServerKey;
use crate::domain::filter::words::WordList;
use crate::domain::token::RoomToken;
use crate::files::{FileStore, Received};
use crate::private::private_debug;
use crate::store::Tables;
use crate::wire::auth::Verified;
use crate::wire::{AuthError, Refusal};

/// A request to this server.
pub type Ask = Call<Signed>;

type Answered = Result<Answer, Refusal>;

/// What a server is made of.
#[derive(Clone)]
pub struct Parts {
    /// What it must not forget.
    pub tables: Tables,
    /// The bytes of uploads.
    pub files: FileStore,
    /// Its identity.
    pub key: Arc<ServerKey>,
    /// The settings in force.
    pub config: Current,
    /// The words that are filtered.
    pub words: WordList,
    /// The time.
    pub clock: SharedClock,
    /// For what is left to chance.
    pub entropy: Entropy,
}

/// The server.
pub struct Server {
    pub(crate) tables: Tables,
    pub(crate) files: FileStore,
    pub(crate) key: Arc<ServerKey>,
    pub(crate) config: Current,
    pub(crate) clock: SharedClock,
    pub(crate) entropy: Entropy,
    pub(crate) metrics: ServerMetrics,
    words: RwLock<Arc<WordList>>,
    limits: Limiter,
}

impl Server {
    /// Of these parts.
    pub fn new(parts: Parts, metrics: &Metrics) -> Self {
        Self {
            tables: parts.tables,
            files: parts.files,
            key: parts.key,
            config: parts.config,
            clock: parts.clock,
            entropy: parts.entropy,
            metrics: ServerMetrics::new(metrics),
            words: RwLock::new(Arc::new(parts.words)),
            limits: Limiter::default(),
        }
    }

    /// Filters other words from now on.
    pub fn set_words(&self, words: WordList) {
        *self.words.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(words);
    }

    pub(crate) fn words(&self) -> Arc<WordList> {
        Arc::clone(&self.words.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Answers below `/room/{token}`. Only what is polled is done in place: the rest would make
    /// every poll carry its room.
    async fn in_room(&self, token: &str, what: InRoom, ask: Ask) -> Answered {
        let at = self.enter(token, &ask).await?;
        match what {
            InRoom::Messages(which) => self.messages(&at, which, &ask).await,
            InRoom::PollInfo(known) => self.poll_info(&at, known, &ask),
            what => self.seldom_in_room(at, what, ask).boxed().await,
        }
    }

    async fn seldom_in_room(&self, at: At, what: InRoom, ask: Ask) -> Answered {
        match what {
            InRoom::AllOf(author) => self.delete_all(&at, author, &ask).await,
            InRoom::File(id) => self.download(&at, id, &ask).await,
            InRoom::Futures(id) => self.futures(&at, id, &ask).await,
            InRoom::Info => self.room_info(&at, &ask).await,
            InRoom::Message(id) => self.one_message(&at, id, &ask).await,
            InRoom::Messages(which) => self.messages(&at, which, &ask).await,
            InRoom::Permissions(id) => self.room_permissions(&at, id, &ask).await,
            InRoom::Pin(id) => self.pin(&at, id, &ask).await,
            InRoom::PollInfo(known) => self.poll_info(&at, known, &ask),
            InRoom::Post => self.post(&at, &ask).await,
            InRoom::Reaction(id, emoji) => self.reaction(&at, id, emoji, &ask).await,
            InRoom::Reactions(id, emoji) => self.clear_reactions(&at, id, emoji, &ask).await,
            InRoom::Reactors(id, emoji) => self.reactors(&at, id, &emoji, &ask).await,
            InRoom::Unpin(id) => self.unpin(&at, id, &ask).await,
            InRoom::Upload => self.upload(&at, ask).await,
        }
    }

    async fn seldom(&self, endpoint: Endpoint, ask: Ask) -> Answered {
        match endpoint {
            Endpoint::Everywhere(author) => self.delete_everywhere(author, &ask).await,
            Endpoint::InboxOf(recipient) => self.send(recipient, &ask).await,
            Endpoint::Legacy(path) => self.legacy(&path, ask).await,
            Endpoint::Rooms => self.list_rooms(&ask).await,
            Endpoint::User(id, what) => self.moderate(id, what, &ask).await,
            // These the pipeline answers by itself, or not at all inside another request.
            _ => Err(Refusal::NotFound),
        }
    }
}

impl House for Arc<Server> {
    type User = Signed;

    async fn admit(&self, verified: Verified, changes: bool) -> Result<Signed, Refusal> {
        let now = self.clock.now();
        let user = self.tables.admit(verified.id, now).await?;
        if user.role.banned {
            return Err(AuthError::Banned.into());
        }
        self.tables.saw(user.id, now);
        let remembered = self.config.get().auth.nonce_expiry.get();
        Ok(Signed::new(
            &verified,
            user,
            changes.then_some((now, remembered)),
        ))
    }

    async fn receive<E: Send>(
        &self,
        room: &RoomToken,
        body: impl Stream<Item = Result<Bytes, E>> + Send,
        expected: Option<u64>,
    ) -> Result<Received, Refusal> {
        let space = self.space(room.as_str());
        Ok(self.files.receive(body, expected, space).await?)
    }

    async fn answer(&self, endpoint: Endpoint, ask: Ask) -> Answered {
        match endpoint {
            Endpoint::Capabilities => Ok(self.capabilities(&ask)),
            Endpoint::Inbox(since) => self.inbox(since, &ask).await,
            Endpoint::Outbox(since) => self.outbox(since, &ask).await,
            Endpoint::Room(token, what) => self.in_room(token.as_str(), what, ask).await,
            endpoint => self.seldom(endpoint, ask).boxed().await,
        }
    }
}

private_debug!(Parts, Server);
