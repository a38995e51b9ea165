//! Printing as the older programs do: lines as they are, to the two streams.
//!
//! Text from elsewhere (names, descriptions) may have many lines, but cannot control the terminal.

use std::io::{self, Write};

/// Prints on standard output.
pub(super) fn out(text: &str) {
    write(io::stdout().lock(), text);
}

/// Prints on standard error.
pub(super) fn err(text: &str) {
    write(io::stderr().lock(), text);
}

/// Asks a question and gives the answer; `None` when nobody can answer.
pub(super) fn ask(question: &str) -> Option<String> {
    out(question);
    let mut answer = String::new();
    match io::stdin().read_line(&mut answer) {
        Ok(1..) => Some(answer.trim().to_owned()),
        Ok(0) | Err(_) => {
            out("\n");
            None
        }
    }
}

fn write(mut stream: impl Write, text: &str) {
    let is_safe = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    let safe: String = text.chars().filter(is_safe).collect();
    // Nobody is left to be told: `sogs -L | head -1`.
    let _ = stream
        .write_all(safe.as_bytes())
        .and_then(|()| stream.flush());
}
