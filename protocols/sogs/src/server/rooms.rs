//! `/rooms`, `/room/{token}` and what pollers want to know of a room.

use axum::http::Method;

use super::entrance::At;
use super::pipeline::answer::Answer;
use super::{Answered, Ask, Server};
use crate::domain::permissions::Need;
use crate::store::rooms::is_listed;
use crate::wire::Refusal;
use crate::wire::rooms::{PollInfo, RoomChange};

impl Server {
    /// The rooms the caller may know of, by token.
    pub(super) async fn list_rooms(&self, ask: &Ask) -> Answered {
        let cutoff = self.config.get().activity.active_within.get();
        let rooms = self.tables.rooms().await?;
        let rooms = rooms.iter().filter_map(|room| {
            let permissions = ask.caller.permissions(room);
            is_listed(&permissions).then(|| room.info(&permissions, cutoff))
        });
        Ok(Answer::json(&rooms.collect::<Vec<_>>()))
    }

    /// The room itself: read by who may know of it, changed by admins.
    pub(super) async fn room_info(&self, at: &At, ask: &Ask) -> Answered {
        if ask.method == Method::PUT {
            return self.change_room(at, ask).await;
        }
        at.need(Need::Access, Refusal::NotFound)?;
        let cutoff = self.config.get().activity.active_within.get();
        Ok(Answer::json(&at.room.info(&at.permissions, cutoff)))
    }

    async fn change_room(&self, at: &At, ask: &Ask) -> Answered {
        at.administers(ask)?;
        let actor = &ask.caller.user()?.actor;
        let change = RoomChange::parse(&ask.body)?;
        let changed = self.tables.change_room(actor, at.id(), change, ask.now);
        Ok(Answer::json(&changed.await?))
    }

    /// What changed about the room, if the caller knows it as of another number.
    pub(super) fn poll_info(&self, at: &At, known: i64, ask: &Ask) -> Answered {
        at.may_read()?;
        self.saw(at, ask);
        self.metrics.polls.inc();
        let poll = PollInfo {
            token: at.room.token.clone(),
            active_users: at.room.active_users,
            caller: at.permissions.shown(),
            details: None,
        };
        if !PollInfo::wants_details(known, at.room.info_updates) {
            return Ok(Answer::json(&poll));
        }
        let cutoff = self.config.get().activity.active_within.get();
        let details = at.room.info(&at.permissions, cutoff);
        Ok(Answer::json(&poll.with_details(details)))
    }

    /// Notes that the caller read in the room.
    pub(super) fn saw(&self, at: &At, ask: &Ask) {
        if let Some(user) = ask.caller.row() {
            self.tables.saw_in(at.id(), user, ask.now);
        }
    }
}
