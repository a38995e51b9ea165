//! Callers as this server knows them.

use std::sync::Arc;
use std::time::Duration;

use relay_core::clock::UnixTime;

use super::pipeline::call::Caller;
use crate::crypto::SessionId;
use crate::domain::permissions::Permissions;
use crate::domain::whisper::Reader;
use crate::private::private_debug;
use crate::store::{Actor, Room, User, UserId};
use crate::wire::Refusal;
use crate::wire::auth::Verified;

/// A user who signed a request.
#[derive(Clone)]
pub struct Signed {
    /// As they signed; `05` for plain keys.
    pub id: SessionId,
    /// What is known of them.
    pub user: Arc<User>,
    /// With what their changes are made: once for each request.
    pub actor: Actor,
}

impl Signed {
    /// By a verified signature. A request that changes something has a nonce that is remembered for
    /// so long from now, and in any case as long as its time is believed.
    pub fn new(verified: &Verified, user: Arc<User>, once: Option<(UnixTime, Duration)>) -> Self {
        let actor = match once {
            None => Actor::trusted(user.id),
            Some((now, remembered)) => {
                let until = now.max(verified.timestamp).plus(remembered);
                Actor::signed(user.id, verified.nonce, until)
            }
        };
        Self {
            id: verified.id,
            user,
            actor,
        }
    }

    /// By something that can be shown as often as one likes, such as a token.
    pub fn trusted(id: SessionId, user: Arc<User>) -> Self {
        let actor = Actor::trusted(user.id);
        Self { id, user, actor }
    }
}

impl Caller<Signed> {
    /// What the caller may do in a room.
    pub fn permissions(&self, room: &Room) -> Permissions {
        match self {
            Self::Anonymous => Permissions::anonymous(room.defaults),
            Self::User(signed) => signed.user.permissions(room),
        }
    }

    /// What the caller is as a reader of a room.
    pub fn reader(&self, room: &Room) -> Reader {
        match self {
            Self::Anonymous => Reader::Anonymous,
            Self::User(signed) => signed.user.reader(room),
        }
    }

    /// The caller's number, if they are known.
    pub fn row(&self) -> Option<UserId> {
        self.known().map(|signed| signed.user.id)
    }

    /// The caller, where only blinded ids are of use.
    pub fn blinded(&self) -> Result<&Signed, Refusal> {
        let blinded = self.known().filter(|signed| signed.id.is_blinded());
        blinded.ok_or(Refusal::BlindedRequired)
    }
}

private_debug!(Signed);
