//! [`Catalog`]: all that is known about every key, from the schemas and defaults of the sections.
//!
//! One combined JSON schema is the only source: checking, environment typing, `show`, `example`
//! and `diff` all ask here, so they cannot disagree.

use serde_json::{Map, Value, json};

use crate::{
    Origin, SectionSpec,
    key::{Key, Step},
    node::{Kind, Node},
    secret::HIDDEN,
    shape,
};

/// The combined schema and defaults of a list of sections.
#[derive(Clone)]
pub(crate) struct Catalog {
    schema: Value,
    defaults: Value,
}

/// A table with fixed keys.
pub(crate) struct Table<'a> {
    pub(crate) key: Key,
    pub(crate) schema: &'a Value,
    /// Absent unless written: its keys have no defaults in force.
    pub(crate) optional: bool,
    pub(crate) entries: Vec<Entry<'a>>,
}

/// A key that holds a value.
pub(crate) struct Entry<'a> {
    pub(crate) key: Key,
    pub(crate) schema: &'a Value,
    pub(crate) default: &'a Value,
    pub(crate) reloadable: bool,
}

impl Entry<'_> {
    pub(crate) fn secret(&self) -> bool {
        shape::hides(self.schema)
    }
}

impl Catalog {
    pub(crate) fn of(specs: &[SectionSpec]) -> Self {
        let mut catalog = Self {
            schema: json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "title": "relayd configuration",
                "type": "object",
                "properties": {},
                "additionalProperties": false,
            }),
            defaults: json!({}),
        };
        for spec in specs {
            catalog.add(spec);
        }
        catalog
    }

    fn add(&mut self, spec: &SectionSpec) {
        let mut schema = spec.schema.clone();
        let Some(section) = schema.as_object_mut() else {
            return;
        };
        section.shift_remove("$schema");
        // References are absolute: what they point to moves along to the top.
        let definitions = section.shift_remove("$defs");
        merge(&mut self.schema["$defs"], definitions);
        if spec.name.is_empty() {
            merge(
                &mut self.schema["properties"],
                section.shift_remove("properties"),
            );
            merge(&mut self.defaults, Some(spec.defaults.clone()));
            if let Some(doc) = section.shift_remove("description") {
                self.schema["description"] = doc;
            }
        } else {
            self.schema["properties"][spec.name] = schema;
            self.defaults[spec.name] = spec.defaults.clone();
        }
    }

    pub(crate) fn into_schema(self) -> Value {
        self.schema
    }

    pub(crate) fn root(&self) -> &Value {
        &self.schema
    }

    /// The schema of a key; `None` when there is no such key.
    pub(crate) fn schema(&self, key: &Key) -> Option<&Value> {
        key.steps().iter().try_fold(&self.schema, inner)
    }

    /// Whether the value of this key must not be shown.
    pub(crate) fn hides(&self, key: &Key) -> bool {
        let mut schema = &self.schema;
        for step in key.steps() {
            match inner(schema, step) {
                Some(next) if shape::is_marked(next, "x-secret") => return true,
                Some(next) => schema = next,
                None => break,
            }
        }
        shape::fields(schema).is_none() && shape::hides(schema)
    }

    pub(crate) fn default(&self, key: &Key) -> &Value {
        let known = key.find(&self.defaults);
        let declared = || self.schema(key).and_then(|schema| schema.get("default"));
        known.or_else(declared).unwrap_or(&Value::Null)
    }

    /// A value that would do: the one the key's owner chose, else the default.
    pub(crate) fn example(&self, key: &Key) -> Option<&Value> {
        let schema = self.schema(key)?;
        let default = Some(self.default(key));
        schema
            .get("x-example")
            .or_else(|| default.filter(|d| is_telling(d) && !self.hides(key)))
    }

    /// Every table, parents first, in the order of the structs.
    pub(crate) fn tables(&self) -> Vec<Table<'_>> {
        let mut tables = Vec::new();
        self.walk(&Key::default(), &self.schema, (false, false), &mut tables);
        tables
    }

    fn walk<'a>(
        &'a self,
        key: &Key,
        schema: &'a Value,
        (optional, reloadable): (bool, bool),
        tables: &mut Vec<Table<'a>>,
    ) {
        let position = tables.len();
        let mut entries = Vec::new();
        tables.push(Table {
            key: key.clone(),
            schema,
            optional,
            entries: Vec::new(),
        });
        for (name, schema) in shape::fields(schema).into_iter().flatten() {
            let key = key.name(name);
            let reloadable = reloadable || shape::is_marked(schema, "x-reload");
            let default = self.default(&key);
            if shape::fields(schema).is_some() {
                let optional = optional || default.is_null();
                self.walk(&key, schema, (optional, reloadable), tables);
            } else {
                entries.push(Entry {
                    key,
                    schema,
                    default,
                    reloadable,
                });
            }
        }
        tables[position].entries = entries;
    }

    /// Every dotted name there is, tables included.
    pub(crate) fn names(&self) -> Vec<Key> {
        let tables = self.tables().into_iter().flat_map(|table| {
            let entries = table.entries.into_iter().map(|entry| entry.key);
            entries.chain([table.key])
        });
        tables.filter(|key| !key.steps().is_empty()).collect()
    }

    /// The default values as a tree. Secrets and unset keys are left to serde, which knows them.
    pub(crate) fn default_tree(&self) -> Node {
        let mut root = Node::table(Origin::Default);
        let tables = self.tables().into_iter().filter(|table| !table.optional);
        for entry in tables.flat_map(|table| table.entries) {
            if !entry.default.is_null() && !entry.secret() {
                let names: Vec<_> = entry.key.steps().iter().filter_map(name_of).collect();
                let kind = Kind::Leaf(entry.default.clone());
                root.insert(
                    &names,
                    Node {
                        at: Origin::Default,
                        kind,
                    },
                );
            }
        }
        root
    }
}

/// The value as it may be shown: hidden when secret and set.
pub(crate) fn shown(value: &Value, secret: bool) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::String(text) if text.is_empty() => value.clone(),
        _ if secret => HIDDEN.into(),
        _ => value.clone(),
    }
}

fn is_telling(value: &Value) -> bool {
    match value {
        Value::Array(list) => !list.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
        Value::Null | Value::Object(_) => false,
        Value::String(text) => !text.is_empty(),
    }
}

fn inner<'a>(schema: &'a Value, step: &Step) -> Option<&'a Value> {
    match step {
        Step::Index(_) => match shape::Shape::of(schema) {
            shape::Shape::List(items) => Some(items),
            _ => None,
        },
        Step::Name(name) => shape::fields(schema)
            .and_then(|fields| fields.get(name))
            .or_else(|| shape::values(schema)),
    }
}

fn name_of(step: &Step) -> Option<String> {
    match step {
        Step::Name(name) => Some(name.clone()),
        Step::Index(_) => None,
    }
}

fn merge(into: &mut Value, from: Option<Value>) {
    let Some(Value::Object(from)) = from else {
        return;
    };
    if into.is_null() {
        *into = Value::Object(Map::new());
    }
    if let Some(into) = into.as_object_mut() {
        into.extend(from);
    }
}
