//! Polls: what is new in several rooms at once. A room that cannot be polled says so by itself.

use super::caller::entered;
use super::{Request, ok};
use crate::domain::permissions::Need;
use crate::server::Answered;
use crate::wire::Refusal;
use crate::wire::legacy::{self, PollRequest};

/// Rooms in a poll.
const MAX_ROOMS: usize = 256;

impl Request<'_> {
    pub(super) async fn poll(&self) -> Answered {
        let requests = legacy::parse_poll(&self.ask.body, MAX_ROOMS)?;
        let mut results = Vec::with_capacity(requests.len());
        for request in requests {
            let result = self.poll_room(&request).await;
            results.push(result.unwrap_or_else(|refusal| {
                legacy::Poll::failed(request.room_id, refusal.status().as_u16())
            }));
        }
        ok(legacy::Polls { results })
    }

    async fn poll_room(&self, request: &PollRequest) -> Result<legacy::Poll, Refusal> {
        let limit = usize::from(legacy::MAX_LIST);
        let signed = self.signed_by(request.auth_token.as_deref()).await?;
        let room = self.room_by(&request.room_id).await?;
        let (signed, at) = entered(room, signed, Need::Read)?;
        let from = request.from_message_server_id;
        let messages = self.since(&signed, &at, from, limit).await?;
        let from = request.from_deletion_server_id;
        let deletions = self.deletions(&at, from, limit).await?;
        let roster = at.room.roster.clone();
        Ok(legacy::Poll {
            room_id: request.room_id.clone(),
            status_code: 200,
            messages,
            deletions,
            moderators: roster.seen_by(at.permissions.moderates()).all(),
        })
    }
}
