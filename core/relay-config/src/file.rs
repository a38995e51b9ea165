//! Reading one configuration file into a [`Layer`] that knows the line of every value.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use serde_json::{Number, Value};
use toml::{
    Spanned,
    de::{DeArray, DeInteger, DeTable, DeValue},
};

use crate::{
    ConfigError, Origin,
    node::{Kind, Layer, Node},
};

/// Reads and parses the file.
pub(crate) fn read(path: &Path) -> Result<Layer, ConfigError> {
    let bytes = fs::read(path).map_err(|error| unreadable(path, &error))?;
    let text = String::from_utf8(bytes).map_err(|error| not_utf8(path, &error))?;
    parse(path, &text)
}

/// The `.toml` files of a directory in the order of their names; none when there is no directory.
/// Hidden files are left alone: editors leave them behind.
pub(crate) fn list(directory: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(directory, &error)),
    };
    let paths: io::Result<Vec<_>> = entries.map(|entry| entry.map(|e| e.path())).collect();
    let mut paths = paths.map_err(|error| unreadable(directory, &error))?;
    paths.retain(|path| path.extension().is_some_and(|e| e == "toml") && !is_hidden(path));
    paths.sort_unstable();
    Ok(paths)
}

fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.as_encoded_bytes().starts_with(b".")
}

fn unreadable(path: &Path, error: &io::Error) -> ConfigError {
    let reason = match error.kind() {
        ErrorKind::IsADirectory => "it is a directory; put a file in its place".to_owned(),
        ErrorKind::NotADirectory => "it is not a directory; put one in its place".to_owned(),
        ErrorKind::PermissionDenied => {
            "permission denied; let the user who runs this read it".to_owned()
        }
        _ => error.to_string(),
    };
    let path = path.to_owned();
    ConfigError::Unreadable { path, reason }
}

fn not_utf8(path: &Path, error: &std::string::FromUtf8Error) -> ConfigError {
    let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
    let line = valid.split(|byte| *byte == b'\n').count();
    ConfigError::Unreadable {
        path: path.to_owned(),
        reason: format!("line {line} is not UTF-8; save the file as UTF-8"),
    }
}

fn parse(path: &Path, text: &str) -> Result<Layer, ConfigError> {
    let place = Place { path, text };
    let table = DeTable::parse(text).map_err(|error| place.syntax(&error))?;
    let kind = place.table(table.get_ref());
    let at = place.at(0);
    Ok(Layer {
        root: Node { at, kind },
    })
}

/// A TOML value that stands alone, as in an environment variable.
pub(crate) fn parse_value(text: &str, at: &Origin) -> Option<Node> {
    let value = DeValue::parse(text).ok()?;
    let place = |_: usize| at.clone();
    let kind = kind(value.get_ref(), &place);
    Some(Node {
        at: at.clone(),
        kind,
    })
}

struct Place<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Place<'_> {
    fn table(&self, table: &DeTable<'_>) -> Kind {
        table_kind(table, &|offset| self.at(offset))
    }

    fn at(&self, offset: usize) -> Origin {
        let (line, _) = self.line_column(offset);
        let path = self.path.to_owned();
        Origin::File { path, line }
    }

    fn line_column(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = 1 + before.matches('\n').count();
        (line, 1 + before[line_start..].chars().count())
    }

    fn syntax(&self, error: &toml::de::Error) -> ConfigError {
        let start = error.span().map_or(self.text.len(), |span| span.start);
        let (line, column) = self.line_column(start);
        ConfigError::Syntax {
            path: self.path.to_owned(),
            line,
            column,
            reason: self.reason(error),
        }
    }

    /// Only names are repeated from the file: a value could be a secret.
    fn reason(&self, error: &toml::de::Error) -> String {
        let name = error.span().and_then(|span| self.text.get(span));
        match (error.message(), name) {
            ("duplicate key", Some(name)) => format!("`{name}` is here twice; keep one"),
            (message, _) => message.replace('\n', " "),
        }
    }
}

fn table_kind(table: &DeTable<'_>, place: &dyn Fn(usize) -> Origin) -> Kind {
    let entries = table.iter().map(|(name, value)| {
        let at = place(name.span().start);
        let kind = kind(value.get_ref(), place);
        (name.get_ref().to_string(), Node { at, kind })
    });
    Kind::Table(entries.collect())
}

fn list_kind(list: &DeArray<'_>, place: &dyn Fn(usize) -> Origin) -> Kind {
    let nodes = list.iter().map(|value: &Spanned<DeValue<'_>>| Node {
        at: place(value.span().start),
        kind: kind(value.get_ref(), place),
    });
    Kind::List(nodes.collect())
}

fn kind(value: &DeValue<'_>, place: &dyn Fn(usize) -> Origin) -> Kind {
    Kind::Leaf(match value {
        DeValue::Array(list) => return list_kind(list, place),
        DeValue::Table(table) => return table_kind(table, place),
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Datetime(moment) => moment.to_string().into(),
        DeValue::Float(number) => float(number.as_str()),
        DeValue::Integer(number) => integer(number),
        DeValue::String(text) => text.as_ref().into(),
    })
}

/// A number too large for any key stays text, and is refused as a text would be.
fn integer(number: &DeInteger<'_>) -> Value {
    let (digits, radix) = (number.as_str(), number.radix());
    i64::from_str_radix(digits, radix)
        .map(Value::from)
        .or_else(|_| u64::from_str_radix(digits, radix).map(Value::from))
        .unwrap_or_else(|_| number.to_string().into())
}

/// The same for `inf` and `nan`.
fn float(text: &str) -> Value {
    let number = text.parse().ok().and_then(Number::from_f64);
    number.map_or_else(|| text.into(), Value::Number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::key::Key;

    const TEXT: &str = "a = 1\n\n[smp]\nlisten = [\n  \"x\",\n  \"y\",\n]\n[smp.limits]\nb = inf\n";

    #[test]
    fn every_value_knows_its_line() {
        let layer = parse(Path::new("f"), TEXT).unwrap();
        let line = |key: Key| layer.root.find(key.steps()).unwrap().at.to_string();
        assert_eq!(line(Key::parse("a")), "f:1");
        assert_eq!(line(Key::parse("smp")), "f:3");
        assert_eq!(line(Key::parse("smp.listen")), "f:4");
        assert_eq!(line(Key::parse("smp.listen").index(1)), "f:6");
        assert_eq!(line(Key::parse("smp.limits.b")), "f:9");
    }

    #[test]
    fn numbers_keep_their_exact_value() {
        let leaf = |text| match parse_value(text, &Origin::Default).unwrap().kind {
            Kind::Leaf(value) => value,
            _ => Value::Null,
        };
        assert_eq!(leaf("-1_000"), -1000);
        assert_eq!(leaf("0x10"), 16);
        assert_eq!(leaf("18446744073709551615"), u64::MAX);
        assert_eq!(leaf("99999999999999999999"), "99999999999999999999");
        assert_eq!(leaf("1.5"), 1.5);
        assert_eq!(leaf("inf"), "inf");
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "[\\[\\]{}=.,'\"#\\n ä1a-c-]{0,40}") {
            let _ = parse(Path::new("f"), &text);
        }
    }
}
