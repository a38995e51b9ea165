//! Tokens: whoever can open the challenge owns the id it was sealed to.

use super::{Request, ok};
use crate::crypto::{LegacyToken, SessionId};
use crate::server::Answered;
use crate::wire::{AuthError, Refusal, legacy};

impl Request<'_> {
    /// Makes no user: anybody can ask for anybody's challenge. Who opens it is made known by using
    /// the token.
    pub(super) async fn challenge(&self) -> Answered {
        if self.config.auth.require_blinded_ids {
            return Err(AuthError::BlindedOnly.into());
        }
        let id = self.ask.target.parameter("public_key");
        let id = id.and_then(|id| id.parse::<SessionId>().ok());
        let id = id.ok_or(Refusal::Malformed)?;
        let room = self.room().await?;
        let user = self.server.tables.named(id).await?;
        if user.is_some_and(|user| user.role.banned || user.in_room(room.id).banned) {
            return Err(Refusal::Denied);
        }
        let rng = &mut self.server.entropy.rng();
        let challenge = LegacyToken::challenge(&self.server.key, &id, rng);
        ok(legacy::TokenChallenge {
            challenge: challenge.ok_or(Refusal::Malformed)?,
        })
    }
}
