//! Direct messages between blinded ids.

use std::time::Duration;

use axum::http::Method;

use super::pipeline::answer::Answer;
use super::{Answered, Ask, Server};
use crate::config::{DirectMessageConfig, RefuseBanned};
use crate::crypto::SessionId;
use crate::domain::inbox::{BansConsidered, InboxPolicy};
use crate::domain::rate::RateLimit;
use crate::store::DirectMessageId;
use crate::store::inbox::{Mailbox, NewDirectMessage};
use crate::wire::inbox::{Deleted, DirectMessage, parse_message};
use crate::wire::{Base64, Refusal};

/// As good as for ever.
const CENTURY: Duration = Duration::from_hours(24 * 365 * 100);

impl Server {
    /// What the caller got; or empties it.
    pub(super) async fn inbox(&self, since: Option<i64>, ask: &Ask) -> Answered {
        if ask.method == Method::DELETE {
            let actor = &ask.caller.blinded()?.actor;
            let deleted = self.tables.empty_inbox(actor).await?;
            return Ok(Answer::json(&Deleted { deleted }));
        }
        self.mailbox(Mailbox::Inbox, since, ask).await
    }

    /// What the caller sent.
    pub(super) async fn outbox(&self, since: Option<i64>, ask: &Ask) -> Answered {
        self.mailbox(Mailbox::Outbox, since, ask).await
    }

    /// All there is; or, since a number, only what is new, and 304 if nothing is.
    async fn mailbox(&self, mailbox: Mailbox, since: Option<i64>, ask: &Ask) -> Answered {
        let user = ask.caller.blinded()?.user.id;
        let limit = ask.target.limit(self.config.get().messages.lists())?;
        let from = DirectMessageId(since.unwrap_or(0));
        let messages = self
            .tables
            .direct_messages(mailbox, user, from, limit, ask.now);
        let messages = messages.await?;
        if messages.is_empty() && since.is_some() {
            return Ok(Answer::nothing_new());
        }
        Ok(Answer::json(&messages))
    }

    /// Sends a message to somebody.
    pub(super) async fn send(&self, recipient: SessionId, ask: &Ask) -> Answered {
        let (signed, config) = (ask.caller.user()?, self.config.get());
        if !recipient.is_blinded() {
            return Err(Refusal::NotFound);
        }
        let rules = &config.direct_messages;
        let max = usize::try_from(rules.max_size.get()).unwrap_or(usize::MAX);
        let body = parse_message(&ask.body, max)?;
        self.limits
            .direct_message(signed, &recipient, &config, ask.now)?;
        let new = NewDirectMessage {
            recipient,
            body: Base64(body),
            expiry: ask.now.plus(rules.lifetime().unwrap_or(CENTURY)),
        };
        let sent = self.tables.send(&signed.actor, new, policy(rules), ask.now);
        let sent = sent.await?;
        self.metrics.direct_messages.inc();
        Ok(Answer::created(&DirectMessage {
            message: None,
            ..sent
        }))
    }
}

fn policy(rules: &DirectMessageConfig) -> InboxPolicy {
    InboxPolicy {
        enabled: rules.enabled,
        bans: match rules.refuse_banned {
            RefuseBanned::Never => BansConsidered::None,
            RefuseBanned::AnyRoom => BansConsidered::AnyRoom,
            RefuseBanned::AllRooms => BansConsidered::AllRooms,
        },
        recipients: rules.recipients.get(),
        received: RateLimit {
            count: u32::try_from(rules.max_inbox).unwrap_or(u32::MAX),
            window: rules.lifetime().unwrap_or(CENTURY),
        },
    }
}
