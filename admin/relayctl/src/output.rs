//! What is printed: JSON for scripts, text and tables for people.
//!
//! Text from elsewhere (notes, names, reasons) cannot move the cursor or change the colours of the
//! terminal it is shown on. Colour is used on a terminal only, and not with `NO_COLOR`.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::time::Duration;

use comfy_table::{Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::json;

use crate::failure::Failure;

/// How often a spinner moves.
const TICK: Duration = Duration::from_millis(100);

/// Where answers go, and in which form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
    coloured: bool,
}

/// A colour that means something.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Colour {
    Good,
    Doubtful,
    Bad,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            json,
            coloured: !unwanted && io::stdout().is_terminal(),
        }
    }

    /// Prints an answer: `value` as JSON, or its `text`.
    pub(crate) fn answer(
        self,
        value: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        let text = if self.json {
            serde_json::to_string_pretty(value).map_err(unwritten)?
        } else {
            text()
        };
        print(&text)
    }

    /// Says on standard error why there is no answer.
    pub(crate) fn failure(self, line: &str) {
        let line = if self.json {
            json!({ "error": line }).to_string()
        } else {
            format!("relayctl: {}", harmless(&brief(line)))
        };
        // Nobody is left to be told.
        let _ = writeln!(io::stderr(), "{line}");
    }

    /// Says on standard error what is being waited for.
    pub(crate) fn progress(self, line: &str) {
        if !self.json && io::stderr().is_terminal() {
            let _ = writeln!(io::stderr(), "{line}");
        }
    }

    /// Shows on a terminal that something takes its time, until what is given back is dropped.
    pub(crate) fn working(self, line: &str) -> Working {
        let is_seen = !self.json && io::stderr().is_terminal();
        Working(is_seen.then(|| spinner(line)))
    }

    /// A line that must look the same on any background.
    pub(crate) fn light_on_dark(self, line: &str) -> String {
        if self.coloured {
            format!("\x1b[97;40m{line}\x1b[0m")
        } else {
            line.to_owned()
        }
    }

    pub(crate) fn paint(self, colour: Colour, text: &str) -> String {
        let code = match colour {
            Colour::Good => 32,
            Colour::Doubtful => 33,
            Colour::Bad => 31,
        };
        if self.coloured {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Long work that is shown.
#[must_use = "it is shown as long as this lives"]
pub(crate) struct Working(Option<ProgressBar>);

impl Drop for Working {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

fn spinner(line: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    // Its own style is the fallback for a template that is not understood.
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
        bar.set_style(style);
    }
    bar.set_message(line.to_owned());
    bar.enable_steady_tick(TICK);
    bar
}

fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let written = write!(stdout, "{text}{end}").and_then(|()| stdout.flush());
    match written {
        // The reader has seen enough: `relayctl config example | head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(unwritten),
    }
}

fn unwritten(error: impl std::fmt::Display) -> Failure {
    Failure::Refused(format!("the answer cannot be written: {error}"))
}

/// Lines up cells under a header, without any borders.
pub(crate) fn table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    for row in rows {
        table.add_row(row.map(|cell| harmless(&cell)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

/// `no files`, `1 file`, `2 files`.
pub(crate) fn count(number: u64, what: &str) -> String {
    match number {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}

/// How much of a line has what is wrong in it, and how much what to do.
const TELLING: usize = 500;

/// The line without the middle of what is very long: somebody else's text, given back.
fn brief(line: &str) -> Cow<'_, str> {
    let count = line.chars().count();
    if count <= 2 * TELLING {
        return line.into();
    }
    let start: String = line.chars().take(TELLING).collect();
    let end: String = line.chars().skip(count - TELLING).collect();
    format!("{start} … {end}").into()
}

/// The text with its control characters spelt out.
pub(crate) fn harmless(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            // Writing to a String cannot fail.
            let _ = write!(safe, "{}", character.escape_default());
        } else {
            safe.push(character);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_line_up_without_borders() {
        let rows = [["a", "waiting"], ["store.maintenance", "paused"]];
        let table = table(["NAME", "STATE"], rows.map(|row| row.map(str::to_owned)));
        insta::assert_snapshot!(table, @r#"
        NAME               STATE
        a                  waiting
        store.maintenance  paused
        "#);
    }

    #[test]
    fn what_is_very_long_keeps_its_ends() {
        assert_eq!(brief("short"), "short");
        let long = format!("`{}` is no token", "ä".repeat(5000));
        let brief = brief(&long);
        assert!(brief.starts_with("`ä") && brief.ends_with("ä` is no token"));
        assert!(brief.chars().count() < 1010);
    }

    #[test]
    fn text_cannot_control_the_terminal() {
        assert_eq!(harmless("a\x1b[31mb\nc\u{9b}"), r"a\u{1b}[31mb\nc\u{9b}");
    }
}
