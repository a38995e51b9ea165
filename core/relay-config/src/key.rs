//! [`Key`]: the dotted name of a value, `smp.limits.idle` or `smp.listen[1]`.

use std::fmt;

use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use crate::literal::bare_or_quoted;

/// The way from the top level to a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Key(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Index(usize),
    Name(String),
}

impl Key {
    /// Reads what `Display` writes, as long as no name needs quotes.
    pub(crate) fn parse(dotted: &str) -> Self {
        let parts = dotted.split('.').filter(|part| !part.is_empty());
        parts.fold(Self::default(), |key, part| {
            let (name, indices) = part.split_once('[').unwrap_or((part, ""));
            let indices = indices
                .split(['[', ']'])
                .filter_map(|index| index.parse().ok());
            indices.fold(key.name(name), |key, index| key.index(index))
        })
    }

    pub(crate) fn name(&self, name: &str) -> Self {
        self.push(Step::Name(name.to_owned()))
    }

    pub(crate) fn index(&self, index: usize) -> Self {
        self.push(Step::Index(index))
    }

    fn push(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }

    /// This key, continued by where serde stopped.
    pub(crate) fn join(&self, path: &Path) -> Self {
        let tail = path.iter().filter_map(|segment| match segment {
            Segment::Seq { index } => Some(Step::Index(*index)),
            Segment::Map { key } => Some(Step::Name(key.clone())),
            Segment::Enum { .. } | Segment::Unknown => None,
        });
        Self(self.0.iter().cloned().chain(tail).collect())
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.0
    }

    pub(crate) fn parent(&self) -> Self {
        let end = self.0.len().saturating_sub(1);
        Self(self.0[..end].to_vec())
    }

    /// The part before the first list index: what one writes left of the `=`.
    pub(crate) fn written(&self) -> Self {
        let names = self.0.iter().take_while(|s| matches!(s, Step::Name(_)));
        Self(names.cloned().collect())
    }

    /// The last name, which is what one writes inside the table.
    pub(crate) fn last(&self) -> &str {
        let names = self.0.iter().rev().find_map(|step| match step {
            Step::Name(name) => Some(name.as_str()),
            Step::Index(_) => None,
        });
        names.unwrap_or_default()
    }

    pub(crate) fn variable(&self) -> String {
        let names = self.to_string().to_uppercase().replace('.', "__");
        format!("RELAYD__{names}")
    }

    pub(crate) fn find<'a>(&self, root: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(root, |value, step| match step {
            Step::Index(index) => value.get(index),
            Step::Name(name) => value.get(name),
        })
    }

    /// Takes the value out of its table; whether there was one.
    pub(crate) fn remove(&self, root: &mut Value) -> bool {
        let parent = self
            .parent()
            .0
            .into_iter()
            .try_fold(root, |value, step| match step {
                Step::Index(index) => value.get_mut(index),
                Step::Name(name) => value.get_mut(name),
            });
        parent
            .and_then(Value::as_object_mut)
            .is_some_and(|table| table.shift_remove(self.last()).is_some())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Name(name) if position == 0 => f.write_str(&bare_or_quoted(name))?,
                Step::Name(name) => write!(f, ".{}", bare_or_quoted(name))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_and_writes_dotted_names() {
        let key = Key::parse("smp.listen").index(1);
        assert_eq!(key.to_string(), "smp.listen[1]");
        assert_eq!(Key::parse("smp.listen[1]"), key);
        assert_eq!(Key::parse("smp").name("a.b").to_string(), "smp.\"a.b\"");
        assert_eq!(key.written().to_string(), "smp.listen");
        assert_eq!(key.written().variable(), "RELAYD__SMP__LISTEN");
        assert_eq!(key.last(), "listen");
    }

    #[test]
    fn finds_and_removes() {
        let mut root = json!({ "smp": { "listen": ["a", "b"], "x": 1 } });
        assert_eq!(
            Key::parse("smp.listen").index(1).find(&root),
            Some(&json!("b"))
        );
        assert!(Key::parse("smp.listen").remove(&mut root));
        assert!(!Key::parse("smp.listen").remove(&mut root));
        assert_eq!(root, json!({ "smp": { "x": 1 } }));
    }
}
