//! Tokens: whoever can open the challenge owns the id it was sealed to.

use super::{Outcome, Request, of_store, ok};
use crate::crypto::{LegacyToken, SessionId};
use crate::wire::refusal::AuthError;
use crate::wire::{Refusal, legacy};

impl<P> Request<'_, P> {
    /// Makes no user: anybody can ask for anybody's challenge. Who opens it is made known by using
    /// the token.
    pub(super) async fn challenge(&self) -> Outcome {
        if self.config.auth.require_blinded_ids {
            return Err(AuthError::BlindedOnly.into());
        }
        let id = self.call.target.parameter("public_key");
        let id = id.and_then(|id| id.parse::<SessionId>().ok());
        let id = id.ok_or(Refusal::Malformed)?;
        let room = self.room().await?;
        let user = self.legacy.tables.named(id).await.map_err(of_store)?;
        if user.is_some_and(|user| user.role.banned || user.in_room(room.id).banned) {
            return Err(Refusal::Denied);
        }
        let rng = &mut self.legacy.entropy.rng();
        let challenge = LegacyToken::challenge(&self.legacy.key, &id, rng);
        ok(legacy::TokenChallenge {
            challenge: challenge.ok_or(Refusal::Malformed)?,
        })
    }
}
