//! Messages: what is posted, and what is read back.
//!
//! An update of a message is one of three things, and clients tell them apart by their keys: a
//! full message; a tombstone, whose `data` is there and `null`; reactions alone, with exactly
//! three keys.

use serde::{Deserialize, Serialize};

use super::json::{Flag, LenientId, Seconds, body, is_false};
use super::reactions::Reactions;
use super::{Base64, Refusal};
use crate::crypto::SessionId;
use crate::private::private_debug;

/// One row of an answer.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Update {
    /// All there is.
    Full(Box<Message>),
    /// It is gone.
    Tombstone(Tombstone),
    /// Only its reactions are news.
    Reactions(ReactionUpdate),
}

/// A message.
#[derive(Clone, Eq, PartialEq, Serialize)]
pub struct Message {
    /// Of the message; ids are of the server, not of the room.
    pub id: i64,
    /// Who wrote it.
    pub session_id: String,
    /// When.
    pub posted: Seconds,
    /// When it was last changed, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edited: Option<Seconds>,
    /// Where it stands in the room's sequence.
    pub seqno: i64,
    /// With the padding it came with.
    pub data: Base64,
    /// Of the author.
    pub signature: Base64,
    /// If it is not for everybody.
    #[serde(flatten)]
    pub whisper: Option<Whisper>,
    /// Whether a filter hides it; only its author is told, once.
    #[serde(skip_serializing_if = "is_false")]
    pub filtered: bool,
    /// What was reacted with.
    pub reactions: Reactions,
}

/// Whom a message is for.
#[derive(Clone, Eq, PartialEq, Serialize)]
pub struct Whisper {
    #[serde(rename = "whisper")]
    yes: bool,
    #[serde(rename = "whisper_mods")]
    mods: bool,
    #[serde(rename = "whisper_to", skip_serializing_if = "Option::is_none")]
    to: Option<String>,
}

/// What is left of a deleted message.
#[derive(Clone, Eq, PartialEq, Serialize)]
pub struct Tombstone {
    /// Of the message.
    pub id: i64,
    /// Who wrote it.
    pub session_id: String,
    /// When.
    pub posted: Seconds,
    /// When it was deleted.
    pub edited: Seconds,
    /// Where the deletion stands in the room's sequence.
    pub seqno: i64,
    #[serde(flatten)]
    gone: Gone,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
struct Gone {
    data: (),
    deleted: bool,
}

/// A message of which a poller has everything but the reactions.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ReactionUpdate {
    /// Of the message.
    pub id: i64,
    /// Where the change stands in the room's sequence.
    pub seqno: i64,
    /// All that there are now.
    pub reactions: Reactions,
}

/// The content of a post or an edit.
#[derive(Clone, Eq, PartialEq)]
pub struct Content {
    /// With its padding.
    pub data: Vec<u8>,
    /// Over the data. Not checked: half of Android's users could not pass on unblinded servers.
    pub signature: [u8; 64],
    /// Uploads it shows.
    pub files: Vec<i64>,
}

/// A new message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewMessage {
    /// What it says.
    pub content: Content,
    /// If it is for one user.
    pub whisper_to: Option<SessionId>,
    /// If it is for moderators.
    pub whisper_mods: bool,
}

/// The answer of a deletion of everything somebody wrote, in all rooms.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct DeletedEverywhere {
    /// The sum.
    pub total: u64,
    /// By token; rooms where there was nothing to delete are among them.
    pub rooms: std::collections::BTreeMap<String, u64>,
}

impl Whisper {
    /// To moderators, to somebody, or both; `None` if the message is for everybody.
    pub fn new(to: Option<String>, mods: bool) -> Option<Self> {
        (mods || to.is_some()).then_some(Self {
            yes: true,
            mods,
            to,
        })
    }
}

impl Tombstone {
    /// Of a message deleted at `edited`.
    pub fn new(id: i64, author: String, posted: Seconds, edited: Seconds, seqno: i64) -> Self {
        Self {
            id,
            session_id: author,
            posted,
            edited,
            seqno,
            gone: Gone {
                data: (),
                deleted: true,
            },
        }
    }
}

#[derive(Deserialize)]
struct Body {
    data: Base64,
    signature: Base64,
    files: Option<Vec<LenientId>>,
    whisper_to: Option<SessionId>,
    whisper_mods: Option<Flag>,
}

impl Body {
    fn content(self, max: usize) -> Result<Content, Refusal> {
        if self.data.0.len() > max {
            return Err(Refusal::TooLarge);
        }
        let signature = self.signature.0.try_into();
        Ok(Content {
            data: self.data.0,
            signature: signature.map_err(|_| Refusal::Malformed)?,
            files: self.files.into_iter().flatten().map(|id| id.0).collect(),
        })
    }
}

impl Content {
    /// Reads the body of an edit, of at most `max` bytes of data.
    pub fn parse(bytes: &[u8], max: usize) -> Result<Self, Refusal> {
        body::<Body>(bytes)?.content(max)
    }
}

