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
pub mod call;
pub mod endpoint;
pub mod gate;
mod http;
pub mod metrics;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::http::Method;
use axum::http::header::ALLOW;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use relay_core::clock::SharedClock;
use relay_core::entropy::Entropy;
use tokio::time::Instant;

use self::answer::{Answer, Content};
use self::call::{Call, Caller, Nonce, User};
use self::endpoint::{Endpoint, Order};
use self::gate::Gate;
use self::metrics::RequestMetrics;
use crate::crypto::ServerKey;
use crate::wire::auth::Verified;
use crate::wire::{Refusal, SubRequest, batch, onion};

/// Batches inside batches, the outermost counted.
const MAX_DEPTH: u8 = 2;

/// The most that the answers of one batch may come to. A part that is over it is refused.
const MAX_BATCH_REPLY: usize = 4 * onion::MAX_BODY;

type Parts = Vec<Result<SubRequest, Refusal>>;

/// What stands behind the pipeline: users, and everything there is to ask for.
pub trait House: Send + Sync + 'static {
    /// Finds the user whose signature was verified, or makes them. Refuses who is banned.
    fn admit(&self, verified: Verified) -> impl Future<Output = Result<User, Refusal>> + Send;

    /// Writes down the nonce of a request that changes several things; refuses one that is
    /// written down already.
    fn burn(&self, verified: Verified) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// Answers at an endpoint, by a method it knows.
    fn answer(
        &self,
        endpoint: Endpoint,
        call: Call,
    ) -> impl Future<Output = Result<Answer, Refusal>> + Send;
}

/// How long things may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of an uploaded file.
    pub file: usize,
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
    /// The time.
    pub clock: SharedClock,
    /// For the nonces of replies.
    pub entropy: Entropy,
    /// How long things may be.
    pub limits: Limits,
    /// Figures.
    pub metrics: RequestMetrics,
}

impl<H: House> Pipeline<H> {
    /// Answers a request that came over HTTP or in an onion.
    pub async fn answer(&self, request: SubRequest) -> Answer {
        let endpoint = Endpoint::of(&request.target);
        let template = endpoint.as_ref().map_or("other", Endpoint::template);
        let head = request.method == Method::HEAD;
        let answer = self.identified(endpoint, request).await;
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
    ) -> Result<Answer, Refusal> {
        let started = Instant::now();
        let verified = self.gate.verify(&request, self.clock.now())?;
        let parts = parse_parts(&endpoint, &request);
        let (caller, nonce) = self.admit(verified, &request, parts.as_ref()).await?;
        self.metrics.auth(started);
        let started = Instant::now();
        let answer = self.run(endpoint, parts, request, (caller, nonce), 0).await;
        self.metrics.handler(started);
        answer
    }

    /// Answers a request whose caller is known, so many batches deep.
    async fn run(
        &self,
        endpoint: Result<Endpoint, Refusal>,
        parts: Option<Result<Parts, Refusal>>,
        request: SubRequest,
        (caller, nonce): (Caller, Nonce),
        depth: u8,
    ) -> Result<Answer, Refusal> {
        match (parts, endpoint?) {
            (Some(_), Endpoint::Batch(_)) if depth >= MAX_DEPTH => Err(Refusal::Malformed),
            (Some(parts), Endpoint::Batch(order)) => {
                self.batch(order, parts?, caller, nonce, depth + 1).await
            }
            (_, endpoint) => self.single(endpoint, request, caller, nonce).await,
        }
    }

    async fn admit(
        &self,
        verified: Option<Verified>,
        request: &SubRequest,
        parts: Option<&Result<Parts, Refusal>>,
    ) -> Result<(Caller, Nonce), Refusal> {
        let Some(verified) = verified else {
            return Ok((Caller::Anonymous, Nonce::default()));
        };
        let user = self.house.admit(verified).await?;
        self.gate.admit_once(&verified, self.clock.now())?;
        let parts = parts.and_then(|parts| parts.as_ref().ok());
        let nonce = if gate::may_change(&request.method, parts) {
            Nonce::of(verified)
        } else {
            Nonce::default()
        };
        Ok((Caller::User(user), nonce))
    }

