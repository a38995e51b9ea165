//! The few fields of a message's content that filters read, and the content of their replies.
//!
//! Content is protobuf that only clients need to understand; the server looks inside when a filter
//! is on and at no other time. Fields, by number:
//!
//! ```text
//! Content.dataMessage = 1 { body = 1, timestamp = 7, profile = 101 { displayName = 1 } }
//! ```

use relay_core::clock::UnixTime;

use crate::private::private_debug;

const DATA_MESSAGE: u64 = 1;
const BODY: u64 = 1;
const TIMESTAMP: u64 = 7;
const PROFILE: u64 = 101;
const DISPLAY_NAME: u64 = 1;

const VARINT: u64 = 0;
const BYTES: u64 = 2;

/// The text of a message.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct MessageText {
    /// What it says.
    pub body: Option<String>,
    /// What its author calls themselves.
    pub display_name: Option<String>,
}

impl MessageText {
    /// Reads content without its padding; `None` if it is no protobuf.
    pub fn parse(content: &[u8]) -> Option<Self> {
        let mut text = Self::default();
        for_each_bytes(content, |field, bytes| match field {
            DATA_MESSAGE => text.read_data_message(bytes),
            _ => Some(()),
        })?;
        Some(text)
    }

    fn read_data_message(&mut self, message: &[u8]) -> Option<()> {
        for_each_bytes(message, |field, bytes| {
            match field {
                BODY => self.body = Some(utf8(bytes)?),
                PROFILE => self.read_profile(bytes)?,
                _ => {}
            }
            Some(())
        })
    }

    fn read_profile(&mut self, profile: &[u8]) -> Option<()> {
        for_each_bytes(profile, |field, bytes| {
            if field == DISPLAY_NAME {
                self.display_name = Some(utf8(bytes)?);
            }
            Some(())
        })
    }
}

/// Content that says something under a name, padded as it must be signed.
pub fn reply(body: &str, display_name: &str, now: UnixTime) -> Vec<u8> {
    let mut profile = Vec::new();
    write_bytes(&mut profile, DISPLAY_NAME, display_name.as_bytes());
    let mut message = Vec::new();
    write_bytes(&mut message, BODY, body.as_bytes());
    write_varint(&mut message, TIMESTAMP << 3 | VARINT);
    write_varint(&mut message, u64::try_from(now.millis()).unwrap_or(0));
    write_bytes(&mut message, PROFILE, &profile);
    let mut content = Vec::new();
    write_bytes(&mut content, DATA_MESSAGE, &message);
    content.extend_from_slice(&[0x80, 0]);
    content
}

fn utf8(bytes: &[u8]) -> Option<String> {
    str::from_utf8(bytes).ok().map(str::to_owned)
}

/// Calls back for every length-delimited field and skips the others.
fn for_each_bytes(mut rest: &[u8], mut field: impl FnMut(u64, &[u8]) -> Option<()>) -> Option<()> {
    while !rest.is_empty() {
        let key = take_varint(&mut rest)?;
        match key & 7 {
            VARINT => drop(take_varint(&mut rest)?),
            1 => rest = rest.get(8..)?,
            BYTES => {
                let len = usize::try_from(take_varint(&mut rest)?).ok()?;
                let (bytes, tail) = rest.split_at_checked(len)?;
                field(key >> 3, bytes)?;
                rest = tail;
            }
            5 => rest = rest.get(4..)?,
            _ => return None,
        }
    }
    Some(())
}

fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, tail) = rest.split_first()?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn write_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

fn write_bytes(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    write_varint(out, field << 3 | BYTES);
    write_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

private_debug!(MessageText);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vectors;
    use crate::wire::padding;

    #[test]
    fn the_message_of_the_vectors() {
        let vectors = vectors::load();
        let content = vectors::hex(&vectors["message_signatures"]["plaintext_protobuf_hex"]);
        let text = MessageText::parse(&content).expect("content");
        assert_eq!(text.body.as_deref(), Some("hello"));
        assert_eq!(text.display_name, None);
    }

    #[test]
    fn corpus_of_content_that_is_none() {
        let corpus: [&[u8]; 7] = [
            b"\x0a",
            b"\x0a\x05hi",
            b"\x0b",
            b"\x0a\x03\x0a\x01\xff",
            b"\x09\x00",
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        ];
        for content in corpus {
            assert_eq!(
                MessageText::parse(content),
                None,
                "{}",
                content.escape_ascii()
            );
        }
    }

    proptest! {
        #[test]
        fn replies_are_read_back(body: String, name: String, millis in 0..i64::MAX) {
            let reply = reply(&body, &name, UnixTime::from_millis(millis));
            let text = MessageText::parse(padding::strip(&reply)).expect("content");
            prop_assert_eq!((text.body, text.display_name), (Some(body), Some(name)));
        }

        #[test]
        fn any_content_is_answered(bytes: Vec<u8>) {
            let _ = MessageText::parse(&bytes);
        }
    }
}
