//! The JSON of the legacy API: times in milliseconds, a `status_code` in every answer.
//!
//! Where the documentation of the old server and its code differed, both keys are written.

use relay_core::clock::UnixTime;
use serde::{Deserialize, Serialize, Serializer};

use super::json::body;
use super::messages::Content;
use super::{Base64, Refusal};
use crate::crypto::SessionId;
use crate::private::private_debug;

/// The most of anything one request is answered with.
pub const MAX_LIST: u16 = 256;

/// An answer: its own keys beside the status.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Answer<T> {
    status_code: u16,
    #[serde(flatten)]
    content: T,
}

/// No keys of its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Nothing {}

/// One key of its own.
macro_rules! answers {
    ($($(#[$doc:meta])* $name:ident { $key:ident: $type:ty })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Eq, PartialEq, Serialize)]
        pub struct $name {
            /// The one key.
            pub $key: $type,
        }

        private_debug!($name);
    )*};
}

answers! {
    /// Of `rooms`.
    Rooms { rooms: Vec<Room> }
    /// Of `rooms/{token}`.
    OneRoom { room: Room }
    /// Of downloads: the file.
    Download { result: Base64 }
    /// Of uploads: the file's id.
    Upload { result: i64 }
    /// Of `member_count`.
    MemberCount { member_count: i64 }
    /// Of `auth_token_challenge`.
    TokenChallenge { challenge: crate::crypto::Challenge }
    /// Of a post.
    Posted { message: Message }
    /// Of `messages`.
    Messages { messages: Vec<Message> }
    /// Of `deleted_messages`.
    DeletedMessages { ids: Vec<Deletion> }
    /// Of `moderators`: sorted.
    Moderators { moderators: Vec<String> }
    /// Of `block_list`.
    BlockList { banned_members: Vec<String> }
    /// Of `compact_poll`.
    Polls { results: Vec<Poll> }
}

/// A room.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Room {
    /// Its token.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// A message.
#[derive(Clone, Eq, PartialEq, Serialize)]
pub struct Message {
    /// Of the message.
    pub server_id: i64,
    /// Who wrote it.
    pub public_key: String,
    /// When, in milliseconds.
    #[serde(serialize_with = "millis")]
    pub timestamp: UnixTime,
    /// With its padding.
    pub data: Base64,
    /// Of the author.
    pub signature: Base64,
}

/// A deletion.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Deletion {
    id: i64,
    #[serde(rename = "deletion_server_id")]
    documented_id: i64,
    deleted_message_id: i64,
}

/// What is new in one room.
#[derive(Clone, Eq, PartialEq, Serialize)]
pub struct Poll {
    /// The room's token.
    pub room_id: String,
    /// Of this room; the lists are empty if it is not 200.
    pub status_code: u16,
    /// New messages.
    pub messages: Vec<Message>,
    /// New deletions.
    pub deletions: Vec<Deletion>,
    /// Everybody visible to the caller who moderates, sorted.
    pub moderators: Vec<String>,
}

/// One room of a poll request.
#[derive(Clone, Deserialize, Eq, PartialEq)]
pub struct PollRequest {
    /// The room's token.
    pub room_id: String,
    /// The caller's token for it.
    pub auth_token: Option<String>,
    /// The last message known.
    pub from_message_server_id: Option<i64>,
    /// The last deletion known.
    pub from_deletion_server_id: Option<i64>,
}

impl<T> Answer<T> {
    /// A success.
    pub const fn ok(content: T) -> Self {
        Self {
            status_code: 200,
            content,
        }
    }
}

impl Answer<Nothing> {
    /// Only a status.
    pub const fn status(status_code: u16) -> Self {
        Self {
            status_code,
            content: Nothing {},
        }
    }
}

impl Deletion {
    /// Of a message, standing at `seqno`.
    pub const fn new(seqno: i64, message: i64) -> Self {
        Self {
            id: seqno,
            documented_id: seqno,
            deleted_message_id: message,
        }
    }
}

impl Poll {
    /// Of a room that cannot be polled.
    pub const fn failed(room_id: String, status_code: u16) -> Self {
        Self {
            room_id,
            status_code,
            messages: Vec::new(),
            deletions: Vec::new(),
            moderators: Vec::new(),
        }
    }
}

