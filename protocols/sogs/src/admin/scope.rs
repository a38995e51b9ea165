//! Where something is to hold, and finding rooms by what operators call them.

use std::sync::Arc;

use relay_admin::server::problem::Refusal;

use crate::server::Server;
use crate::store::Room;
use crate::wire::moderation::Scope;

impl Server {
    /// A room by its token.
    pub(super) async fn room_named(&self, token: &str) -> Result<Arc<Room>, Refusal> {
        let room = self.tables.room(token).await?;
        room.ok_or_else(|| {
            Refusal::NotFound(format!(
                "there is no room `{token}`; see `relayctl sogs room list`"
            ))
        })
    }

    /// Rooms, `+` or `*`.
    pub(super) async fn scope(&self, rooms: &[String]) -> Result<Scope, Refusal> {
        match rooms {
            [] => Err(Refusal::Invalid(
                "name at least one room, or + for the whole server, or * for every room".to_owned(),
            )),
            [only] if only == "+" => Ok(Scope::Global),
            [only] if only == "*" => Ok(Scope::Everywhere),
            rooms if rooms.iter().any(|room| room == "+" || room == "*") => Err(Refusal::Invalid(
                "+ and * stand alone, not beside other rooms".to_owned(),
            )),
            rooms => {
                let mut tokens = Vec::with_capacity(rooms.len());
                for room in rooms {
                    let token = self.room_named(room).await?.token.clone();
                    if !tokens.contains(&token) {
                        tokens.push(token);
                    }
                }
                Ok(Scope::Rooms(tokens))
            }
        }
    }
}

/// As the audit log says it.
pub(super) fn written(rooms: &[String]) -> String {
    match rooms {
        [only] if only == "+" => "the whole server".to_owned(),
        [only] if only == "*" => "every room".to_owned(),
        rooms => rooms.join(", "),
    }
}
