//! What a JSON schema says about a key, for those who only need to know: is it a table, a list or
//! a text, which values are allowed, is it secret.

use serde_json::{Map, Value};

/// How a value is written.
pub(crate) enum Shape<'a> {
    /// A list, and the schema of its elements.
    List(&'a Value),
    /// A text, whatever it looks like.
    Text,
    /// Anything else: a number, a switch, a table, or several of these.
    Other,
}

impl<'a> Shape<'a> {
    pub(crate) fn of(schema: &'a Value) -> Self {
        if let Some(items) = schema.get("items").filter(|_| has_type(schema, "array")) {
            return Self::List(items);
        }
        let forms = forms(schema);
        match forms.as_slice() {
            [] if is_text(schema) => Self::Text,
            [] => Self::Other,
            [only] => Self::of(only),
            forms => Self::of_forms(forms),
        }
    }

    fn of_forms(forms: &[&'a Value]) -> Self {
        let shapes: Vec<_> = forms.iter().map(|form| Self::of(form)).collect();
        let all_text = shapes.iter().all(|shape| matches!(shape, Self::Text));
        let list = shapes.into_iter().find(|s| matches!(s, Self::List(_)));
        match list {
            Some(list) => list,
            None if all_text => Self::Text,
            None => Self::Other,
        }
    }
}

/// The alternatives of the schema, `null` left out.
fn forms(schema: &Value) -> Vec<&Value> {
    let lists = ["anyOf", "oneOf"]
        .iter()
        .filter_map(|word| schema.get(word));
    lists
        .filter_map(Value::as_array)
        .flatten()
        .filter(|form| form.get("type").and_then(Value::as_str) != Some("null"))
        .collect()
}

fn is_text(schema: &Value) -> bool {
    match schema.get("type") {
        Some(Value::String(only)) => only == "string",
        Some(Value::Array(types)) => types.iter().all(|t| t == "string" || t == "null"),
        _ => !allowed(schema).is_empty(),
    }
}

/// Whether a value may be of this type.
pub(crate) fn has_type(schema: &Value, name: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(only)) => only == name,
        Some(Value::Array(types)) => types.iter().any(|t| t == name),
        _ => false,
    }
}

/// The keys of a table with fixed keys, even of one that may be absent.
pub(crate) fn fields(schema: &Value) -> Option<&Map<String, Value>> {
    match schema.get("properties") {
        Some(properties) => properties.as_object(),
        None => match forms(schema).as_slice() {
            [only] => fields(only),
            _ => None,
        },
    }
}

/// The schema of the values in a table with free keys.
pub(crate) fn values(schema: &Value) -> Option<&Value> {
    match schema.get("additionalProperties") {
        Some(values) => Some(values).filter(|v| **v != Value::Bool(false)),
        None => match forms(schema).as_slice() {
            [only] => values(only),
            _ => None,
        },
    }
}

/// A value the schema lists, and what it means.
pub(crate) struct Allowed<'a> {
    pub(crate) value: &'a str,
    pub(crate) meaning: &'a str,
}

/// The texts a choice allows, in order; empty when the key is no choice.
pub(crate) fn allowed(schema: &Value) -> Vec<Allowed<'_>> {
    let own = choice(schema);
    if own.is_empty() {
        forms(schema).into_iter().flat_map(allowed).collect()
    } else {
        own
    }
}

fn choice(schema: &Value) -> Vec<Allowed<'_>> {
    let plain = schema.get("enum").and_then(Value::as_array);
    let plain = plain.into_iter().flatten().map(|value| (value, ""));
    let explained = schema.get("const").map(|value| (value, doc(schema)));
    plain
        .chain(explained)
        .filter_map(|(value, meaning)| {
            Some(Allowed {
                value: value.as_str()?,
                meaning,
            })
        })
        .collect()
}

/// The doc comment.
pub(crate) fn doc(schema: &Value) -> &str {
    let doc = schema.get("description").and_then(Value::as_str);
    doc.unwrap_or_default()
}

/// Whether the schema carries the mark, such as `x-reload`.
pub(crate) fn is_marked(schema: &Value, mark: &str) -> bool {
    schema.get(mark) == Some(&Value::Bool(true))
}

/// Whether the schema, or any part of it, is secret.
pub(crate) fn hides(schema: &Value) -> bool {
    match schema {
        Value::Object(table) => is_marked(schema, "x-secret") || table.values().any(hides),
        Value::Array(list) => list.iter().any(hides),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use schemars::{JsonSchema, schema_for};

    use super::*;
    use crate::{ByteSize, OneOrMany, Secret, Span};

    fn shape<T: JsonSchema>() -> &'static str {
        match Shape::of(schema_for!(T).as_value()) {
            Shape::List(_) => "list",
            Shape::Text => "text",
            Shape::Other => "other",
        }
    }

    #[derive(JsonSchema)]
    #[schemars(inline)]
    #[expect(dead_code, reason = "only its schema is of interest")]
    enum Choice {
        /// The first.
        One,
        Two,
    }

    #[test]
    fn texts_are_texts_even_when_optional() {
        assert_eq!(shape::<String>(), "text");
        assert_eq!(shape::<Option<String>>(), "text");
        assert_eq!(shape::<Option<Secret>>(), "text");
        assert_eq!(shape::<Choice>(), "text");
        assert_eq!(shape::<Option<Choice>>(), "text");
    }

    #[test]
    fn lists_are_lists_even_when_one_value_will_do() {
        assert_eq!(shape::<Vec<u8>>(), "list");
        assert_eq!(shape::<Option<Vec<u8>>>(), "list");
        assert_eq!(shape::<OneOrMany<String>>(), "list");
        assert_eq!(shape::<Option<OneOrMany<String>>>(), "list");
    }

    #[test]
    fn the_rest_is_read_as_toml() {
        assert_eq!(shape::<Span>(), "other");
        assert_eq!(shape::<ByteSize>(), "other");
        assert_eq!(shape::<u16>(), "other");
        assert_eq!(shape::<Option<bool>>(), "other");
    }

    #[test]
    fn choices_are_listed_with_their_meaning() {
        let schema = schema_for!(Option<Choice>);
        let allowed = allowed(schema.as_value());
        let mut values: Vec<_> = allowed.iter().map(|a| (a.value, a.meaning)).collect();
        values.sort_unstable();
        assert_eq!(values, [("One", "The first."), ("Two", "")]);
    }

    #[test]
    fn a_secret_inside_hides_the_whole() {
        assert!(hides(schema_for!(Vec<Secret>).as_value()));
        assert!(!hides(schema_for!(Vec<String>).as_value()));
    }
}
