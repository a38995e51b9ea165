//! Direct messages: opaque to the server, from one blinded id to another.

use serde::{Deserialize, Serialize};

use super::json::{Seconds, body};
use super::{Base64, Refusal};
use crate::private::private_debug;

/// A direct message, in an inbox or an outbox.
#[derive(Clone, Eq, PartialEq, Serialize)]
pub struct DirectMessage {
    /// Of the message.
    pub id: i64,
    /// When it was sent.
    pub posted_at: Seconds,
    /// When it will be forgotten.
    pub expires_at: Seconds,
    /// Who sent it.
    pub sender: String,
    /// Whom it is for.
    pub recipient: String,
    /// What it says; absent from the answer to its sending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Base64>,
}

/// The answer of the emptying of an inbox.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Deleted {
    /// How many there were.
    pub deleted: u64,
}

/// Reads the body of a `POST`, of at most `max` bytes of message.
pub fn parse_message(bytes: &[u8], max: usize) -> Result<Vec<u8>, Refusal> {
    #[derive(Deserialize)]
    struct Body {
        message: Base64,
    }
    let message = body::<Body>(bytes)?.message.0;
    if message.len() > max {
        return Err(Refusal::TooLarge);
    }
    Ok(message)
}

private_debug!(DirectMessage);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use relay_core::clock::UnixTime;
    use serde_json::json;

    use super::*;

    #[test]
    fn senders_do_not_get_their_message_back() {
        let at = |secs| Seconds(UnixTime::from_secs(secs));
        let sent = DirectMessage {
            id: 1,
            posted_at: at(5),
            expires_at: at(6),
            sender: "15ab".to_owned(),
            recipient: "15cd".to_owned(),
            message: None,
        };
        let expected = json!({"id": 1, "posted_at": 5.0, "expires_at": 6.0, "sender": "15ab",
            "recipient": "15cd"});
        assert_eq!(serde_json::to_value(&sent).expect("json"), expected);
    }

    #[test]
    fn messages_are_base64_of_some_length() {
        assert_eq!(
            parse_message(br#"{"message":"aGVsbG8"}"#, 5),
            Ok(b"hello".to_vec())
        );
        assert_eq!(
            parse_message(br#"{"message":"aGVsbG8"}"#, 4),
            Err(Refusal::TooLarge)
        );
        for bad in ["{}", r#"{"message":null}"#, r#"{"message":"?"}"#] {
            assert_eq!(
                parse_message(bad.as_bytes(), 5),
                Err(Refusal::Malformed),
                "{bad}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_body_is_answered(bytes: Vec<u8>) {
            let _ = parse_message(&bytes, 100);
        }
    }
}