impl NewMessage {
    /// Reads the body of a post, of at most `max` bytes of data.
    pub fn parse(bytes: &[u8], max: usize) -> Result<Self, Refusal> {
        let body: Body = body(bytes)?;
        Ok(Self {
            whisper_to: body.whisper_to,
            whisper_mods: body.whisper_mods.unwrap_or_default().0,
            content: body.content(max)?,
        })
    }

    /// Whether it is not for everybody.
    pub const fn is_whisper(&self) -> bool {
        self.whisper_mods || self.whisper_to.is_some()
    }
}

private_debug!(Message, Whisper, Tombstone, Content);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use relay_core::clock::UnixTime;
    use serde_json::{Value, json};

    use super::*;

    const ID: &str = "158f705fbc5125ec71d3da9d3078a9464614485b09e17f6d8ca64d60e9ef20ce5a";

    fn message() -> Message {
        Message {
            id: 123,
            session_id: ID.to_owned(),
            posted: Seconds(UnixTime::from_millis(1_693_526_400_123)),
            edited: None,
            seqno: 456,
            data: Base64(b"hello".to_vec()),
            signature: Base64(vec![0; 64]),
            whisper: None,
            filtered: false,
            reactions: Reactions::default(),
        }
    }

    fn keys(value: &impl Serialize) -> Vec<String> {
        let value = serde_json::to_value(value).expect("json");
        let mut keys: Vec<_> = value.as_object().expect("object").keys().cloned().collect();
        keys.sort();
        keys
    }

    #[test]
    fn messages_have_no_key_they_do_not_need() {
        let full = Update::Full(Box::new(message()));
        let plain = [
            "data",
            "id",
            "posted",
            "reactions",
            "seqno",
            "session_id",
            "signature",
        ];
        assert_eq!(keys(&full), plain);
        let json = serde_json::to_value(&full).expect("json");
        assert_eq!(json["posted"], 1_693_526_400.123);
        assert_eq!(json["data"], "aGVsbG8=");
    }

    #[test]
    fn whispers_say_so() {
        let mut whisper = message();
        whisper.whisper = Whisper::new(Some(ID.to_owned()), false);
        whisper.filtered = true;
        let json = serde_json::to_value(&whisper).expect("json");
        assert_eq!(json["whisper"], true);
        assert_eq!(json["whisper_mods"], false);
        assert_eq!(
            (&json["whisper_to"], &json["filtered"]),
            (&json!(ID), &json!(true))
        );
        assert_eq!(Whisper::new(None, false), None);
    }

    #[test]
    fn tombstones_have_null_data_and_no_signature() {
        let at = Seconds(UnixTime::from_secs(5));
        let tombstone = Update::Tombstone(Tombstone::new(1, ID.to_owned(), at, at, 9));
        let expected = json!({"id": 1, "session_id": ID, "posted": 5.0, "edited": 5.0, "seqno": 9,
            "data": null, "deleted": true});
        assert_eq!(serde_json::to_value(&tombstone).expect("json"), expected);
    }

    #[test]
    fn reaction_updates_have_exactly_three_keys() {
        let reactions = Reactions::default();
        let update = Update::Reactions(ReactionUpdate {
            id: 1,
            seqno: 2,
            reactions,
        });
        assert_eq!(keys(&update), ["id", "reactions", "seqno"]);
    }

    fn posted(extra: Value) -> Result<NewMessage, Refusal> {
        let signature = Base64(vec![7; 64]);
        let mut post = json!({"data": "aGVsbG8", "signature": signature, "timestamp": 5,
            "public_key": "x", "server_id": null});
        for (key, value) in extra.as_object().expect("object") {
            post[key] = value.clone();
        }
        NewMessage::parse(post.to_string().as_bytes(), 100)
    }

    #[test]
    fn posts_as_clients_send_them() {
        let post = posted(json!({"files": ["17", 18], "whisper_mods": 1})).expect("a post");
        assert_eq!(post.content.data, b"hello");
        assert_eq!(post.content.files, [17, 18]);
        assert!(post.whisper_mods && post.is_whisper());
        let nulls = json!({"files": null, "whisper_mods": null, "whisper_to": null});
        assert!(!posted(nulls).expect("a post").is_whisper());
        let whisper = posted(json!({"whisper_to": ID.to_uppercase()})).expect("a post");
        assert_eq!(whisper.whisper_to.expect("an id").to_string(), ID);
    }

    #[test]
    fn posts_that_are_none() {
        for bad in [
            json!({"data": null}),
            json!({"data": "?"}),
            json!({"signature": "aGVsbG8"}),
            json!({"whisper_to": "somebody"}),
            json!({"files": [1.5]}),
            json!({"files": "17"}),
        ] {
            assert_eq!(posted(bad.clone()), Err(Refusal::Malformed), "{bad}");
        }
        let long = Base64(vec![0; 101]);
        assert_eq!(posted(json!({"data": long})), Err(Refusal::TooLarge));
        assert_eq!(Content::parse(b"{}", 100), Err(Refusal::Malformed));
    }

    proptest! {
        #[test]
        fn any_body_is_answered(bytes: Vec<u8>, data: String, files: Vec<i64>) {
            let _ = NewMessage::parse(&bytes, 100);
            let _ = posted(json!({"data": data, "files": files}));
        }
    }
}
