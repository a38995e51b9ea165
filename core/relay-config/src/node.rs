//! [`Node`]: a value that knows where it was written. [`Layer`]: all that one file, or the
//! environment, says; a source for the `config` crate, which lays the layers over each other.

use std::{collections::BTreeMap, fmt};

use config::{ConfigError, Map, Source, Value as Merged, ValueKind};
use serde_json::{Map as JsonMap, Number, Value};

use crate::{Origin, key::Step};

/// A value and its place.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) at: Origin,
    pub(crate) kind: Kind,
}

#[derive(Clone)]
pub(crate) enum Kind {
    Leaf(Value),
    List(Vec<Node>),
    Table(BTreeMap<String, Node>),
}

impl Node {
    pub(crate) fn table(at: Origin) -> Self {
        let kind = Kind::Table(BTreeMap::new());
        Self { at, kind }
    }

    pub(crate) fn child(&self, step: &Step) -> Option<&Self> {
        match (&self.kind, step) {
            (Kind::Table(table), Step::Name(name)) => table.get(name),
            (Kind::List(list), Step::Index(index)) => list.get(*index),
            _ => None,
        }
    }

    pub(crate) fn find(&self, steps: &[Step]) -> Option<&Self> {
        steps.iter().try_fold(self, Self::child)
    }

    /// Puts a node at the end of a way of names, making the tables on it.
    pub(crate) fn insert(&mut self, names: &[String], node: Self) {
        let Kind::Table(table) = &mut self.kind else {
            *self = Self::table(self.at.clone());
            return self.insert(names, node);
        };
        match names {
            [] => *self = node,
            [name] => {
                table.insert(name.clone(), node);
            }
            [name, rest @ ..] => table
                .entry(name.clone())
                .or_insert_with(|| Self::table(node.at.clone()))
                .insert(rest, node),
        }
    }

    fn merged(&self) -> Merged {
        let at = self.at.to_string();
        let kind = match &self.kind {
            Kind::Leaf(value) => return to_merged(value, &at),
            Kind::List(list) => ValueKind::Array(list.iter().map(Self::merged).collect()),
            Kind::Table(table) => {
                let entries = table
                    .iter()
                    .map(|(name, node)| (name.clone(), node.merged()));
                ValueKind::Table(entries.collect())
            }
        };
        Merged::new(Some(&at), kind)
    }
}

/// What one file, or the environment, says.
#[derive(Clone)]
pub(crate) struct Layer {
    pub(crate) root: Node,
}

/// Values may be secrets: only the place is told.
impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Layer({})", self.root.at)
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Merged>, ConfigError> {
        self.root.merged().into_table()
    }
}

/// The built-in defaults, which fill what no layer said.
///
/// They come last and fill gaps instead of first and being overwritten, because tables merge: a
/// map's default entries must vanish when the operator writes a map of their own.
#[derive(Clone)]
pub(crate) struct Defaults {
    pub(crate) root: Node,
}

impl fmt::Debug for Defaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Defaults")
    }
}

impl Source for Defaults {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Merged>, ConfigError> {
        self.root.merged().into_table()
    }

    fn collect_to(&self, cache: &mut Merged) -> Result<(), ConfigError> {
        fill(cache, &self.root);
        Ok(())
    }
}

fn fill(merged: &mut Merged, default: &Node) {
    let (ValueKind::Table(table), Kind::Table(defaults)) = (&mut merged.kind, &default.kind) else {
        return;
    };
    for (name, node) in defaults {
        match table.get_mut(name) {
            Some(said) => fill(said, node),
            None => {
                table.insert(name.clone(), node.merged());
            }
        }
    }
}

fn to_merged(value: &Value, at: &String) -> Merged {
    let kind = match value {
        Value::Null => ValueKind::Nil,
        Value::Bool(value) => ValueKind::Boolean(*value),
        Value::Number(number) => number_kind(number),
        Value::String(text) => ValueKind::String(text.clone()),
        Value::Array(list) => ValueKind::Array(list.iter().map(|v| to_merged(v, at)).collect()),
        Value::Object(table) => {
            let entries = table
                .iter()
                .map(|(name, v)| (name.clone(), to_merged(v, at)));
            ValueKind::Table(entries.collect())
        }
    };
    Merged::new(Some(at), kind)
}

fn number_kind(number: &Number) -> ValueKind {
    number
        .as_i64()
        .map(ValueKind::I64)
        .or_else(|| number.as_u64().map(ValueKind::U64))
        .or_else(|| number.as_f64().map(ValueKind::Float))
        .unwrap_or_default()
}

/// The merged value without its origins. Numbers that JSON has not cannot come: see `file`.
pub(crate) fn to_json(merged: &Merged) -> Value {
    match &merged.kind {
        ValueKind::Nil | ValueKind::I128(_) | ValueKind::U128(_) => Value::Null,
        ValueKind::Boolean(value) => Value::Bool(*value),
        ValueKind::I64(number) => (*number).into(),
        ValueKind::U64(number) => (*number).into(),
        ValueKind::Float(number) => (*number).into(),
        ValueKind::String(text) => text.clone().into(),
        ValueKind::Array(list) => list.iter().map(to_json).collect(),
        ValueKind::Table(table) => {
            let sorted: BTreeMap<_, _> = table.iter().collect();
            let entries = sorted
                .into_iter()
                .map(|(name, v)| (name.clone(), to_json(v)));
            Value::Object(entries.collect::<JsonMap<_, _>>())
        }
    }
}
