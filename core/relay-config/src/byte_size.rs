//! [`ByteSize`]: an amount of bytes as operators write it.
//!
//! Reads `512`, `16KiB`, `64MiB`, `2GiB` and the decimal `kB`, `MB`, `GB`; letters' case does not
//! matter. Writes the largest unit that is exact, binary before decimal.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An amount of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(u64);

impl ByteSize {
    /// That many bytes.
    pub const fn bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// That many times 1024 bytes; at most `u64::MAX` bytes.
    pub const fn kib(kib: u64) -> Self {
        Self(kib.saturating_mul(1 << 10))
    }

    /// That many times 1024 KiB; at most `u64::MAX` bytes.
    pub const fn mib(mib: u64) -> Self {
        Self(mib.saturating_mul(1 << 20))
    }

    /// The number of bytes.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// The text is not an amount of bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a size like 512, 16KiB, 64MiB or 2GiB")]
pub struct NotAByteSize(String);

impl FromStr for ByteSize {
    type Err = NotAByteSize;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text.trim())
            .map(Self)
            .ok_or_else(|| NotAByteSize(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<u64> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.trim_start();
    let size = UNITS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(unit))
        .map(|(_, size)| *size)
        .or_else(|| unit.is_empty().then_some(1))?;
    number.parse::<u64>().ok()?.checked_mul(size)
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = UNITS
            .iter()
            .find(|(_, size)| self.0 > 0 && *size > 1 && self.0.is_multiple_of(*size));
        match exact {
            Some((unit, size)) => f.pad(&format!("{}{unit}", self.0 / size)),
            None => f.pad(&self.0.to_string()),
        }
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct Visitor;

impl de::Visitor<'_> for Visitor {
    type Value = ByteSize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size like \"16KiB\", or a number of bytes")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ByteSize, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, bytes: u64) -> Result<ByteSize, E> {
        Ok(ByteSize(bytes))
    }

    fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<ByteSize, E> {
        u64::try_from(bytes)
            .map(ByteSize)
            .map_err(|_| E::custom(format_args!("`{bytes}` is negative; a size is not")))
    }
}

impl JsonSchema for ByteSize {
    fn schema_name() -> Cow<'static, str> {
        "ByteSize".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "integer"],
            "description": "A size like 512, 16KiB, 64MiB or 2GiB; a number means bytes.",
            "minimum": 0,
        })
    }
}

/// Binary before decimal, largest first: the order in which [`ByteSize`] tries to write itself.
const UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{from_value, json, to_value};

    use super::*;

    #[test]
    fn reads_what_operators_write() {
        for (text, bytes) in [
            ("0", 0),
            ("512", 512),
            ("512B", 512),
            ("16KiB", 16_384),
            ("16 kib", 16_384),
            ("64MiB", 67_108_864),
            ("2GiB", 2_147_483_648),
            ("16kB", 16_000),
            ("3MB", 3_000_000),
            ("1GB", 1_000_000_000),
        ] {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
    }

    #[test]
    fn refuses_with_an_example() {
        for text in ["", "KiB", "16K", "-1", "1.5MiB", "99999999999TiB"] {
            let error = text.parse::<ByteSize>().unwrap_err().to_string();
            assert_eq!(
                error,
                format!("`{text}` is not a size like 512, 16KiB, 64MiB or 2GiB")
            );
        }
    }

    #[test]
    fn writes_the_largest_exact_unit() {
        for (size, text) in [
            (ByteSize(0), "0"),
            (ByteSize(1_000_001), "1000001"),
            (ByteSize::kib(16), "16KiB"),
            (ByteSize::mib(2048), "2GiB"),
            (ByteSize(16_000), "16kB"),
            (ByteSize(512_000), "500KiB"),
        ] {
            assert_eq!(size.to_string(), text);
        }
    }

    #[test]
    fn numbers_are_bytes() {
        assert_eq!(from_value::<ByteSize>(json!(512)).unwrap(), ByteSize(512));
        let error = from_value::<ByteSize>(json!(-1)).unwrap_err().to_string();
        assert_eq!(error, "`-1` is negative; a size is not");
        assert!(from_value::<ByteSize>(json!(1.5)).is_err());
    }

    proptest! {
        #[test]
        fn every_size_reads_back(bytes: u64, shift in 0_u32..64) {
            let size = ByteSize(bytes >> shift << shift);
            prop_assert_eq!(size.to_string().parse(), Ok(size));
            prop_assert_eq!(from_value::<ByteSize>(to_value(size).unwrap()).unwrap(), size);
        }

        #[test]
        fn any_text_is_survived(text: String) {
            let _ = text.parse::<ByteSize>();
        }
    }
}
