//! [`OneOrMany`]: a list that may be written as its only element.
//!
//! `listen = "127.0.0.1:5223"` and `listen = ["127.0.0.1:5223"]` mean the same. It serialises as
//! a list, always.

use std::{
    borrow::Cow,
    fmt::{self, Display},
    marker::PhantomData,
    ops::Deref,
    slice,
    str::FromStr,
    vec,
};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, IntoDeserializer, value},
};

/// A list that may be written as its only element.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct OneOrMany<T>(Vec<T>);

impl<T> OneOrMany<T> {
    /// A list of one.
    pub fn one(only: T) -> Self {
        Self(vec![only])
    }

    /// The elements in the order written.
    pub fn iter(&self) -> slice::Iter<'_, T> {
        self.0.iter()
    }
}

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for OneOrMany<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> From<Vec<T>> for OneOrMany<T> {
    fn from(list: Vec<T>) -> Self {
        Self(list)
    }
}

impl<T> FromIterator<T> for OneOrMany<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        Self(elements.into_iter().collect())
    }
}

impl<T> IntoIterator for OneOrMany<T> {
    type Item = T;
    type IntoIter = vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a OneOrMany<T> {
    type Item = &'a T;
    type IntoIter = slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Elements separated by commas, as an environment variable writes them.
impl<T: FromStr> FromStr for OneOrMany<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let elements = text.split(',').map(str::trim);
        elements.filter(|e| !e.is_empty()).map(str::parse).collect()
    }
}

impl<T: Display> Display for OneOrMany<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, element) in self.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{element}")?;
        }
        Ok(())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor(PhantomData))
    }
}

/// Hands whatever is not a list to `T`, so that `T`'s own refusal is what the operator reads.
struct Visitor<T>(PhantomData<T>);

impl<T> Visitor<T> {
    fn single<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OneOrMany<T>, D::Error>
    where
        T: Deserialize<'de>,
    {
        T::deserialize(deserializer).map(OneOrMany::one)
    }
}

impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Visitor<T> {
    type Value = OneOrMany<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one value or a list of them")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
        Self::single(value.into_deserializer())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
        Self::single(value.into_deserializer())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
        Self::single(value.into_deserializer())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
        Self::single(value.into_deserializer())
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Self::Value, E> {
        Self::single(value.into_deserializer())
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Self::single(value::MapAccessDeserializer::new(map))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(value::SeqAccessDeserializer::new(seq)).map(OneOrMany)
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let element = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [element, { "type": "array", "items": element }] })
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use proptest::prelude::*;
    use serde_json::{from_value, json, to_value};

    use super::*;
    use crate::Span;

    #[test]
    fn one_value_is_a_list_of_one() {
        let one: OneOrMany<SocketAddr> = from_value(json!("127.0.0.1:1")).unwrap();
        let list: OneOrMany<SocketAddr> = from_value(json!(["127.0.0.1:1"])).unwrap();
        assert_eq!(one, list);
        assert_eq!(one.len(), 1);
        assert_eq!(to_value(&one).unwrap(), json!(["127.0.0.1:1"]));
        assert_eq!(
            from_value::<OneOrMany<u16>>(json!(7)).unwrap(),
            OneOrMany::one(7)
        );
    }

    #[test]
    fn the_elements_own_refusal_comes_through() {
        for value in [json!("abc"), json!(["1s", "abc"])] {
            let error = from_value::<OneOrMany<Span>>(value)
                .unwrap_err()
                .to_string();
            assert!(error.starts_with("`abc` is not a duration"), "{error}");
        }
    }

    #[test]
    fn its_schema_allows_both_forms() {
        let schema = schemars::schema_for!(OneOrMany<u8>);
        let forms = schema.get("anyOf").unwrap();
        assert_eq!(forms[0]["type"], "integer");
        assert_eq!(forms[1]["items"]["type"], "integer");
    }

    proptest! {
        #[test]
        fn every_list_reads_back(list: Vec<u32>) {
            let list = OneOrMany::from(list);
            prop_assert_eq!(&list.to_string().parse::<OneOrMany<u32>>().unwrap(), &list);
            prop_assert_eq!(&from_value::<OneOrMany<u32>>(to_value(&list).unwrap()).unwrap(), &list);
        }
    }
}
