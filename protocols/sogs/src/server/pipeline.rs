//! From a request to its answer, however it came.
//!
//! ```text
//! HTTP ──┬────────────> request ──> gate ──> endpoint ──> Call ──> House ──> Answer
//!        └─> onion ─────^             └─> batch: a Call for each part ──^
//! ```
//!
//! Authentication comes first, also for paths that lead nowhere. A batch is authenticated once:
//! its parts run one after the other as whoever signed it. Every request inside another is
//! dispatched here, in process, and renders into the frame it came in.

pub mod answer;
mod batch;
pub mod call;
pub mod endpoint;
pub mod gate;
mod http;
pub mod metrics;
#[cfg(test)]
mod tests;
mod upload;

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::Method;
use futures_util::Stream;
use relay_core::clock::{SharedClock, UnixTime};
use relay_core::entropy::Entropy;
use tokio::time::Instant;

use self::answer::Answer;
use self::batch::Parts;
use self::call::{Call, Caller};
use self::endpoint::Endpoint;
use self::gate::Gate;
use self::metrics::RequestMetrics;
use crate::config::{Current, SogsConfig};
use crate::crypto::ServerKey;
use crate::domain::token::RoomToken;
use crate::files::Received;
use crate::wire::auth::Verified;
use crate::wire::{Refusal, SubRequest};

/// What stands behind the pipeline: users, and everything there is to ask for.
pub trait House: Send + Sync + 'static {
    /// A user who signed, with the right to do what they signed once.
    type User: Clone + Send + Sync;

    /// Finds the user whose signature was verified, or makes them. Refuses who is banned. What
    /// `changes` something may be done once, however often it is sent.
    fn admit(
        &self,
        verified: Verified,
        changes: bool,
    ) -> impl Future<Output = Result<Self::User, Refusal>> + Send;

    /// Takes an upload for a room as it comes in, before anybody knows whose it is.
    fn receive<E: Send>(
        &self,
        room: &RoomToken,
        body: impl Stream<Item = Result<Bytes, E>> + Send,
        expected: Option<u64>,
    ) -> impl Future<Output = Result<Received, Refusal>> + Send;

    /// Answers at an endpoint, by a method it knows.
    fn answer(
        &self,
        endpoint: Endpoint,
        call: Call<Self::User>,
    ) -> impl Future<Output = Result<Answer, Refusal>> + Send;
}

/// What the pipeline is made of.
#[derive(Debug)]
pub struct Pipeline<H> {
    /// What stands behind it.
    pub house: H,
    /// Who is believed.
    pub gate: Gate,
    /// What onions are sealed to.
    pub key: Arc<ServerKey>,
    /// The settings in force.
    pub config: Current,
    /// The time.
    pub clock: SharedClock,
    /// For the nonces of replies.
    pub entropy: Entropy,
    /// Figures.
    pub metrics: RequestMetrics,
}

/// What all parts of one request have in common.
struct Asking<'a, U> {
    caller: Caller<U>,
    config: &'a SogsConfig,
    now: UnixTime,
}

impl<H: House> Pipeline<H> {
    /// Answers a request that came over HTTP or in an onion.
    pub async fn answer(&self, request: SubRequest) -> Answer {
        let config = self.config.get();
        let endpoint = Endpoint::of(&request.target, &config);
        let template = template(&endpoint);
        let head = request.method == Method::HEAD;
        let answer = self.identified(endpoint, request, &config).await;
        let answer = answer.unwrap_or_else(Answer::from);
        self.metrics.answered(template, answer.status);
        if head {
            answer.without_content()
        } else {
            answer
        }
    }

    async fn identified(
        &self,
        endpoint: Result<Endpoint, Refusal>,
        request: SubRequest,
        config: &SogsConfig,
    ) -> Result<Answer, Refusal> {
        let parts = batch::parse_parts(&endpoint, &request, config);
        let asking = self.identify(&request, parts.as_ref(), config).await?;
        let started = Instant::now();
        let answer = self.run(endpoint, parts, request, &asking, 0).await;
        self.metrics.handler(started);
        answer
    }

    /// Finds out who asks.
    async fn identify<'a>(
        &self,
        request: &SubRequest,
        parts: Option<&Result<Parts, Refusal>>,
        config: &'a SogsConfig,
    ) -> Result<Asking<'a, H::User>, Refusal> {
        let (started, now) = (Instant::now(), self.clock.now());
        let caller = match self.gate.verify(request, &config.auth, now)? {
            None => Caller::Anonymous,
            Some(verified) => {
                let changes = batch::may_change(&request.method, parts);
                self.admit(verified, changes, config, now).await?
            }
        };
        self.metrics.auth(started);
        Ok(Asking {
            caller,
            config,
            now,
        })
    }

    async fn admit(
        &self,
        verified: Verified,
        changes: bool,
        config: &SogsConfig,
        now: UnixTime,
    ) -> Result<Caller<H::User>, Refusal> {
        let user = self.house.admit(verified, changes).await?;
        self.gate.admit_once(&verified, &config.auth, now)?;
        Ok(Caller::User(user))
    }

    /// Answers a request whose caller is known, so many batches deep.
    async fn run(
        &self,
        endpoint: Result<Endpoint, Refusal>,
        parts: Option<Result<Parts, Refusal>>,
        request: SubRequest,
        asking: &Asking<'_, H::User>,
        depth: u8,
    ) -> Result<Answer, Refusal> {
        match (parts, endpoint?) {
            (Some(parts), Endpoint::Batch(order)) => self.batch(order, parts?, asking, depth).await,
            (_, endpoint) => self.single(endpoint, request, asking).await,
        }
    }

    async fn single(
        &self,
        endpoint: Endpoint,
        request: SubRequest,
        asking: &Asking<'_, H::User>,
    ) -> Result<Answer, Refusal> {
        let methods = endpoint.methods();
        let method = match request.method {
            Method::HEAD => Method::GET,
            Method::OPTIONS => return Ok(Answer::options(methods)),
            method => method,
        };
        if !methods.contains(&method) {
            return Ok(Answer::wrong_method(methods));
        }
        if request.body.len() > endpoint.max_body(asking.config) {
            return Err(Refusal::TooLarge);
        }
        let call = Call {
            method,
            target: request.target,
            headers: request.headers,
            body: request.body,
            upload: None,
            caller: asking.caller.clone(),
            now: asking.now,
        };
        self.house.answer(endpoint, call).await
    }
}

fn template(endpoint: &Result<Endpoint, Refusal>) -> &'static str {
    endpoint.as_ref().map_or("other", Endpoint::template)
}
