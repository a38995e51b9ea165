//! A part of a batch as it stands there. Text is borrowed where it can be, and nothing else of the
//! part is kept: a poll has many parts, and an upload one long text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

/// What a part has of what parts may have. A key that comes twice counts as it came last.
#[derive(Default)]
pub(super) struct Part<'a> {
    pub(super) method: Option<Cow<'a, str>>,
    pub(super) path: Option<Cow<'a, str>>,
    pub(super) headers: Option<Map<String, Value>>,
    pub(super) json: Option<Value>,
    pub(super) base64: Option<Cow<'a, str>>,
    pub(super) text: Option<Cow<'a, str>>,
}

#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

struct PartVisitor;

impl<'de> Visitor<'de> for PartVisitor {
    type Value = Part<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a part of a batch")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Part<'de>, M::Error> {
        let mut part = Part::default();
        while let Some(Text(key)) = map.next_key()? {
            match &*key {
                "method" => part.method = Some(text(&mut map)?),
                "path" => part.path = Some(text(&mut map)?),
                "headers" => part.headers = map.next_value()?,
                "json" => part.json = Some(map.next_value()?),
                "b64" => part.base64 = Some(text(&mut map)?),
                "bytes" => part.text = Some(text(&mut map)?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(part)
    }
}

fn text<'de, M: MapAccess<'de>>(map: &mut M) -> Result<Cow<'de, str>, M::Error> {
    map.next_value::<Text<'de>>().map(|text| text.0)
}

impl<'de> Deserialize<'de> for Part<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PartVisitor)
    }
}
