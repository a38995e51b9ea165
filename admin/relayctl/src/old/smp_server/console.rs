//! What is said and asked: lines on standard output, as the older program had them, and questions
//! that a terminal or a pipe answers.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use super::End;

/// Says it on standard output. Who closed that does not want to hear.
pub(super) fn say(text: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Says on standard error what the older program would not have said.
pub(super) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Asks on standard output and reads a line; `None` when whoever piped the answers gave no more.
/// Who closes a terminal's input (Ctrl-D) wants to stop.
pub(super) fn ask(question: &str) -> Result<Option<String>, End> {
    let mut out = io::stdout().lock();
    let _ = write!(out, "{question}").and_then(|()| out.flush());
    let mut line = String::new();
    let stopped = || End::failed("nothing was changed");
    match io::stdin().lock().read_line(&mut line) {
        Ok(0) => {
            let _ = writeln!(out);
            if io::stdin().is_terminal() {
                Err(stopped())
            } else {
                Ok(None)
            }
        }
        Ok(_) => Ok(Some(line.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(End::failed("the answer is not UTF-8"))
        }
        Err(_) => Err(stopped()),
    }
}

/// A question that capital Y alone says yes to, after a warning.
pub(super) fn confirm(warning: &str, refused: &str) -> Result<(), End> {
    match ask(&format!("{warning}\nContinue (Y/n): "))?.as_deref() {
        Some("Y") => Ok(()),
        _ => Err(End::Refused(refused.to_owned())),
    }
}
