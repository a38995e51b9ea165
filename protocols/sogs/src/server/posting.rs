//! Posting and editing.

use std::sync::Arc;

use axum::http::StatusCode;
use relay_core::clock::UnixTime;

use super::entrance::At;
use super::filters::{Judged, Seen};
use super::messages::one;
use super::pipeline::answer::Answer;
use super::{Answered, Ask, Server, Signed};
use crate::config::{SignatureCheck, SogsConfig};
use crate::crypto::author_signed;
use crate::domain::permissions::Need;
use crate::store::posting::{Filtered, Posting};
use crate::store::{MessageId, StoredMessage};
use crate::wire::Refusal;
use crate::wire::messages::{Content, NewMessage};

impl Server {
    /// Posts a message.
    pub(super) async fn post(&self, at: &At, ask: &Ask) -> Answered {
        let (signed, config) = (ask.caller.user()?, self.config.get());
        at.need(Need::Write, Refusal::Denied)?;
        let new = NewMessage::parse(&ask.body, max_size(&config))?;
        let posted = self.say(at, signed, new, ask.now).await?;
        Ok(one(StatusCode::CREATED, &posted, ask, 0))
    }

    /// Says something in a room, if nothing is against it: rules, limits, filters.
    pub(super) async fn say(
        &self,
        at: &At,
        signed: &Signed,
        new: NewMessage,
        now: UnixTime,
    ) -> Result<Arc<StoredMessage>, Refusal> {
        let config = self.config.get();
        if new.is_whisper() && !at.permissions.moderates() {
            return Err(Refusal::Denied);
        }
        self.check_signature(signed, &new.content, &config)?;
        self.limits.post(at, signed, &config, now)?;
        let seen = Seen::new(at, signed, &new.content, now);
        let filtered = match self.judge(&seen, &config)? {
            Judged::Passed => Filtered::default(),
            Judged::Hidden(reply) => Filtered {
                hidden: true,
                reply,
            },
            Judged::Rejected(kind, reply) => {
                self.answer_to(&seen, reply).await?;
                return Err(Refusal::Filtered(kind));
            }
        };
        let posting = posting(at, &config, now);
        let posted = self
            .tables
            .post(&signed.actor, at.id(), new, filtered, posting);
        let posted = posted.await?;
        self.metrics.posts.inc();
        Ok(posted)
    }

    /// Edits a message of the caller's own.
    pub(super) async fn edit(&self, at: &At, id: MessageId, ask: &Ask) -> Answered {
        let (signed, config) = (ask.caller.user()?, self.config.get());
        at.need(Need::Write, Refusal::Denied)?;
        let content = Content::parse(&ask.body, max_size(&config))?;
        self.check_signature(signed, &content, &config)?;
        self.limits.post(at, signed, &config, ask.now)?;
        match self.judge(&Seen::new(at, signed, &content, ask.now), &config)? {
            Judged::Passed => {}
            // The author is left to believe that it was changed.
            Judged::Hidden(_) => return Ok(Answer::done()),
            Judged::Rejected(kind, _) => return Err(Refusal::Filtered(kind)),
        }
        let posting = posting(at, &config, ask.now);
        let edited = self
            .tables
            .edit(&signed.actor, at.id(), id, content, posting);
        edited.await?;
        Ok(Answer::done())
    }

    fn check_signature(
        &self,
        signed: &Signed,
        content: &Content,
        config: &SogsConfig,
    ) -> Result<(), Refusal> {
        let check = config.messages.check_signatures;
        let forged = || !author_signed(&signed.id, &content.data, &content.signature);
        if check == SignatureCheck::Off || !forged() {
            return Ok(());
        }
        self.metrics.forged.inc();
        match check {
            SignatureCheck::Reject => Err(Refusal::Malformed),
            SignatureCheck::Count | SignatureCheck::Off => Ok(()),
        }
    }
}

fn max_size(config: &SogsConfig) -> usize {
    usize::try_from(config.messages.max_size.get()).unwrap_or(usize::MAX)
}

fn posting(at: &At, config: &SogsConfig, now: UnixTime) -> Posting {
    Posting {
        limit: config.posts_in(&at.room.token).get(),
        lifetimes: config.lifetimes_in(&at.room.token),
        now,
    }
}
