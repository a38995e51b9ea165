//! [`Span`]: a length of time as operators write it.
//!
//! Reads `250ms`, `10s`, `5m`, `12h`, `21d` and compounds such as `1h30m`; a bare number means
//! seconds. Writes the shortest form that reads back as exactly the same value.

use std::{
    borrow::Cow,
    fmt::{self, Write as _},
    str::FromStr,
    time::Duration,
};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A length of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(Duration);

impl Span {
    /// A span of whole seconds.
    pub const fn secs(secs: u64) -> Self {
        Self(Duration::from_secs(secs))
    }

    /// A span of whole milliseconds.
    pub const fn millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// The span as the standard library's type.
    pub const fn get(self) -> Duration {
        self.0
    }

    fn single(self) -> String {
        let nanos = self.0.as_nanos();
        UNITS
            .iter()
            .find(|(_, size)| nanos.is_multiple_of(*size))
            .map(|(unit, size)| format!("{}{unit}", nanos / size))
            .unwrap_or_default()
    }

    fn compound(self) -> String {
        let mut rest = self.0.as_nanos();
        let mut text = String::new();
        for (unit, size) in UNITS {
            if rest >= size {
                // Writing to a String cannot fail.
                let _ = write!(text, "{}{unit}", rest / size);
                rest %= size;
            }
        }
        text
    }
}

impl From<Duration> for Span {
    fn from(duration: Duration) -> Self {
        Self(duration)
    }
}

impl From<Span> for Duration {
    fn from(span: Span) -> Self {
        span.0
    }
}

/// The text is not a span.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration like 250ms, 10s, 5m, 12h, 21d or 1h30m")]
pub struct NotASpan(String);

impl FromStr for Span {
    type Err = NotASpan;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text.trim())
            .map(Self)
            .ok_or_else(|| NotASpan(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Duration> {
    if text.is_empty() {
        return None;
    }
    if let Ok(secs) = text.parse() {
        return Some(Duration::from_secs(secs));
    }
    let mut rest = text;
    let mut nanos = 0_u128;
    while !rest.is_empty() {
        let (part, tail) = component(rest)?;
        nanos = nanos.checked_add(part)?;
        rest = tail.trim_start();
    }
    from_nanos(nanos)
}

/// Reads `90m` off the front: its nanoseconds, and what follows.
fn component(text: &str) -> Option<(u128, &str)> {
    let (number, rest) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let end = rest
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(rest.len());
    let (unit, tail) = rest.split_at(end);
    let (_, size) = UNITS.iter().find(|(name, _)| *name == unit)?;
    Some((number.parse::<u128>().ok()?.checked_mul(*size)?, tail))
}

fn from_nanos(nanos: u128) -> Option<Duration> {
    let secs = u64::try_from(nanos / SECOND).ok()?;
    let subsec = u32::try_from(nanos % SECOND).ok()?;
    Some(Duration::new(secs, subsec))
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_zero() {
            return f.pad("0s");
        }
        let (single, compound) = (self.single(), self.compound());
        f.pad(if single.len() <= compound.len() {
            &single
        } else {
            &compound
        })
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct Visitor;

impl de::Visitor<'_> for Visitor {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration like \"10s\", or a number of seconds")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Span, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, secs: u64) -> Result<Span, E> {
        Ok(Span::secs(secs))
    }

    fn visit_i64<E: de::Error>(self, secs: i64) -> Result<Span, E> {
        u64::try_from(secs)
            .map(Span::secs)
            .map_err(|_| E::custom(format_args!("`{secs}` is negative; a duration is not")))
    }

    fn visit_f64<E: de::Error>(self, secs: f64) -> Result<Span, E> {
        Duration::try_from_secs_f64(secs)
            .map(Span)
            .map_err(|error| E::custom(format_args!("`{secs}` is not a duration: {error}")))
    }
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "number"],
            "description": "A duration like 250ms, 10s, 5m, 12h, 21d or 1h30m; a number means seconds.",
            "minimum": 0,
        })
    }
}

const SECOND: u128 = 1_000_000_000;

/// Largest first; both writing forms rely on it.
const UNITS: [(&str, u128); 7] = [
    ("d", 86_400 * SECOND),
    ("h", 3_600 * SECOND),
    ("m", 60 * SECOND),
    ("s", SECOND),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{from_value, json, to_value};

    use super::*;

    #[test]
    fn reads_what_operators_write() {
        for (text, millis) in [
            ("250ms", 250),
            ("10s", 10_000),
            ("5m", 300_000),
            ("12h", 43_200_000),
            ("21d", 1_814_400_000),
            ("1h30m", 5_400_000),
            (" 1h 30m ", 5_400_000),
            ("15", 15_000),
            ("0s", 0),
        ] {
            assert_eq!(text.parse(), Ok(Span::millis(millis)), "{text}");
        }
    }

    #[test]
    fn refuses_with_an_example() {
        for text in [
            "",
            "abc",
            "10x",
            "s",
            "-5s",
            "1.5h",
            "10 s",
            "999999999999999999999d",
        ] {
            let error = text.parse::<Span>().unwrap_err().to_string();
            assert_eq!(
                error,
                format!("`{text}` is not a duration like 250ms, 10s, 5m, 12h, 21d or 1h30m")
            );
        }
    }

    #[test]
    fn writes_the_shortest_exact_form() {
        for (span, text) in [
            (Span::secs(0), "0s"),
            (Span::secs(5_400), "90m"),
            (Span::secs(86_400 * 21), "21d"),
            (Span::secs(86_401), "1d1s"),
            (Span::millis(1_500), "1500ms"),
        ] {
            assert_eq!(span.to_string(), text);
        }
    }

    #[test]
    fn numbers_are_seconds() {
        assert_eq!(from_value::<Span>(json!(5)).unwrap(), Span::secs(5));
        assert_eq!(from_value::<Span>(json!(0.25)).unwrap(), Span::millis(250));
        let error = from_value::<Span>(json!(-1)).unwrap_err().to_string();
        assert_eq!(error, "`-1` is negative; a duration is not");
        assert!(from_value::<Span>(json!(-0.5)).is_err());
        assert!(from_value::<Span>(json!(true)).is_err());
    }

    proptest! {
        #[test]
        fn every_span_reads_back(secs: u64, nanos in 0_u32..1_000_000_000) {
            let span = Span(Duration::new(secs, nanos));
            prop_assert_eq!(span.to_string().parse(), Ok(span));
            prop_assert_eq!(from_value::<Span>(to_value(span).unwrap()).unwrap(), span);
        }

        #[test]
        fn any_text_is_survived(text: String) {
            let _ = text.parse::<Span>();
        }
    }
}
