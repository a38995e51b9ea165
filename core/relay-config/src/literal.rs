//! Values as TOML on one line, for files we write and hints we give.

use std::fmt::Write as _;

use serde_json::Value;

/// The value as it stands right of the `=`.
pub(crate) fn literal(value: &Value) -> String {
    match value {
        Value::Array(list) => {
            let elements: Vec<_> = list.iter().map(literal).collect();
            format!("[{}]", elements.join(", "))
        }
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        // TOML has no null; only a null inside a list or table ends here.
        Value::Null => quoted(""),
        Value::Object(table) => {
            let set = table.iter().filter(|(_, value)| !value.is_null());
            let entries: Vec<_> = set
                .map(|(name, value)| format!("{} = {}", bare_or_quoted(name), literal(value)))
                .collect();
            match entries.len() {
                0 => "{}".to_owned(),
                _ => format!("{{ {} }}", entries.join(", ")),
            }
        }
        Value::String(text) => quoted(text),
    }
}

/// The value as an environment variable takes it.
pub(crate) fn variable(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) if list.iter().all(Value::is_string) => {
            let elements: Vec<_> = list.iter().map(variable).collect();
            elements.join(",")
        }
        value => literal(value),
    }
}

/// A name as it stands left of the `=`.
pub(crate) fn bare_or_quoted(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(is_bare) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            // Writing to a String cannot fail.
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn writes_one_line() {
        let value = json!({ "a": ["x\n", 1, 1.5, true], "b c": {}, "none": null });
        assert_eq!(
            literal(&value),
            r#"{ a = ["x\n", 1, 1.5, true], "b c" = {} }"#
        );
    }

    #[test]
    fn variables_need_no_quotes() {
        assert_eq!(variable(&json!("10s")), "10s");
        assert_eq!(variable(&json!(["a", "b"])), "a,b");
        assert_eq!(variable(&json!([1, 2])), "[1, 2]");
    }

    proptest! {
        #[test]
        fn every_text_reads_back(text: String) {
            let line = format!("v = {}", literal(&json!(text)));
            prop_assert!(!line.contains('\n'));
            let table: toml::Table = toml::from_str(&line).unwrap();
            prop_assert_eq!(table["v"].as_str(), Some(text.as_str()));
        }

        #[test]
        fn every_number_reads_back(number in -1e300_f64..1e300) {
            let table: toml::Table = toml::from_str(&format!("v = {}", literal(&json!(number)))).unwrap();
            prop_assert_eq!(table["v"].as_float(), Some(number));
        }
    }
}
