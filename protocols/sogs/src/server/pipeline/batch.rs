//! The parts of a batch, one after the other, as whoever signed it.

use axum::http::{Method, StatusCode};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::answer::{Answer, Content};
use super::endpoint::{Endpoint, Order};
use super::{Asking, House, Pipeline, template};
use crate::config::SogsConfig;
use crate::wire::{Refusal, SubRequest, batch, onion};

/// Batches inside batches, the outermost counted.
const MAX_DEPTH: u8 = 2;

/// The most that the answers of one batch may come to. A part that is over it is refused.
const MAX_REPLY: usize = 4 * onion::MAX_BODY;

pub(super) type Parts = Vec<Result<SubRequest, Refusal>>;

/// The parts of a batch; `None` of anything else.
pub(super) fn parse_parts(
    endpoint: &Result<Endpoint, Refusal>,
    request: &SubRequest,
    config: &SogsConfig,
) -> Option<Result<Parts, Refusal>> {
    let is_batch = matches!(endpoint, Ok(Endpoint::Batch(_))) && request.method == Method::POST;
    is_batch.then(|| batch::parse(&request.body, config.limits.batch))
}

/// Whether a request, or any part of it, may change something.
pub(super) fn may_change(method: &Method, parts: Option<&Result<Parts, Refusal>>) -> bool {
    let parts = parts.and_then(|parts| parts.as_ref().ok());
    !batch::only_reads(method, parts.map_or(&[], Vec::as_slice))
}

impl<H: House> Pipeline<H> {
    /// Runs the parts of a batch that is so deep inside others.
    pub(super) fn batch<'a>(
        &'a self,
        order: Order,
        parts: Parts,
        asking: &'a Asking<'a, H::User>,
        depth: u8,
    ) -> BoxFuture<'a, Result<Answer, Refusal>> {
        async move {
            if depth >= MAX_DEPTH {
                return Err(Refusal::Malformed);
            }
            let mut replies = Vec::with_capacity(parts.len());
            let mut room = MAX_REPLY;
            for part in parts {
                let answer = self.part(part, asking, depth + 1).await;
                let reply = answer.within(&mut room).into_part().await;
                let last = order == Order::UntilFailure && batch::ends_sequence(&reply);
                replies.push(reply);
                if last {
                    break;
                }
            }
            let reply = batch::reply(&replies);
            Ok(Answer::json_bytes(StatusCode::OK, reply))
        }
        .boxed()
    }

    async fn part(
        &self,
        part: Result<SubRequest, Refusal>,
        asking: &Asking<'_, H::User>,
        depth: u8,
    ) -> Answer {
        let request = match part {
            Ok(request) => request,
            Err(refusal) => return refusal.into(),
        };
        let endpoint = Endpoint::of(&request.target, asking.config);
        let template = template(&endpoint);
        let parts = parse_parts(&endpoint, &request, asking.config);
        let answer = self.run(endpoint, parts, request, asking, depth).await;
        let answer = answer.unwrap_or_else(Answer::from);
        self.metrics.answered(template, answer.status);
        answer
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
