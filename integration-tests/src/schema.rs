//! JSON held against a JSON schema, as far as our own schemas go.

use serde_json::Value;

/// What of `value` is not as `schema` says, as paths with a reason; references are looked up in
/// `document`.
pub fn violations(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(document, schema, value, "", &mut found);
    found
}

fn check(document: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.trim_start_matches('#');
        let named = document.pointer(pointer);
        let named = named.unwrap_or_else(|| panic!("{reference} leads nowhere"));
        return check(document, named, value, at, found);
    }
    for choice in ["anyOf", "oneOf"] {
        if let Some(choices) = schema[choice].as_array() {
            let fits = |schema: &Value| violations(document, schema, value).is_empty();
            if !choices.iter().any(fits) {
                found.push(format!("{at}: {value} fits none of {choices:?}"));
            }
        }
    }
    if !is_of(&schema["type"], value) {
        found.push(format!("{at}: {value} is no {}", schema["type"]));
    }
    if let Some(constant) = schema.get("const").filter(|constant| *constant != value) {
        found.push(format!("{at}: {value} is not {constant}"));
    }
    if let Some(names) = schema["enum"].as_array().filter(|all| !all.contains(value)) {
        found.push(format!("{at}: {value} is none of {names:?}"));
    }
    if let Some(members) = value.as_object() {
        let required = schema["required"].as_array().into_iter().flatten();
        let missing = required.filter_map(Value::as_str);
        let missing = missing.filter(|name| !members.contains_key(*name));
        found.extend(missing.map(|name| format!("{at}: there is no {name}")));
        for (name, member) in members {
            match schema["properties"].get(name) {
                Some(schema) => check(document, schema, member, &format!("{at}/{name}"), found),
                None if schema["properties"].is_object() => {
                    found.push(format!("{at}: nobody said that there is a {name}"));
                }
                None => {}
            }
        }
    }
    for (position, element) in value.as_array().into_iter().flatten().enumerate() {
        let here = format!("{at}/{position}");
        let own = schema["prefixItems"].get(position);
        if let Some(schema) = own.or_else(|| schema.get("items")) {
            check(document, schema, element, &here, found);
        }
    }
}

fn is_of(kind: &Value, value: &Value) -> bool {
    match kind {
        Value::Null => true,
        Value::Array(kinds) => kinds.iter().any(|kind| is_of(kind, value)),
        kind => match kind.as_str().unwrap_or_default() {
            "null" => value.is_null(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "string" => value.is_string(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            other => panic!("{other} is no type"),
        },
    }
}
