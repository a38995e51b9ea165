//! What a child process says, kept line by line.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::poll::Deadline;

/// Which of the two streams a line came from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Source {
    Stdout,
    Stderr,
}

/// Everything said so far, filled by one thread for each stream.
#[derive(Debug, Default)]
pub(super) struct Output {
    heard: Mutex<Heard>,
    more: Condvar,
}

#[derive(Debug, Default)]
struct Heard {
    lines: Vec<(Source, String)>,
    open: usize,
}

impl Output {
    /// Starts listening to one more stream; the thread ends with the stream.
    pub(super) fn listen(self: &Arc<Self>, source: Source, stream: impl Read + Send + 'static) {
        self.change(|heard| heard.open += 1);
        let output = Arc::clone(self);
        thread::spawn(move || {
            each_line(stream, |line| {
                output.change(|heard| heard.lines.push((source, line)));
            });
            output.change(|heard| heard.open -= 1);
        });
    }

    /// The first line that has `pattern` in it, now or until `limit` has passed or all is said.
    pub(super) fn find(&self, pattern: &str, limit: Duration) -> Option<String> {
        self.wait(limit, |heard| {
            let found = heard.lines.iter().find(|(_, line)| line.contains(pattern));
            found.map(|(_, line)| line.clone())
        })
    }

    /// Waits until both streams have ended, which a grandchild that holds them may put off.
    pub(super) fn wait_for_end(&self, limit: Duration) {
        self.wait(limit, |heard| (heard.open == 0).then_some(()));
    }

    /// One stream's lines so far, each with its line feed.
    pub(super) fn of(&self, source: Source) -> String {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = heard.lines.iter().filter(|(from, _)| *from == source);
        lines.flat_map(|(_, line)| [&**line, "\n"]).collect()
    }

    fn change(&self, change: impl FnOnce(&mut Heard)) {
        change(&mut self.heard.lock().unwrap_or_else(PoisonError::into_inner));
        self.more.notify_all();
    }

    fn wait<T>(&self, limit: Duration, look: impl Fn(&Heard) -> Option<T>) -> Option<T> {
        let deadline = Deadline::after(limit);
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let found = look(&heard);
            let left = deadline.left();
            if found.is_some() || heard.open == 0 || left.is_zero() {
                return found;
            }
            let waited = self.more.wait_timeout(heard, left);
            heard = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

fn each_line(stream: impl Read, mut take: impl FnMut(String)) {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    while matches!(stream.read_until(b'\n', &mut line), Ok(1..)) {
        let text = String::from_utf8_lossy(&line);
        take(text.trim_end_matches('\n').to_owned());
        line.clear();
    }
}
