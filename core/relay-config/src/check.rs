//! Finding keys that do not exist, in the file or variable that names them, with the nearest key
//! that does. What is refused here is taken out of the layer, so that the rest can be judged too.

use serde_json::{Map, Value};

use crate::{
    ConfigError, Origin,
    catalog::Catalog,
    key::Key,
    node::{Kind, Layer, Node},
    shape::{self, Shape},
};

/// Whose keys are checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All there are: another key is an error.
    Everything,
    /// Those of the sections at hand: others at the top level belong to somebody else.
    OwnSections,
}

/// Takes out of the layer what no section knows.
pub(crate) fn check(layer: &mut Layer, catalog: &Catalog, scope: Scope) -> Vec<ConfigError> {
    let mut check = Check {
        catalog,
        errors: Vec::new(),
    };
    if scope == Scope::OwnSections {
        let known = shape::fields(catalog.root());
        if let Kind::Table(table) = &mut layer.root.kind {
            table.retain(|name, _| known.is_some_and(|k| k.contains_key(name)));
        }
    }
    check.walk(&mut layer.root, catalog.root(), &Key::default());
    check.errors
}

struct Check<'a> {
    catalog: &'a Catalog,
    errors: Vec<ConfigError>,
}

impl Check<'_> {
    fn walk(&mut self, node: &mut Node, schema: &Value, key: &Key) {
        match &mut node.kind {
            Kind::Leaf(_) => {}
            Kind::List(list) => {
                if let Shape::List(items) = Shape::of(schema) {
                    for (index, node) in list.iter_mut().enumerate() {
                        self.walk(node, items, &key.index(index));
                    }
                }
            }
            Kind::Table(table) => {
                table.retain(|name, node| self.keep(name, node, schema, key));
            }
        }
    }

    fn keep(&mut self, name: &str, node: &mut Node, schema: &Value, parent: &Key) -> bool {
        let key = parent.name(name);
        let fields = shape::fields(schema);
        let known = fields.and_then(|fields| fields.get(name));
        match known.or_else(|| shape::values(schema)) {
            Some(inner) if is_misplaced(inner, node) => self.errors.push(misplaced(node, &key)),
            Some(inner) => {
                self.walk(node, inner, &key);
                return true;
            }
            // A table of some other kind: serde will judge it.
            None if fields.is_none() => return true,
            None => self.errors.push(self.unknown(node, &key)),
        }
        false
    }

    fn unknown(&self, node: &Node, key: &Key) -> ConfigError {
        let is_section = key.steps().len() == 1 && matches!(node.kind, Kind::Table(_));
        ConfigError::UnknownKey {
            what: if is_section { "section" } else { "key" },
            key: key.to_string(),
            hint: hint(self.catalog, key, &node.at),
            at: node.at.clone(),
        }
    }
}

fn is_misplaced(schema: &Value, node: &Node) -> bool {
    shape::fields(schema).is_some() && !matches!(node.kind, Kind::Table(_))
}

fn misplaced(node: &Node, key: &Key) -> ConfigError {
    ConfigError::BadValue {
        at: node.at.clone(),
        key: key.to_string(),
        reason: "this is a table, not a value".to_owned(),
        hint: format!("write its keys under [{key}]"),
    }
}

fn hint(catalog: &Catalog, key: &Key, at: &Origin) -> String {
    let schema = catalog.schema(&key.parent());
    let beside = schema
        .and_then(shape::fields)
        .into_iter()
        .flat_map(Map::keys);
    let beside: Vec<_> = beside.map(String::as_str).collect();
    if let Some(near) = nearest(key.last(), beside.iter()) {
        return did_you_mean(&[&key.parent().name(near)], key, at);
    }
    let names = catalog.names();
    let same: Vec<_> = names
        .iter()
        .filter(|name| name.last() == key.last())
        .collect();
    if !same.is_empty() {
        return did_you_mean(&same, key, at);
    }
    match (elsewhere(&names, key), beside.len()) {
        (Some(near), _) => did_you_mean(&[near], key, at),
        (None, 0) => "leave it out".to_owned(),
        (None, _) => format!("known here: {}", beside.join(", ")),
    }
}

/// The key of another table that has nearly this name, by itself or with its tables.
fn elsewhere<'a>(names: &'a [Key], key: &Key) -> Option<&'a Key> {
    let last = |name: &Key| likeness(name.last(), key.last());
    let whole = |name: &Key| likeness(&name.to_string(), &key.to_string());
    best(names.iter(), |name| last(name), LIKE_ENOUGH)
        .or_else(|| best(names.iter(), |name| whole(name), NEARLY_THE_SAME))
}

fn did_you_mean(names: &[&Key], instead_of: &Key, at: &Origin) -> String {
    let names = names.iter().map(|name| match at {
        Origin::Environment { variable } => {
            // The wrong part may be a table: what follows it in the variable stays.
            let tail = variable
                .strip_prefix(&instead_of.variable())
                .unwrap_or_default();
            format!("`{}{tail}`", name.variable())
        }
        _ => format!("`{name}`"),
    });
    let names: Vec<_> = names.collect();
    format!("did you mean {}?", names.join(" or "))
}

/// The candidate most like the text, when it is like enough to be meant.
pub(crate) fn nearest<S: AsRef<str>>(text: &str, all: impl Iterator<Item = S>) -> Option<S> {
    best(all, |name| likeness(name.as_ref(), text), LIKE_ENOUGH)
}

fn best<T>(all: impl Iterator<Item = T>, likeness: impl Fn(&T) -> f64, least: f64) -> Option<T> {
    let best = all.max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    best.filter(|best| likeness(best) >= least)
}

/// From 0 to 1; letters' case, dashes and quotes do not count.
fn likeness(a: &str, b: &str) -> f64 {
    let plain = |name: &str| name.to_lowercase().replace('-', "_").replace('"', "");
    strsim::normalized_damerau_levenshtein(&plain(a), &plain(b))
}

/// Two typing errors in a name of five letters.
const LIKE_ENOUGH: f64 = 0.6;

/// For whole dotted names, which share their tables without meaning the same.
const NEARLY_THE_SAME: f64 = 0.85;
