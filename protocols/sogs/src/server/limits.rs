//! Limits of how fast things are done, and how soon by users nobody knows yet. All of them are the
//! operator's to set; none is the reference's, whose limit of posts the store counts.
//!
//! Kept in memory, and bounded there: a restart forgives, and so does a flood of users.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use quick_cache::unsync::Cache;
use relay_core::clock::UnixTime;

use super::Signed;
use super::entrance::At;
use crate::config::{Rate, SogsConfig};
use crate::crypto::SessionId;
use crate::domain::permissions::{Need, Override};
use crate::domain::rate::RateLimit;
use crate::private::private_debug;
use crate::wire::Refusal;

/// Who does what where is remembered of so many.
const REMEMBERED: usize = 50_000;

/// What is limited, and whose it is.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
enum Limited {
    Posts { room: i64 },
    Slow { room: i64, user: i64 },
    Reactions { user: i64 },
    RoomReactions { room: i64 },
    Uploads { user: i64 },
    RoomUploads { room: i64 },
    Messages { user: i64 },
    MessagesTo { user: i64, recipient: SessionId },
}

/// Remembers until when limits are used up.
pub(super) struct Limiter {
    used: Mutex<Cache<Limited, UnixTime>>,
}

impl Default for Limiter {
    fn default() -> Self {
        Self {
            used: Mutex::new(Cache::new(REMEMBERED)),
        }
    }
}

impl Limiter {
    /// Before a post or an edit.
    pub(super) fn post(
        &self,
        at: &At,
        signed: &Signed,
        config: &SogsConfig,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        let (room, user, token) = (at.id().0, signed.user.id.0, &at.room.token);
        known_for(
            at,
            signed,
            config.new_users.post_after.get(),
            |set| set.write,
            now,
        )?;
        if !at.permissions.moderates() {
            let pause = at
                .room
                .slow_mode
                .unwrap_or_else(|| config.slow_mode_in(token).get());
            if !pause.is_zero() {
                let slow = RateLimit::slow_mode(pause);
                self.take(Limited::Slow { room, user }, slow, now)?;
            }
        }
        self.unless_admin(
            at,
            Limited::Posts { room },
            config.room_posts_in(token),
            now,
        )
    }

    /// Before a reaction is added or taken back.
    pub(super) fn react(
        &self,
        at: &At,
        signed: &Signed,
        config: &SogsConfig,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        let (room, user, limits) = (at.id().0, signed.user.id.0, &config.limits);
        known_for(
            at,
            signed,
            config.new_users.react_after.get(),
            |set| set.read,
            now,
        )?;
        self.unless_admin(at, Limited::Reactions { user }, limits.reactions, now)?;
        self.unless_admin(
            at,
            Limited::RoomReactions { room },
            limits.room_reactions,
            now,
        )
    }

    /// Before an upload.
    pub(super) fn upload(
        &self,
        at: &At,
        signed: &Signed,
        config: &SogsConfig,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        let (room, user, limits) = (at.id().0, signed.user.id.0, &config.limits);
        known_for(
            at,
            signed,
            config.new_users.upload_after.get(),
            |set| set.upload,
            now,
        )?;
        self.unless_admin(at, Limited::Uploads { user }, limits.uploads, now)?;
        self.unless_admin(at, Limited::RoomUploads { room }, limits.room_uploads, now)
    }

    /// Before a direct message.
    pub(super) fn direct_message(
        &self,
        signed: &Signed,
        recipient: &SessionId,
        config: &SogsConfig,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        let (user, role) = (signed.user.id.0, signed.user.role);
        let wait = config.new_users.direct_message_after.get();
        if !role.moderator && now.since(signed.user.created) < wait {
            return Err(Refusal::Denied);
        }
        let rules = &config.direct_messages;
        self.take(Limited::Messages { user }, rules.rate.get(), now)?;
        let recipient = *recipient;
        let to = Limited::MessagesTo { user, recipient };
        self.take(to, rules.rate_per_recipient.get(), now)
    }

    fn unless_admin(
        &self,
        at: &At,
        what: Limited,
        rate: Rate,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        if at.permissions.allow(Need::Administer) {
            return Ok(());
        }
        self.take(what, rate.get(), now)
    }

    fn take(&self, what: Limited, limit: RateLimit, now: UnixTime) -> Result<(), Refusal> {
        if limit.count == 0 {
            return Ok(());
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let until = limit.take(used.get(&what).copied(), now);
        used.insert(what, until.ok_or(Refusal::RateLimited)?);
        Ok(())
    }
}

/// Refuses who is new here, unless they moderate or have the permission by name.
fn known_for(
    at: &At,
    signed: &Signed,
    wait: Duration,
    permission: impl Fn(Override) -> Option<bool>,
    now: UnixTime,
) -> Result<(), Refusal> {
    let new = now.since(signed.user.created) < wait;
    let named = || permission(signed.user.in_room(at.id())) == Some(true);
    if new && !at.permissions.moderates() && !named() {
        return Err(Refusal::Denied);
    }
    Ok(())
}

private_debug!(Limiter);