    async fn single(
        &self,
        endpoint: Endpoint,
        request: SubRequest,
        caller: Caller,
        nonce: Nonce,
    ) -> Result<Answer, Refusal> {
        let methods = endpoint.methods();
        let method = match request.method {
            Method::HEAD => Method::GET,
            Method::OPTIONS => return Ok(Answer::options(methods)),
            method => method,
        };
        if !methods.contains(&method) {
            return Ok(wrong_method(methods));
        }
        if request.body.len() > endpoint.max_body(&self.limits) {
            return Err(Refusal::TooLarge);
        }
        let call = Call {
            method,
            target: request.target,
            headers: request.headers,
            body: request.body,
            caller,
            now: self.clock.now(),
            nonce,
        };
        self.house.answer(endpoint, call).await
    }

    /// Runs all parts as the caller. If only one of them changes something, the nonce is burnt in
    /// its transaction; if several do, before them all.
    fn batch(
        &self,
        order: Order,
        parts: Parts,
        caller: Caller,
        nonce: Nonce,
        depth: u8,
    ) -> BoxFuture<'_, Result<Answer, Refusal>> {
        async move {
            let mut nonce = Some(nonce);
            if changes(&parts) > 1
                && let Some(verified) = nonce.take().and_then(|nonce| nonce.take())
            {
                self.house.burn(verified).await?;
            }
            let mut replies = Vec::with_capacity(parts.len());
            let mut room = MAX_BATCH_REPLY;
            for part in parts {
                let answer = self.part(part, &caller, &mut nonce, depth).await;
                let answer = answer.unwrap_or_else(Answer::from).within(&mut room);
                let reply = answer.into_part().await;
                let last = order == Order::UntilFailure && batch::ends_sequence(&reply);
                replies.push(reply);
                if last {
                    break;
                }
            }
            let reply = batch::reply(&replies);
            Ok(Answer::json_bytes(axum::http::StatusCode::OK, reply))
        }
        .boxed()
    }

    async fn part(
        &self,
        part: Result<SubRequest, Refusal>,
        caller: &Caller,
        nonce: &mut Option<Nonce>,
        depth: u8,
    ) -> Result<Answer, Refusal> {
        let request = part?;
        let endpoint = Endpoint::of(&request.target);
        let template = endpoint.as_ref().map_or("other", Endpoint::template);
        let nonce = if may_change(&request) {
            nonce.take()
        } else {
            None
        };
        let who = (caller.clone(), nonce.unwrap_or_default());
        let parts = parse_parts(&endpoint, &request);
        let answer = self.run(endpoint, parts, request, who, depth).await;
        let answer = answer.unwrap_or_else(Answer::from);
        self.metrics.answered(template, answer.status);
        Ok(answer)
    }
}

impl Answer {
    /// Itself, if it fits into what room is left, or a refusal.
    fn within(self, room: &mut usize) -> Self {
        let len = match &self.content {
            Content::Bytes(bytes) => bytes.len(),
            Content::Stream { len, .. } => usize::try_from(*len).unwrap_or(usize::MAX),
        };
        match room.checked_sub(len) {
            Some(left) => {
                *room = left;
                self
            }
            None => Refusal::TooLarge.into(),
        }
    }
}

/// The parts of a batch; `None` of anything else.
fn parse_parts(
    endpoint: &Result<Endpoint, Refusal>,
    request: &SubRequest,
) -> Option<Result<Parts, Refusal>> {
    let is_batch = matches!(endpoint, Ok(Endpoint::Batch(_))) && request.method == Method::POST;
    is_batch.then(|| batch::parse(&request.body))
}

fn may_change(request: &SubRequest) -> bool {
    gate::may_change(&request.method, None)
}

fn changes(parts: &Parts) -> usize {
    let parts = parts.iter().flatten();
    parts.filter(|part| may_change(part)).count()
}

fn wrong_method(methods: &[Method]) -> Answer {
    let allow = Answer::options(methods).headers.remove(ALLOW);
    let answer = Answer::from(Refusal::WrongMethod);
    match allow {
        Some(allow) => answer.with(ALLOW, allow),
        None => answer,
    }
}
