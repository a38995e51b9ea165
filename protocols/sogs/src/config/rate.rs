//! [`Rate`]: how often something may be done, as operators write it: `5/16s`, or `off`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use relay_core::config::Span;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::domain::rate::RateLimit;

/// So many times in so long, or as often as one likes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rate(RateLimit);

/// The text is not a rate.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is not a rate like 5/16s or 100/1h, nor off")]
pub struct NotARate(String);

impl Rate {
    /// As often as one likes.
    pub const OFF: Self = Self(RateLimit {
        count: 0,
        window: Duration::ZERO,
    });

    /// So many times in so many seconds.
    pub const fn secs(count: u32, secs: u64) -> Self {
        Self(RateLimit {
            count,
            window: Duration::from_secs(secs),
        })
    }

    /// The limit, by the rules of the domain.
    pub const fn get(self) -> RateLimit {
        self.0
    }
}

impl FromStr for Rate {
    type Err = NotARate;

    fn from_str(text: &str) -> Result<Self, NotARate> {
        if text == "off" {
            return Ok(Self::OFF);
        }
        let parsed = text.split_once('/').and_then(|(count, window)| {
            let window: Span = window.trim().parse().ok()?;
            let count: u32 = count.trim().parse().ok()?;
            (count > 0 && !window.get().is_zero()).then_some(RateLimit {
                count,
                window: window.get(),
            })
        });
        parsed.map(Self).ok_or_else(|| NotARate(text.to_owned()))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.count {
            0 => f.write_str("off"),
            count => write!(f, "{count}/{}", Span::from(self.0.window)),
        }
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Rate {
    fn schema_name() -> Cow<'static, str> {
        "Rate".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A rate like 5/16s or 100/1h, or off.",
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rates_as_operators_write_them() {
        assert_eq!("5/16s".parse(), Ok(Rate::secs(5, 16)));
        assert_eq!(" 20 / 1h ".trim().parse(), Ok(Rate::secs(20, 3600)));
        assert_eq!("off".parse(), Ok(Rate::OFF));
        for bad in ["", "5", "0/1s", "5/0s", "-1/1s", "5/16 parsecs", "OFF"] {
            assert_eq!(bad.parse::<Rate>(), Err(NotARate(bad.to_owned())));
        }
    }

    proptest! {
        #[test]
        fn rates_are_read_as_they_are_written(count in 1_u32.., secs in 1..10_000_000_u64) {
            let rate = Rate::secs(count, secs);
            prop_assert_eq!(rate.to_string().parse(), Ok(rate));
        }

        #[test]
        fn any_text_is_answered(text: String) {
            let _ = text.parse::<Rate>();
        }
    }
}