/// Reads the body of `compact_poll`, for at most `max` rooms.
pub fn parse_poll(bytes: &[u8], max: usize) -> Result<Vec<PollRequest>, Refusal> {
    #[derive(Deserialize)]
    struct Body {
        requests: Vec<PollRequest>,
    }
    let requests = body::<Body>(bytes)?.requests;
    if requests.len() > max {
        return Err(Refusal::Malformed);
    }
    Ok(requests)
}

/// Reads the body of a post: as today's, without files and whispers.
pub fn parse_message(bytes: &[u8], max: usize) -> Result<Content, Refusal> {
    let mut content = Content::parse(bytes, max)?;
    content.files.clear();
    Ok(content)
}

/// Reads the body of an upload, of at most `max` bytes of file.
pub fn parse_file(bytes: &[u8], max: usize) -> Result<Vec<u8>, Refusal> {
    #[derive(Deserialize)]
    struct Body {
        file: Base64,
    }
    let file = body::<Body>(bytes)?.file.0;
    if file.len() > max {
        return Err(Refusal::TooLarge);
    }
    Ok(file)
}

/// Reads the ids of messages to delete.
pub fn parse_ids(bytes: &[u8]) -> Result<Vec<i64>, Refusal> {
    #[derive(Deserialize)]
    struct Body {
        ids: Vec<i64>,
    }
    body::<Body>(bytes).map(|body| body.ids)
}

/// Reads whom a request is about: an unblinded id, there are no others here.
pub fn parse_public_key(bytes: &[u8]) -> Result<SessionId, Refusal> {
    #[derive(Deserialize)]
    struct Body {
        public_key: SessionId,
    }
    let id = body::<Body>(bytes)?.public_key;
    Some(id)
        .filter(|id| !id.is_blinded())
        .ok_or(Refusal::Malformed)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives references")]
fn millis<S: Serializer>(time: &UnixTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(time.millis())
}

private_debug!(Message, PollRequest, Poll);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn json(value: impl Serialize) -> serde_json::Value {
        serde_json::to_value(value).expect("json")
    }

    #[test]
    fn answers_carry_their_status() {
        assert_eq!(json(Answer::status(403)), json!({"status_code": 403}));
        let count = Answer::ok(MemberCount { member_count: 5 });
        assert_eq!(json(count), json!({"status_code": 200, "member_count": 5}));
    }

    #[test]
    fn messages_count_milliseconds_and_deletions_have_both_keys() {
        let message = Message {
            server_id: 7,
            public_key: "05ab".to_owned(),
            timestamp: UnixTime::from_millis(1_500),
            data: Base64(b"hello".to_vec()),
            signature: Base64(vec![]),
        };
        let expected = json!({"server_id": 7, "public_key": "05ab", "timestamp": 1500,
            "data": "aGVsbG8=", "signature": ""});
        assert_eq!(json(message), expected);
        let expected = json!({"id": 9, "deletion_server_id": 9, "deleted_message_id": 7});
        assert_eq!(json(Deletion::new(9, 7)), expected);
        let failed = json(Poll::failed("x".to_owned(), 401));
        let expected = json!({"room_id": "x", "status_code": 401, "messages": [], "deletions": [],
            "moderators": []});
        assert_eq!(failed, expected);
    }

    #[test]
    fn polls_may_leave_things_out() {
        let polls = parse_poll(
            br#"{"requests":[{"room_id":"x","from_message_server_id":null}]}"#,
            1,
        );
        let polls = polls.expect("polls");
        assert_eq!(
            (polls[0].room_id.as_str(), polls[0].from_message_server_id),
            ("x", None)
        );
        assert_eq!(
            parse_poll(br#"{"requests":[{"room_id":"x"}]}"#, 0),
            Err(Refusal::Malformed)
        );
    }

    #[test]
    fn only_unblinded_ids_are_meant() {
        let body = |prefix: &str| format!(r#"{{"public_key":"{prefix}{}"}}"#, "ab".repeat(32));
        assert!(parse_public_key(body("05").as_bytes()).is_ok());
        assert_eq!(
            parse_public_key(body("15").as_bytes()),
            Err(Refusal::Malformed)
        );
    }

    proptest! {
        #[test]
        fn any_body_is_answered(bytes: Vec<u8>) {
            let _ = parse_poll(&bytes, 5);
            let _ = parse_message(&bytes, 5);
            let _ = (parse_file(&bytes, 5), parse_ids(&bytes), parse_public_key(&bytes));
        }
    }
}
