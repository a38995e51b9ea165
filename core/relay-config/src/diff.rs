//! [`diff`]: what a reload would change, and whether it can without a restart.

use serde::Serialize;
use serde_json::Value;

use crate::{
    Loaded, SectionSpec,
    catalog::{Catalog, Entry, shown},
};

/// A key whose value differs between two configurations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The dotted name.
    pub key: String,
    /// Whether a reload takes the new value over; otherwise a restart does.
    pub reloadable: bool,
    /// The value before, `<hidden>` when it is secret.
    pub old: Value,
    /// The value after, `<hidden>` when it is secret.
    pub new: Value,
}

/// Lists the keys of these sections that differ. Another spelling of the same value, `60s` for
/// `1m`, is no difference.
pub fn diff(old: &Loaded, new: &Loaded, specs: &[SectionSpec]) -> Vec<Change> {
    let catalog = Catalog::of(specs);
    let (old, new) = (Side::of(old, specs), Side::of(new, specs));
    let entries = catalog.tables().into_iter().flat_map(|table| table.entries);
    entries
        .filter(|entry| old.differs(&new, entry))
        .map(|entry| Change {
            key: entry.key.to_string(),
            reloadable: entry.reloadable,
            old: old.shown(&entry),
            new: new.shown(&entry),
        })
        .collect()
}

struct Side<'a> {
    raw: &'a Value,
    canonical: Value,
}

impl<'a> Side<'a> {
    fn of(loaded: &'a Loaded, specs: &[SectionSpec]) -> Self {
        let raw = &loaded.root;
        let canonical = loaded.canonical(specs);
        Self { raw, canonical }
    }

    /// Secrets look alike once they are hidden, so they are compared as they were read.
    fn differs(&self, other: &Self, entry: &Entry<'_>) -> bool {
        let find = |side: &'_ Self| entry.key.find(&side.canonical).cloned();
        find(self) != find(other)
            || (entry.secret() && entry.key.find(self.raw) != entry.key.find(other.raw))
    }

    fn shown(&self, entry: &Entry<'_>) -> Value {
        let value = entry.key.find(&self.canonical);
        shown(value.unwrap_or(&Value::Null), entry.secret())
    }
}
