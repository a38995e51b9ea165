//! Who asks, and about which room.

use std::sync::Arc;

use axum::http::header::AUTHORIZATION;

use super::Request;
use crate::crypto::LegacyToken;
use crate::domain::permissions::Need;
use crate::server::Signed;
use crate::server::entrance::At;
use crate::store::Room;
use crate::wire::{AuthError, Refusal};

const ROOM: &str = "room";

impl Request<'_> {
    /// Whoever signed the request, or holds the token in its headers.
    pub(super) async fn signed(&self) -> Result<Signed, Refusal> {
        let token = self.ask.headers.get(AUTHORIZATION);
        let token = token.map(|value| value.to_str().map_err(|_| wrong_token()));
        self.signed_by(token.transpose()?).await
    }

    /// The same with a token from elsewhere. None at all is a request that makes no sense here. A
    /// token has no nonce: whoever holds it may repeat a request.
    pub(super) async fn signed_by(&self, token: Option<&str>) -> Result<Signed, Refusal> {
        if self.config.auth.require_blinded_ids {
            return Err(AuthError::BlindedOnly.into());
        }
        if let Some(signed) = self.ask.caller.known() {
            let unblinded = !signed.id.is_blinded();
            return unblinded.then(|| signed.clone()).ok_or(Refusal::Malformed);
        }
        let token = token.map(str::trim).filter(|token| !token.is_empty());
        let token = token.ok_or(Refusal::Malformed)?;
        let id = LegacyToken::verify(&self.server.key, token).ok_or_else(wrong_token)?;
        let user = self.server.tables.admit(id, self.ask.now).await?;
        if user.role.banned {
            return Err(AuthError::Banned.into());
        }
        self.server.tables.saw(user.id, self.ask.now);
        Ok(Signed::trusted(id, user))
    }

    /// The room in the request's header.
    pub(super) async fn room(&self) -> Result<Arc<Room>, Refusal> {
        let token = self.ask.headers.get(ROOM).ok_or(Refusal::Malformed)?;
        let token = token.to_str().map_err(|_| Refusal::Malformed)?;
        self.room_by(token).await
    }

    /// A room by its token.
    pub(super) async fn room_by(&self, token: &str) -> Result<Arc<Room>, Refusal> {
        let room = self.server.tables.room(token.trim()).await?;
        room.ok_or(Refusal::NotFound)
    }

    /// Who asks about which room, if they may do this there.
    pub(super) async fn allowed(&self, need: Need) -> Result<(Signed, At), Refusal> {
        let (signed, room) = (self.signed().await?, self.room().await?);
        entered(room, signed, need)
    }
}

/// Somebody in a room, if they may do this there.
pub(super) fn entered(
    room: Arc<Room>,
    signed: Signed,
    need: Need,
) -> Result<(Signed, At), Refusal> {
    let at = At {
        permissions: signed.user.permissions(&room),
        reader: signed.user.reader(&room),
        room,
    };
    at.need(need, Refusal::Denied)?;
    Ok((signed, at))
}

/// 401: a token that was not issued here.
fn wrong_token() -> Refusal {
    AuthError::WrongSignature.into()
}
