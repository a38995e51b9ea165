//! The encodings of binary values in headers and JSON: base64 and, in headers, hex.

use std::fmt;

use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER_PERMISSIVE};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::private::private_debug;

/// Bytes that are base64 in JSON: padded going out, padded or not coming in.
#[derive(Clone, Default, Eq, Hash, PartialEq)]
pub struct Base64(pub Vec<u8>);

/// Decodes standard base64 that is padded wholly or not at all. Half a padding is refused.
pub fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let encoding = match text.len() % 4 {
        0 => BASE64,
        _ => BASE64_NOPAD,
    };
    encoding.decode(text.as_bytes()).ok()
}

/// Encodes as standard, padded base64.
pub fn encode_base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// Decodes exactly `N` bytes: hex if the length is that of hex, base64 otherwise.
pub fn hex_or_base64<const N: usize>(text: &str) -> Option<[u8; N]> {
    // Nothing longer can be right, and it may be as long as a header can be.
    if text.len() > 2 * N {
        return None;
    }
    let bytes = if text.len() == 2 * N {
        HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?
    } else {
        decode_base64(text)?
    };
    bytes.try_into().ok()
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&BASE64.encode_display(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Base64Visitor;
        impl Visitor<'_> for Base64Visitor {
            type Value = Base64;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("base64")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Base64, E> {
                let bytes = decode_base64(text);
                bytes.map(Base64).ok_or_else(|| E::custom("not base64"))
            }
        }
        deserializer.deserialize_str(Base64Visitor)
    }
}

private_debug!(Base64);

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn padding_is_whole_or_absent() {
        assert_eq!(decode_base64("AAAAAAAAAAAAAAAAAAAAAA=="), Some(vec![0; 16]));
        assert_eq!(decode_base64("AAAAAAAAAAAAAAAAAAAAAA"), Some(vec![0; 16]));
        assert_eq!(decode_base64("AAAAAAAAAAAAAAAAAAAAAA="), None);
        assert_eq!(decode_base64("AAAAAAAAAAAAAAAAAAAAA-=="), None);
        assert_eq!(hex_or_base64::<16>("AAAAAAAAAAAAAAAAAAAAAA="), None);
    }

    proptest! {
        #[test]
        fn all_forms_come_back(bytes: [u8; 33]) {
            let hex = HEXLOWER.encode(&bytes);
            for text in [hex.to_uppercase(), hex, BASE64.encode(&bytes), BASE64_NOPAD.encode(&bytes)] {
                prop_assert_eq!(hex_or_base64::<33>(&text), Some(bytes));
            }
        }

        #[test]
        fn json_comes_back(bytes: Vec<u8>) {
            let json = serde_json::to_string(&Base64(bytes.clone())).expect("json");
            prop_assert_eq!(serde_json::from_str::<Base64>(&json).expect("base64").0, bytes);
        }

        #[test]
        fn any_text_is_answered(text: String) {
            let _ = hex_or_base64::<16>(&text);
            let _ = decode_base64(&text);
        }
    }
}
