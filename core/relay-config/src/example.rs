//! [`example`]: the whole configuration file, commented, from the types and their doc comments.
//!
//! Three kinds of lines: prose and samples begin with `# `, defaults with `#` and the key itself.
//! Taking that one `#` away everywhere gives a file that says what holds without any file.

use std::fmt::Write as _;

use serde_json::Value;

use crate::{
    SectionSpec,
    catalog::{Catalog, Entry, Table},
    literal::literal,
    shape::{self, Shape},
};

/// Writes the commented file for these sections.
pub fn example(specs: &[SectionSpec]) -> String {
    let catalog = Catalog::of(specs);
    let mut page = Page::default();
    page.prose(INTRO);
    for table in catalog.tables() {
        page.table(&table);
    }
    page.0
}

const INTRO: &str = "\
The configuration of relayd. Every key is here, with its manual.

A key right behind a # shows its default: take the # away to set it. A key behind a # and a space \
is a sample for what is not set. Whatever is left out keeps its default. Files in conf.d beside this one are read after it, in the \
order of their names, and an environment variable such as RELAYD__SECTION__KEY wins over all.

Durations are written like 250ms, 10s, 5m, 12h or 21d; sizes like 512, 16KiB, 64MiB or 2GiB.";

#[derive(Default)]
struct Page(String);

impl Page {
    fn table(&mut self, table: &Table<'_>) {
        let name = table.key.to_string();
        if name.is_empty() {
            self.blank_prose(shape::doc(table.schema));
        } else {
            self.blank();
            self.prose(shape::doc(table.schema));
            let comment = if table.optional { "# " } else { "" };
            self.line(&format!("{comment}[{name}]"));
        }
        for entry in &table.entries {
            self.blank();
            self.entry(entry, table.optional);
        }
    }

    fn entry(&mut self, entry: &Entry<'_>, optional: bool) {
        self.prose(shape::doc(entry.schema));
        self.choices(entry.schema);
        let is_set = is_set(entry);
        let sample = sample(entry, is_set);
        let default = if is_set {
            format!("Default: {sample}.")
        } else {
            "Not set by default. For example:".to_owned()
        };
        let reload = if entry.reloadable {
            "A reload (SIGHUP) takes a new value over. "
        } else {
            ""
        };
        self.line(&format!("# {reload}{default}"));
        let comment = if is_set && !optional { "#" } else { "# " };
        self.line(&format!("{comment}{} = {sample}", entry.key.last()));
    }

    fn choices(&mut self, schema: &Value) {
        let allowed = shape::allowed(schema);
        if allowed.is_empty() {
            return;
        }
        if allowed.iter().all(|choice| choice.meaning.is_empty()) {
            let values: Vec<_> = allowed
                .iter()
                .map(|choice| format!("\"{}\"", choice.value))
                .collect();
            return self.prose(&format!("One of {}.", values.join(", ")));
        }
        self.line("# One of:");
        for choice in allowed {
            self.prose(&format!("- \"{}\": {}", choice.value, choice.meaning));
        }
    }

    fn blank_prose(&mut self, text: &str) {
        if !text.is_empty() {
            self.blank();
            self.prose(text);
        }
    }

    /// Fills the lines of each paragraph; an item of a list is a paragraph of its own.
    fn prose(&mut self, text: &str) {
        for (index, paragraph) in paragraphs(text).iter().enumerate() {
            let is_item = paragraph.starts_with("- ");
            if index > 0 && !is_item {
                self.line("#");
            }
            self.fill(paragraph, if is_item { "#   " } else { "# " });
        }
    }

    fn fill(&mut self, paragraph: &str, indent: &str) {
        let mut line = String::from("#");
        for word in paragraph.split_whitespace() {
            if line.chars().count() + 1 + word.chars().count() > WIDTH {
                self.line(&line);
                line = format!("{indent}{word}");
            } else {
                // Writing to a String cannot fail.
                let _ = write!(line, " {word}");
            }
        }
        self.line(&line);
    }

    fn blank(&mut self) {
        self.0.push('\n');
    }

    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }
}

fn paragraphs(text: &str) -> Vec<String> {
    let mut paragraphs: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in text.lines().map(str::trim) {
        let is_item = line.starts_with("- ");
        match paragraphs.last_mut() {
            Some(paragraph) if is_open && !is_item && !line.is_empty() => {
                paragraph.push(' ');
                paragraph.push_str(line);
            }
            _ if line.is_empty() => {}
            _ => paragraphs.push(line.to_owned()),
        }
        is_open = !line.is_empty();
    }
    paragraphs
}

fn is_set(entry: &Entry<'_>) -> bool {
    !entry.default.is_null() && !entry.secret()
}

fn sample(entry: &Entry<'_>, is_set: bool) -> String {
    let chosen = entry.schema.get("x-example");
    let value = if is_set { Some(entry.default) } else { chosen };
    value.map_or_else(|| placeholder(entry.schema), literal)
}

fn placeholder(schema: &Value) -> String {
    let choice = shape::allowed(schema)
        .first()
        .map(|allowed| literal(&allowed.value.into()));
    choice.unwrap_or_else(|| match Shape::of(schema) {
        Shape::List(_) => "[]".to_owned(),
        Shape::Other if shape::has_type(schema, "boolean") => "true".to_owned(),
        Shape::Other if shape::has_type(schema, "integer") => "1".to_owned(),
        Shape::Other if shape::has_type(schema, "number") => "1.0".to_owned(),
        Shape::Other | Shape::Text => "\"...\"".to_owned(),
    })
}

const WIDTH: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_filled_and_items_stay_apart() {
        let mut page = Page::default();
        page.prose("One\ntwo.\n\nThree:\n- four\n  five\n- six");
        assert_eq!(page.0, "# One two.\n#\n# Three:\n# - four five\n# - six\n");
    }

    #[test]
    fn no_line_of_prose_is_too_wide() {
        let mut page = Page::default();
        page.prose(&"word ".repeat(200));
        assert!(page.0.lines().all(|line| line.len() <= WIDTH));
    }
}
