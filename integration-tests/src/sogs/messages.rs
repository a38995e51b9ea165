//! What clients put into messages, and read out of them.

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::Caller;

/// Base64 as everywhere in the protocol.
pub fn b64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// The bytes of base64 in an answer.
///
/// # Panics
///
/// When it is none.
#[track_caller]
pub fn base64(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap_or_else(|| panic!("no text: {value}"));
    let bytes = BASE64.decode(text.as_bytes());
    bytes.unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A text padded as the apps pad: to one less than a multiple of 160.
pub fn padded(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.push(0x80);
    while !(bytes.len() + 1).is_multiple_of(160) {
        bytes.push(0);
    }
    bytes
}

/// A body to post: a text, padded and signed.
pub fn post(author: &Caller, text: &str) -> Value {
    let data = padded(text);
    json!({"data": b64(&data), "signature": b64(&author.signature(&data))})
}

/// The text of a message.
///
/// # Panics
///
/// When it is not padded text.
#[track_caller]
pub fn text_of(message: &Value) -> String {
    let data = base64(&message["data"]);
    let end = data.iter().rposition(|byte| *byte == 0x80);
    let text = &data[..end.expect("padding")];
    String::from_utf8(text.to_vec()).expect("a text")
}

/// The same without the times in it, at any depth.
#[must_use]
pub fn without_times(value: &Value) -> Value {
    match value {
        Value::Array(values) => values.iter().map(without_times).collect(),
        Value::Object(map) => map
            .iter()
            .filter(|(key, _)| !["posted", "edited", "pinned_at", "at"].contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), without_times(value)))
            .collect(),
        other => other.clone(),
    }
}

/// The smallest picture.
pub fn image() -> Vec<u8> {
    let png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    BASE64.decode(png.as_bytes()).expect("a picture")
}
