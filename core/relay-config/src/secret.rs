//! [`Secret`]: a text that is read, used, and never shown.
//!
//! It has no `Display`, its `Debug` and its serialised form hide it, it is wiped when dropped, and
//! its schema marks the key so that errors, `show` and `diff` hide it too.

use std::{borrow::Cow, convert::Infallible, fmt, hint::black_box, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

/// What stands in the place of a secret wherever one would be shown.
pub const HIDDEN: &str = "<hidden>";

/// A password, token, or URL with a password in it.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps the text.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself: hand it to what needs it, never to a log or an error.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether there is no text at all, which is how a secret says "not set".
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text.to_owned())
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.into())
    }
}

/// Takes the same time wherever the first difference lies; only the length shows.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        let pairs = self.0.bytes().zip(other.0.bytes());
        let difference = pairs.fold(0, |seen, (a, b)| black_box(seen | (a ^ b)));
        self.0.len() == other.0.len() && difference == 0
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// An empty secret hides nothing, and stays empty so that an unset default is seen as one.
impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.is_empty() { "" } else { HIDDEN })
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl JsonSchema for Secret {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "x-secret": true })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{from_value, json, to_value};

    use super::*;

    #[test]
    fn shows_itself_nowhere() {
        let secret = Secret::from("hunter2");
        assert_eq!(
            format!("{secret:?} {secret:#?}"),
            "Secret(hidden) Secret(hidden)"
        );
        assert_eq!(to_value(&secret).unwrap(), json!("<hidden>"));
        assert_eq!(secret.reveal(), "hunter2");
    }

    #[test]
    fn an_empty_one_is_seen_to_be_empty() {
        assert!(Secret::default().is_empty());
        assert_eq!(to_value(Secret::default()).unwrap(), json!(""));
    }

    #[test]
    fn its_schema_marks_the_key() {
        let schema = schemars::schema_for!(Option<Secret>);
        assert_eq!(schema.get("x-secret"), Some(&json!(true)));
    }

    proptest! {
        #[test]
        fn keeps_the_text(text: String) {
            let secret: Secret = from_value(json!(text)).unwrap();
            prop_assert_eq!(secret.reveal(), &text);
            prop_assert_eq!(text.parse(), Ok(secret));
        }

        #[test]
        fn equals_as_its_text_does(a in "[ab]{0,3}", b in "[ab]{0,3}") {
            prop_assert_eq!(Secret::from(a.as_str()) == Secret::from(b.as_str()), a == b);
        }
    }
}
