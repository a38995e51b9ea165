//! [`show`]: the configuration in force, key by key, each with where it came from; secrets hidden.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use crate::{
    Loaded, Origin, SectionSpec,
    catalog::{Catalog, Entry, Table, shown},
    key::Key,
    literal::literal,
};

/// One key of the configuration in force.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shown {
    /// The dotted name.
    pub key: String,
    /// The value, `<hidden>` when it is secret, null when it is not set.
    pub value: Value,
    /// Where it was said.
    pub origin: Origin,
    /// Whether its value is kept from view.
    pub secret: bool,
    /// Whether a reload takes a new value over.
    pub reloadable: bool,
    /// Whether it differs from what would hold if nobody had said anything.
    pub changed_from_default: bool,
}

/// Lists every key of these sections, in the order of their structs.
pub fn show(loaded: &Loaded, specs: &[SectionSpec]) -> Vec<Shown> {
    let catalog = Catalog::of(specs);
    let view = View {
        loaded,
        values: loaded.canonical(specs),
    };
    catalog
        .tables()
        .iter()
        .flat_map(|table| view.table(table))
        .collect()
}

struct View<'a> {
    loaded: &'a Loaded,
    values: Value,
}

impl View<'_> {
    fn table(&self, table: &Table<'_>) -> Vec<Shown> {
        let is_set = table.key.find(&self.values).is_some_and(Value::is_object);
        let entries = table.entries.iter().filter(|_| is_set);
        entries.map(|entry| self.entry(entry)).collect()
    }

    fn entry(&self, entry: &Entry<'_>) -> Shown {
        let value = entry.key.find(&self.values).unwrap_or(&Value::Null);
        let said = self.loaded.said(&entry.key);
        let secret = entry.secret();
        Shown {
            key: entry.key.to_string(),
            value: shown(value, secret),
            secret,
            reloadable: entry.reloadable,
            // A secret cannot be compared with its default, which is hidden as well.
            changed_from_default: value != entry.default || (secret && said.is_some()),
            origin: said.unwrap_or_default(),
        }
    }
}

/// The list as a TOML file, with every value's origin behind it.
pub fn render(list: &[Shown]) -> String {
    let mut text = String::new();
    for group in list.chunk_by(|a, b| table_of(a) == table_of(b)) {
        let table = group.first().map(table_of).unwrap_or_default();
        if !text.is_empty() {
            text.push('\n');
        }
        if !table.is_empty() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "[{table}]");
        }
        render_group(group, &mut text);
    }
    text
}

fn render_group(group: &[Shown], text: &mut String) {
    let lines: Vec<_> = group
        .iter()
        .map(|shown| (assignment(shown), shown))
        .collect();
    let widths = lines.iter().map(|(line, _)| line.chars().count());
    let width = widths.filter(|width| *width <= WIDEST).max().unwrap_or(0);
    for (line, shown) in lines {
        let _ = writeln!(text, "{line:width$}  # from {}", shown.origin);
    }
}

fn assignment(shown: &Shown) -> String {
    let name = Key::parse(&shown.key);
    match &shown.value {
        Value::Null => format!("# {} is not set", name.last()),
        value => format!("{} = {}", name.last(), literal(value)),
    }
}

fn table_of(shown: &Shown) -> &str {
    shown.key.rsplit_once('.').map_or("", |(table, _)| table)
}

/// Beyond this a line does not push the comments of its neighbours to the right.
const WIDEST: usize = 60;
