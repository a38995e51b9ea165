//! A shell script that outlives the test process by a moment, to clean up after it.
//!
//! The script reads commands from its stdin, whose other end only we hold. When we are gone, by
//! whatever death, it reads end of file and undoes what it had done. That needs no unsafe code and
//! no signal, and works for `kill -9` too.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// The running script. Dropping it ends the script and waits for that.
#[derive(Debug)]
pub(crate) struct Guardian {
    script: Child,
    line: Mutex<Option<Line>>,
}

#[derive(Debug)]
struct Line {
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Guardian {
    /// Starts `sh -c script sh args…` in its own process group, so that a Ctrl-C at the terminal
    /// reaches us only and the script sees the orderly end.
    ///
    /// `prepare` may choose the user and the environment.
    pub(crate) fn start(script: &str, args: &[&str], prepare: impl FnOnce(&mut Command)) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", script, "sh"]).args(args);
        shell.process_group(0);
        shell.stdin(Stdio::piped()).stdout(Stdio::piped());
        prepare(&mut shell);
        let mut script = shell.spawn().expect("sh starts");
        let commands = script.stdin.take().expect("stdin is piped");
        let answers = BufReader::new(script.stdout.take().expect("stdout is piped"));
        let line = Mutex::new(Some(Line { commands, answers }));
        Self { script, line }
    }

    /// Gives a command and waits for its one line of answer.
    pub(crate) fn ask(&self, command: &str) -> String {
        self.with_line(|line| {
            writeln!(line.commands, "{command}").expect("the guardian takes commands");
            line.answer()
        })
    }

    /// Waits for a line that the script says unasked.
    pub(crate) fn answer(&self) -> String {
        self.with_line(Line::answer)
    }

    fn with_line<T>(&self, talk: impl FnOnce(&mut Line) -> T) -> T {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        talk(line.as_mut().expect("the guardian is there until dropped"))
    }
}

impl Line {
    fn answer(&mut self) -> String {
        let mut answer = String::new();
        self.answers
            .read_line(&mut answer)
            .expect("the guardian answers");
        answer.truncate(answer.trim_end().len());
        answer
    }
}

impl Drop for Guardian {
    fn drop(&mut self) {
        let line = self.line.get_mut().unwrap_or_else(PoisonError::into_inner);
        drop(line.take());
        // It cleans up as well as it can; a panic here would hide the test's own.
        let _ = self.script.wait();
    }
}
