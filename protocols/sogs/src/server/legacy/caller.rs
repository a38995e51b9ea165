//! Who asks, and about which room.

use std::sync::Arc;

use axum::http::header::AUTHORIZATION;

use super::{Request, of_store};
use crate::crypto::LegacyToken;
use crate::domain::permissions::Need;
use crate::private::private_debug;
use crate::server::pipeline::call::Caller;
use crate::store::{Actor, Room, User};
use crate::wire::Refusal;
use crate::wire::refusal::AuthError;

const ROOM: &str = "room";

/// A user who asks, with the right to change something by it.
#[derive(Clone)]
pub struct Who {
    /// Who.
    pub user: Arc<User>,
    /// As whom changes are made.
    pub actor: Actor,
}

private_debug!(Who);

impl<P> Request<'_, P> {
    /// Whoever signed the request, or holds the token in its headers.
    pub(super) async fn who(&self) -> Result<Who, Refusal> {
        let token = self.call.headers.get(AUTHORIZATION);
        let token = token.map(|value| value.to_str().map_err(|_| wrong_token()));
        self.who_by(token.transpose()?).await
    }

    /// The same with a token from elsewhere. None at all is a request that makes no sense here. A
    /// token has no nonce: whoever holds it may repeat a request.
    pub(super) async fn who_by(&self, token: Option<&str>) -> Result<Who, Refusal> {
        if self.config.auth.require_blinded_ids {
            return Err(AuthError::BlindedOnly.into());
        }
        if let Caller::User(who) = &self.call.caller {
            let unblinded = who.user.session_id.starts_with("05");
            return unblinded.then(|| who.clone()).ok_or(Refusal::Malformed);
        }
        let token = token.map(str::trim).filter(|token| !token.is_empty());
        let token = token.ok_or(Refusal::Malformed)?;
        let id = LegacyToken::verify(&self.legacy.key, token).ok_or_else(wrong_token)?;
        let user = self.legacy.tables.admit(id, self.call.now).await;
        let user = user.map_err(of_store)?;
        if user.role.banned {
            return Err(AuthError::Banned.into());
        }
        let actor = Actor::trusted(user.id);
        Ok(Who { user, actor })
    }

    /// The room in the request's header.
    pub(super) async fn room(&self) -> Result<Arc<Room>, Refusal> {
        let token = self.call.headers.get(ROOM).ok_or(Refusal::Malformed)?;
        let token = token.to_str().map_err(|_| Refusal::Malformed)?;
        self.room_by(token).await
    }

    /// A room by its token.
    pub(super) async fn room_by(&self, token: &str) -> Result<Arc<Room>, Refusal> {
        let room = self.legacy.tables.room(token.trim()).await;
        room.map_err(of_store)?.ok_or(Refusal::NotFound)
    }

    /// Who asks about which room, if they may do this there.
    pub(super) async fn allowed(&self, need: Need) -> Result<(Who, Arc<Room>), Refusal> {
        let (who, room) = (self.who().await?, self.room().await?);
        if who.user.permissions(&room).allow(need) {
            Ok((who, room))
        } else {
            Err(Refusal::Denied)
        }
    }
}

/// 401: a token that was not issued here.
fn wrong_token() -> Refusal {
    AuthError::WrongSignature.into()
}
