//! The parts JSON bodies are made of: times, and values clients write in more than one way.

use std::fmt;

use relay_core::clock::UnixTime;
use serde::de::{DeserializeOwned, Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Refusal;

/// Reads a body, whatever its content type says: some bots send none.
pub fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    object(bytes).ok_or(Refusal::Malformed)
}

/// Reads an object, and nothing but an object: serde would take a list of the values, too.
pub(super) fn object<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Option<T> {
    let is_object = bytes.trim_ascii_start().starts_with(b"{");
    is_object.then(|| serde_json::from_slice(bytes).ok())?
}

/// A time as seconds with a fraction.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Seconds(pub UnixTime);

/// A time as whole seconds, where today's Android takes no fraction.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct WholeSeconds(pub UnixTime);

/// A yes or no that may be written as a number.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Flag(pub bool);

/// The id of a file, which Android and iOS write as a string.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LenientId(pub i64);

impl Serialize for Seconds {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a double holds milliseconds exactly for longer than the protocol will live"
    )]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.millis() as f64 / 1000.0)
    }
}

impl Serialize for WholeSeconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0.secs())
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FlagVisitor;
        impl Visitor<'_> for FlagVisitor {
            type Value = Flag;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false, or a whole number")
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Flag, E> {
                Ok(Flag(value))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Flag, E> {
                Ok(Flag(value != 0))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Flag, E> {
                Ok(Flag(value != 0))
            }
        }
        deserializer.deserialize_any(FlagVisitor)
    }
}

impl<'de> Deserialize<'de> for LenientId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(i64),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Number(id) => Ok(Self(id)),
            Written::Text(text) => text.parse().map(Self).map_err(D::Error::custom),
        }
    }
}

/// Tells a key that is there and `null` from one that is not there: put it on a field with
/// `default` and `deserialize_with`.
pub(super) fn present<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives references")]
pub(super) const fn is_false(value: &bool) -> bool {
    !*value
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_plain_numbers() {
        let time = UnixTime::from_millis(1_693_526_400_123);
        let json = serde_json::to_string(&(Seconds(time), WholeSeconds(time))).expect("json");
        assert_eq!(json, "[1693526400.123,1693526400]");
    }

    #[test]
    fn flags_and_ids_are_written_in_two_ways() {
        let flags: [Flag; 4] = serde_json::from_str("[true, 0, 1, false]").expect("flags");
        assert_eq!(flags.map(|flag| flag.0), [true, false, true, false]);
        let ids: [LenientId; 2] = serde_json::from_str(r#"[17, "18"]"#).expect("ids");
        assert_eq!(ids, [LenientId(17), LenientId(18)]);
        assert!(serde_json::from_str::<Flag>("\"yes\"").is_err());
        assert!(serde_json::from_str::<LenientId>("1.5").is_err());
    }

    #[test]
    fn lists_are_no_objects() {
        #[derive(Debug, Deserialize, PartialEq)]
        struct One {
            one: u8,
        }
        assert_eq!(body(b" {\"one\": 1}"), Ok(One { one: 1 }));
        assert_eq!(body::<One>(b"[1]"), Err(Refusal::Malformed));
        assert_eq!(body::<One>(b""), Err(Refusal::Malformed));
    }

    proptest! {
        #[test]
        fn no_time_is_written_with_an_exponent(millis in 0..32_503_680_000_000_i64) {
            let seconds = Seconds(UnixTime::from_millis(millis));
            let json = serde_json::to_string(&seconds).expect("json");
            prop_assert!(!json.contains('e') && json.contains('.'));
        }
    }
}
