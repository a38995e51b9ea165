//! Questions: one line each on standard error, the answer one line of standard input, whether
//! somebody types it or a pipe holds it. Nothing at all takes what is proposed.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::failure::Failure;
use crate::output::harmless;

/// Asks, or takes what is proposed for everything.
pub(super) struct Asker {
    silent: bool,
    is_typed: bool,
}

impl Asker {
    pub(super) fn new(silent: bool) -> Self {
        Self {
            silent,
            is_typed: io::stdin().is_terminal(),
        }
    }

    /// Whether nothing is asked.
    pub(super) fn is_silent(&self) -> bool {
        self.silent
    }

    /// Says what the next questions are about.
    pub(super) fn explain(&self, text: &str) {
        if !self.silent {
            say(&format!("\n{text}\n"));
        }
    }

    /// Asks until `parse` understands the answer; `proposed` is that of an empty line.
    pub(super) fn ask<T>(
        &mut self,
        question: &str,
        proposed: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Failure> {
        loop {
            let answer = self.line(question, proposed)?;
            match parse(&answer) {
                Ok(understood) => return Ok(understood),
                Err(reason) if self.silent => {
                    return Err(Failure::Usage(format!("{question}: {reason}")));
                }
                Err(reason) => say(&format!("  {}\n", harmless(&reason))),
            }
        }
    }

    /// Yes or no.
    pub(super) fn confirm(&mut self, question: &str, proposed: bool) -> Result<bool, Failure> {
        let shown = if proposed { "yes" } else { "no" };
        self.ask(question, shown, |answer| {
            match answer.to_ascii_lowercase().as_str() {
                "y" | "yes" => Ok(true),
                "n" | "no" => Ok(false),
                _ => Err("answer yes or no".to_owned()),
            }
        })
    }

    fn line(&mut self, question: &str, proposed: &str) -> Result<String, Failure> {
        if self.silent {
            return Ok(proposed.to_owned());
        }
        let hint = match proposed {
            "" => String::new(),
            proposed => format!(" [{}]", harmless(proposed)),
        };
        say(&format!("{question}{hint}: "));
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        let read =
            read.map_err(|error| Failure::Usage(format!("the answers cannot be read: {error}")))?;
        if read == 0 {
            say("\n");
            return Err(Failure::Usage(format!(
                "there was no answer to `{question}`; nothing was written. Answer every question, or say --yes"
            )));
        }
        // What is piped in should be seen as if it had been typed.
        if !self.is_typed {
            say(&format!("{}\n", harmless(answer.trim())));
        }
        let answer = answer.trim();
        Ok(if answer.is_empty() { proposed } else { answer }.to_owned())
    }
}

fn say(text: &str) {
    let mut stderr = io::stderr().lock();
    // Who cannot see the question cannot be helped.
    let _ = stderr
        .write_all(text.as_bytes())
        .and_then(|()| stderr.flush());
}
