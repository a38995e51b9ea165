//! Environment variables as a [`Layer`]: `RELAYD__SMP__LISTEN` is `smp.listen`.
//!
//! A variable is only text, so the key's schema decides what it means: a text stays as it is (the
//! password `007` keeps its zeros), a list is a TOML array or separated by commas, and anything
//! else is read as TOML, or taken as text where it is none (`10s`).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    CONFIG_VARIABLE, ConfigError, Origin,
    catalog::Catalog,
    file,
    key::Key,
    node::{Kind, Layer, Node},
    shape::Shape,
};

/// What every override begins with.
pub(crate) const PREFIX: &str = "RELAYD__";

/// Takes the overrides out of the environment.
pub(crate) fn read(
    env: &[(String, String)],
    catalog: &Catalog,
    errors: &mut Vec<ConfigError>,
) -> Layer {
    let mut root = Node::table(Origin::Default);
    // A table's own variable comes before those of its keys.
    let sorted: BTreeMap<_, _> = env.iter().map(|(name, text)| (name, text)).collect();
    for (variable, text) in sorted {
        let Some(name) = variable.strip_prefix(PREFIX) else {
            errors.extend(misspelt(variable, catalog));
            continue;
        };
        let names: Vec<_> = name.split("__").map(str::to_lowercase).collect();
        let key = Key::parse(&names.join("."));
        let at = Origin::Environment {
            variable: variable.clone(),
        };
        if text.contains(char::REPLACEMENT_CHARACTER) {
            errors.push(not_utf8(at, &key));
        } else {
            let node = node(text, catalog.schema(&key).unwrap_or(&Value::Null), &at);
            root.insert(&names, node);
        }
    }
    Layer { root }
}

/// `RELAYD_SMP_LISTEN` is no override, but whoever wrote it thinks that it is.
fn misspelt(variable: &str, catalog: &Catalog) -> Option<ConfigError> {
    let letters = |name: &str| name.replace('_', "");
    if !variable.starts_with("RELAYD_") || variable == CONFIG_VARIABLE {
        return None;
    }
    let names = catalog.names();
    let mut all = names.iter().map(Key::variable);
    let meant = all.find(|known| letters(known) == letters(variable))?;
    Some(ConfigError::UnknownKey {
        at: Origin::Environment {
            variable: variable.to_owned(),
        },
        what: "variable",
        key: variable.to_owned(),
        hint: format!("did you mean `{meant}`?"),
    })
}

fn node(text: &str, schema: &Value, at: &Origin) -> Node {
    match Shape::of(schema) {
        Shape::List(items) => list(text, items, at),
        Shape::Other => file::parse_value(text, at).unwrap_or_else(|| leaf(text, at)),
        Shape::Text => leaf(text, at),
    }
}

/// An address such as `[::1]:5223` begins like an array too, hence the second attempt.
fn list(text: &str, items: &Value, at: &Origin) -> Node {
    let array = file::parse_value(text.trim(), at).filter(|n| matches!(n.kind, Kind::List(_)));
    array.unwrap_or_else(|| {
        let elements = text.split(',').map(str::trim).filter(|e| !e.is_empty());
        let nodes = elements.map(|element| node(element, items, at)).collect();
        Node {
            at: at.clone(),
            kind: Kind::List(nodes),
        }
    })
}

fn leaf(text: &str, at: &Origin) -> Node {
    Node {
        at: at.clone(),
        kind: Kind::Leaf(text.into()),
    }
}

/// [`Sources::of_process`](crate::Sources::of_process) marks what was not UTF-8 this way.
fn not_utf8(at: Origin, key: &Key) -> ConfigError {
    ConfigError::BadValue {
        at,
        key: key.to_string(),
        reason: "the value is not UTF-8".to_owned(),
        hint: "set it again as UTF-8".to_owned(),
    }
}
