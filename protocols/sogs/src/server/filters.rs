//! Filters on posts and edits: looking into them where a filter is on, and answering for it.

use relay_core::clock::UnixTime;

use super::entrance::At;
use super::{Server, Signed};
use crate::config::{SogsConfig, Unreadable};
use crate::domain::filter::{Finding, Verdict, reply};
use crate::store::posting::Reply;
use crate::wire::content::{self, MessageText};
use crate::wire::messages::Content;
use crate::wire::refusal::FilterKind;
use crate::wire::{Refusal, padding};

/// A message to be looked at, and its circumstances.
pub(super) struct Seen<'a> {
    at: &'a At,
    author: &'a Signed,
    data: &'a [u8],
    now: UnixTime,
}

/// What becomes of it.
pub(super) enum Judged {
    /// It is posted.
    Passed,
    /// Its author believes that it is posted; and perhaps gets an answer.
    Hidden(Option<Reply>),
    /// It is refused; and its author perhaps gets an answer.
    Rejected(FilterKind, Option<Reply>),
}

impl<'a> Seen<'a> {
    pub(super) fn new(at: &'a At, author: &'a Signed, content: &'a Content, now: UnixTime) -> Self {
        Self {
            at,
            author,
            data: &content.data,
            now,
        }
    }
}

impl Server {
    /// Looks into a message if a filter concerns its author.
    pub(super) fn judge(&self, seen: &Seen<'_>, config: &SogsConfig) -> Result<Judged, Refusal> {
        let filter = config.filter_in(&seen.at.room.token);
        if !filter.concerns(seen.at.permissions.moderates()) {
            return Ok(Judged::Passed);
        }
        let Some(text) = MessageText::parse(padding::strip(seen.data)) else {
            return match config.filter.unreadable {
                Unreadable::Pass => Ok(Judged::Passed),
                Unreadable::Reject => Err(Refusal::Malformed),
            };
        };
        let reply = |finding| self.reply(seen, &text, finding, config);
        Ok(match filter.judge(&text, &self.words()) {
            Verdict::Pass => Judged::Passed,
            Verdict::Hide(finding) => Judged::Hidden(reply(finding)),
            Verdict::Reject(finding) => Judged::Rejected(finding.kind(), reply(finding)),
        })
    }

    fn reply(
        &self,
        seen: &Seen<'_>,
        text: &MessageText,
        finding: Finding,
        config: &SogsConfig,
    ) -> Option<Reply> {
        let room = &seen.at.room;
        let rules = config.filter.reply_rules();
        let chosen = reply::choose(&rules, &room.token, finding, &mut self.entropy.rng())?;
        let said = chosen.template.fill(reply::Gaps {
            session_id: &seen.author.user.session_id,
            profile_name: text.display_name.as_deref().unwrap_or_default(),
            room_name: &room.name,
            room_token: &room.token,
        });
        let bot = self.key.bot(chosen.profile_name)?;
        let data = content::reply(&said, chosen.profile_name, seen.now);
        Some(Reply {
            author: bot.id(),
            signature: bot.sign(&data),
            data,
            public: chosen.public,
        })
    }

    /// Answers to a message that is not posted, once for each request.
    pub(super) async fn answer_to(
        &self,
        seen: &Seen<'_>,
        reply: Option<Reply>,
    ) -> Result<(), Refusal> {
        if let Some(reply) = reply {
            self.tables.redeem(&seen.author.actor).await?;
            let to = seen.author.user.id;
            self.tables.say(seen.at.id(), reply, to, seen.now).await?;
        }
        Ok(())
    }
}
