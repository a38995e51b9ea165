//! Polls: what is new in several rooms at once. A room that cannot be polled says so by itself.

use super::{Outcome, Posts, Request, ok};
use crate::domain::permissions::Need;
use crate::wire::Refusal;
use crate::wire::legacy::{self, PollRequest};

/// Rooms in a poll.
const MAX_ROOMS: usize = 256;

impl<P: Posts> Request<'_, P> {
    pub(super) async fn poll(&self) -> Outcome {
        let requests = legacy::parse_poll(&self.call.body, MAX_ROOMS)?;
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
        let who = self.who_by(request.auth_token.as_deref()).await?;
        let room = self.room_by(&request.room_id).await?;
        let permissions = who.user.permissions(&room);
        if !permissions.allow(Need::Read) {
            return Err(Refusal::Denied);
        }
        let messages = self
            .since(&who.user, &room, request.from_message_server_id, limit)
            .await?;
        let deletions = request.from_deletion_server_id;
        let deletions = self.deletions(&who.user, &room, deletions, limit).await?;
        let roster = room.roster.clone().seen_by(permissions.moderates());
        Ok(legacy::Poll {
            room_id: request.room_id.clone(),
            status_code: 200,
            messages,
            deletions,
            moderators: roster.all(),
        })
    }
}
