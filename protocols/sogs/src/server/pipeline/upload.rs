//! Long uploads over plain HTTP: written to the disk as they come in and hashed on the way, so
//! that they are never whole in memory. Whose they are is known only at their end; what is not
//! believed then is removed again.

use axum::body::{Body, HttpBody};
use axum::http::Request;
use axum::http::request::Parts as Head;
use blake2::{Blake2b512, Digest};
use futures_util::TryStreamExt;
use tokio::time::{Instant, timeout};

use super::answer::Answer;
use super::call::Call;
use super::endpoint::{Endpoint, InRoom};
use super::{House, Pipeline};
use crate::config::SogsConfig;
use crate::domain::token::RoomToken;
use crate::files::{BODY_TIME, Received};
use crate::wire::{MAX_JSON, Refusal, Target};

/// What shorter uploads are long at most, or may turn out to be.
const SHORT: u64 = MAX_JSON as u64;

/// Whether a body is long, or may be.
pub(super) fn is_long(request: &Request<Body>) -> bool {
    request
        .body()
        .size_hint()
        .upper()
        .is_none_or(|len| len > SHORT)
}

impl<H: House> Pipeline<H> {
    /// Answers a long upload into a room.
    pub(super) async fn upload(
        &self,
        room: RoomToken,
        target: Target,
        request: Request<Body>,
        config: &SogsConfig,
    ) -> Answer {
        let endpoint = Endpoint::Room(room.clone(), InRoom::Upload);
        let template = endpoint.template();
        let (head, body) = request.into_parts();
        let answer = self
            .uploaded(endpoint, &room, (head, target), body, config)
            .await;
        let answer = answer.unwrap_or_else(Answer::from);
        self.metrics.answered(template, answer.status);
        answer
    }

    async fn uploaded(
        &self,
        endpoint: Endpoint,
        room: &RoomToken,
        (head, target): (Head, Target),
        body: Body,
        config: &SogsConfig,
    ) -> Result<Answer, Refusal> {
        let claimed = self.gate.claimed(&head.headers, &config.auth)?;
        let claimed = claimed.ok_or(Refusal::UserRequired)?;
        let (received, hash) = self.received(room, body).await?;
        let (started, now) = (Instant::now(), self.clock.now());
        let asked = (&head.method, &target);
        let verified =
            self.gate
                .verify_hashed(&claimed, asked, hash.as_ref(), &config.auth, now)?;
        let caller = self.admit(verified, true, config, now).await?;
        self.metrics.auth(started);
        let call = Call {
            method: head.method,
            target,
            headers: head.headers,
            body: axum::body::Bytes::new(),
            upload: Some(received),
            caller,
            now,
        };
        self.house.answer(endpoint, call).await
    }

    /// Takes a body in; gives its hash, unless it was empty.
    async fn received(
        &self,
        room: &RoomToken,
        body: Body,
    ) -> Result<(Received, Option<[u8; 64]>), Refusal> {
        let expected = body.size_hint().exact();
        let mut hash = Blake2b512::new();
        let body = body
            .into_data_stream()
            .inspect_ok(|chunk| hash.update(chunk));
        let received = timeout(BODY_TIME, self.house.receive(room, body, expected)).await;
        let received = received.map_err(|_| Refusal::Malformed)??;
        let hash = (received.size() > 0).then(|| hash.finalize().into());
        Ok((received, hash))
    }
}
