//! [`Loaded`]: the configuration after all layers were laid over each other, and where each value
//! came from.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

use crate::{
    ConfigError, Origin, Section, SectionSpec,
    catalog::Catalog,
    check::nearest,
    key::Key,
    literal::{literal, variable},
    node::Layer,
    section::{self, Fault},
    shape,
};

/// A configuration in which every section fits its type.
///
/// It holds the configuration as it was read, secrets included, for comparing it with the next
/// one; drop it when nothing will be compared.
#[derive(Clone)]
pub struct Loaded {
    pub(crate) catalog: Catalog,
    pub(crate) files: Vec<PathBuf>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) root: Value,
}

impl Loaded {
    /// The section's values.
    pub fn section<T: Section>(&self) -> Result<T, ConfigError> {
        let spec = SectionSpec::of::<T>();
        section::read(&self.value(&spec)).map_err(|fault| self.bad_value(&spec, &fault))
    }

    /// The file chosen, if there was any.
    pub fn file(&self) -> Option<&Path> {
        self.files.first().map(PathBuf::as_path)
    }

    /// Every file read, in the order in which they count.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Where the value of a key, such as `smp.listen` or `smp.listen[1]`, was said last.
    pub fn origin(&self, key: &str) -> Origin {
        self.said(&Key::parse(key)).unwrap_or_default()
    }

    /// An error about the value of a key, such as a conflict that only its owner can see.
    ///
    /// The reason becomes part of one line: no full stop, no secret.
    pub fn error_at(&self, key: &str, reason: impl fmt::Display) -> ConfigError {
        ConfigError::BadValue {
            at: self.origin(key),
            key: key.to_owned(),
            reason: reason.to_string(),
            hint: String::new(),
        }
    }

    /// Every problem of a section. Serde stops at the first: each value it refuses is taken out,
    /// and the rest tried again.
    pub(crate) fn problems(&self, spec: &SectionSpec) -> Vec<ConfigError> {
        let mut value = self.value(spec);
        let mut problems = Vec::new();
        while let Err(fault) = (spec.canonical)(&value) {
            problems.push(self.bad_value(spec, &fault));
            let inside = fault.path.map(|path| Key::default().join(&path));
            if !inside.is_some_and(|key| key.written().remove(&mut value)) {
                break;
            }
        }
        problems
    }

    /// The section's values as its type writes them: defaults filled in, one spelling for each
    /// value, secrets hidden.
    pub(crate) fn canonical(&self, specs: &[SectionSpec]) -> Value {
        let mut root = Map::new();
        for spec in specs {
            let raw = self.value(spec);
            let value = (spec.canonical)(&raw).unwrap_or(raw);
            match value {
                Value::Object(table) if spec.name.is_empty() => root.extend(table),
                value => {
                    root.insert(spec.name.to_owned(), value);
                }
            }
        }
        Value::Object(root)
    }

    /// The section's part of the merged values.
    fn value(&self, spec: &SectionSpec) -> Value {
        if !spec.name.is_empty() {
            let section = self.root.get(spec.name).cloned();
            return section.unwrap_or_else(|| Value::Object(Map::new()));
        }
        let names = shape::fields(&spec.schema).into_iter().flat_map(Map::keys);
        let entries = names.filter_map(|name| Some((name.clone(), self.root.get(name)?.clone())));
        Value::Object(entries.collect())
    }

    /// Where the key is said, or the table it is missing from.
    fn place(&self, key: &Key) -> Origin {
        if key.steps().is_empty() {
            return Origin::Default;
        }
        let said = self.said(key);
        said.unwrap_or_else(|| self.place(&key.parent()))
    }

    /// Where the last layer that has the key says it; for an element of a list, the line of the
    /// element where it has one.
    pub(crate) fn said(&self, key: &Key) -> Option<Origin> {
        let written = key.written();
        self.layers.iter().rev().find_map(|layer| {
            let whole = layer.root.find(written.steps())?;
            Some(layer.root.find(key.steps()).unwrap_or(whole).at.clone())
        })
    }

    fn bad_value(&self, spec: &SectionSpec, fault: &Fault) -> ConfigError {
        let section = Key::parse(spec.name);
        let path = fault.path.as_ref();
        let key = path.map_or(section.clone(), |path| section.join(path));
        let at = self.place(&key);
        ConfigError::BadValue {
            reason: self.reason(&key, &fault.reason),
            hint: self.hint(&key, &fault.reason, &at),
            key: key.to_string(),
            at,
        }
    }

    fn reason(&self, key: &Key, serde: &str) -> String {
        if self.catalog.hides(key) {
            return "this value does not fit; it is secret and not shown".to_owned();
        }
        match (self.choice(key).as_slice(), key.find(&self.root)) {
            ([_, ..], Some(value)) => {
                let allowed: Vec<_> = self.choice(key).into_iter().map(quoted).collect();
                format!("{} is not one of {}", literal(value), allowed.join(", "))
            }
            _ => in_plain_words(serde),
        }
    }

    fn choice(&self, key: &Key) -> Vec<&str> {
        let schema = self.catalog.schema(key);
        let allowed = schema.into_iter().flat_map(shape::allowed);
        allowed.map(|allowed| allowed.value).collect()
    }

    /// The nearest of a choice of values, or a value that would do.
    fn hint(&self, key: &Key, serde: &str, at: &Origin) -> String {
        let text = key.find(&self.root).and_then(Value::as_str);
        let text = text.filter(|_| !self.catalog.hides(key));
        let near = text.and_then(|text| nearest(text, self.choice(key).into_iter()));
        match near {
            Some(near) => format!("did you mean {}?", quoted(near)),
            None if serde.starts_with("missing field") => "add it".to_owned(),
            None => self.example(&key.written(), at),
        }
    }

    fn example(&self, key: &Key, at: &Origin) -> String {
        match (self.catalog.example(key), at) {
            (None, _) if self.catalog.hides(key) => "write it as a text in quotes".to_owned(),
            (None, _) => "correct it".to_owned(),
            (Some(value), Origin::Environment { variable: name }) => {
                format!("for example `{name}={}`", variable(value))
            }
            (Some(value), _) => format!("for example `{} = {}`", key.last(), literal(value)),
        }
    }
}

/// Values may be secrets: only the files are told.
impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

fn quoted(text: &str) -> String {
    literal(&text.into())
}

/// What serde says, without the names of Rust's types.
fn in_plain_words(serde: &str) -> String {
    let one_line = serde.replace('\n', " ");
    let Some((said, expected)) = one_line.rsplit_once(", expected ") else {
        return one_line;
    };
    let plain = match expected {
        "a map" => "a table",
        "a sequence" => "a list",
        "f32" | "f64" => "a number",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number, not negative",
        expected => expected,
    };
    format!("{said}, expected {plain}")
}
