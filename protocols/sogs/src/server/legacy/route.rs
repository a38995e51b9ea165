//! What a path below `/legacy/` names.

use crate::crypto::SessionId;
use crate::domain::token::RoomToken;

/// A resource of the legacy API.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Route {
    Rooms,
    Room(RoomToken),
    Image(RoomToken),
    MemberCount,
    Challenge,
    ClaimToken,
    Token,
    Files,
    File(i64),
    Messages,
    Message(i64),
    DeleteMessages,
    DeletedMessages,
    Poll,
    Moderators,
    Moderator(SessionId),
    BlockList,
    Blocked(SessionId),
    BanAndDeleteAll,
}

impl Route {
    pub(super) fn of(path: &str) -> Option<Self> {
        match path.split('/').collect::<Vec<_>>().as_slice() {
            ["rooms"] => Some(Self::Rooms),
            ["rooms", token] => token.parse().ok().map(Self::Room),
            ["rooms", token, "image"] => token.parse().ok().map(Self::Image),
            ["member_count"] => Some(Self::MemberCount),
            ["auth_token_challenge"] => Some(Self::Challenge),
            ["claim_auth_token"] => Some(Self::ClaimToken),
            ["auth_token"] => Some(Self::Token),
            ["files"] => Some(Self::Files),
            ["files", id] => number(id).map(Self::File),
            ["messages"] => Some(Self::Messages),
            ["messages", id] => number(id).map(Self::Message),
            ["delete_messages"] => Some(Self::DeleteMessages),
            ["deleted_messages"] => Some(Self::DeletedMessages),
            ["compact_poll"] => Some(Self::Poll),
            ["moderators"] => Some(Self::Moderators),
            ["moderators", id] => id.parse().ok().map(Self::Moderator),
            ["block_list"] => Some(Self::BlockList),
            ["block_list", id] => id.parse().ok().map(Self::Blocked),
            ["ban_and_delete_all"] => Some(Self::BanAndDeleteAll),
            _ => None,
        }
    }
}

fn number(text: &str) -> Option<i64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_old_documentation() {
        let lounge: RoomToken = "lounge".parse().expect("a token");
        let id = format!("05{}", "a1".repeat(32));
        let session_id: SessionId = id.parse().expect("an id");
        assert_eq!(Route::of("rooms/lounge"), Some(Route::Room(lounge.clone())));
        assert_eq!(Route::of("rooms/lounge/image"), Some(Route::Image(lounge)));
        assert_eq!(Route::of("messages/7"), Some(Route::Message(7)));
        assert_eq!(
            Route::of(&format!("block_list/{}", id.to_uppercase())),
            Some(Route::Blocked(session_id))
        );
        for unknown in [
            "",
            "rooms/",
            "messages/x",
            "messages/-1",
            "files/",
            "room",
            "block_list/05",
        ] {
            assert_eq!(Route::of(unknown), None, "{unknown}");
        }
    }
}
