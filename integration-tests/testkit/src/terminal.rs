//! A program on a terminal of its own: what it asks can be answered, and its screen looked at.
//!
//! The terminal is a real one (a pseudo-terminal of the kernel), so that Ctrl-C, sizes and raw mode
//! are what they are for people.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use vt100::Parser;

use crate::daemon::Exit;
use crate::poll;

/// How long the last words of an exited program may take to arrive.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A program that runs on a terminal, killed when dropped.
#[derive(Debug)]
pub struct Terminal {
    child: Child,
    keyboard: File,
    shown: Arc<Mutex<Shown>>,
}

/// All that was written to the terminal, and what it looks like.
struct Shown {
    output: Vec<u8>,
    screen: Parser,
    ended: bool,
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.screen.screen().contents())
    }
}

impl Terminal {
    /// Starts a program on a terminal of this many rows and columns.
    ///
    /// # Panics
    ///
    /// When there is no such program, or no `setsid` to give it the terminal.
    pub fn run(command: &Command, (rows, columns): (u16, u16)) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
        grantpt(&master)
            .and_then(|()| unlockpt(&master))
            .expect("it can be opened");
        tcsetwinsize(&master, size(rows, columns)).expect("it has a size");
        let name = ptsname(&master, Vec::new()).expect("it has a name");
        let name = name.to_string_lossy().into_owned();
        let open = || {
            Stdio::from(
                File::options()
                    .read(true)
                    .write(true)
                    .open(&name)
                    .expect("it opens"),
            )
        };
        let mut wrapped = on_a_terminal_of_its_own(command);
        wrapped.stdin(open()).stdout(open()).stderr(open());
        let child = wrapped.spawn().expect("setsid of util-linux starts");
        let shown = Arc::new(Mutex::new(Shown {
            output: Vec::new(),
            screen: Parser::new(cells(rows), cells(columns), 0),
            ended: false,
        }));
        watch(&master, Arc::clone(&shown));
        Self {
            child,
            keyboard: master.into(),
            shown,
        }
    }

    /// Types this.
    ///
    /// # Panics
    ///
    /// When nobody can read it any more.
    pub fn type_in(&self, text: &str) {
        let typed = (&self.keyboard).write_all(text.as_bytes());
        typed.unwrap_or_else(|error| panic!("cannot type {text:?} ({error}):\n{}", self.output()));
    }

    /// Waits until this is on the screen, or was said before, and gives the screen.
    ///
    /// # Panics
    ///
    /// When `limit` passes; with all that was said.
    pub fn wait_for(&self, text: &str, limit: Duration) -> String {
        let seen = poll::try_until(limit, || {
            let screen = self.screen();
            (screen.contains(text) || self.output().contains(text)).then_some(screen)
        });
        seen.unwrap_or_else(|| {
            panic!(
                "no {text:?} on the terminal:\n{}\n--- all:\n{:?}",
                self.screen(),
                self.output()
            )
        })
    }

    /// Waits until the screen is as wanted, and gives it.
    ///
    /// # Panics
    ///
    /// When `limit` passes; with the screen.
    pub fn wait_until(&self, limit: Duration, wanted: impl Fn(&str) -> bool) -> String {
        let seen = poll::try_until(limit, || {
            Some(self.screen()).filter(|screen| wanted(screen))
        });
        seen.unwrap_or_else(|| panic!("the screen is not as wanted:\n{}", self.screen()))
    }

    /// Answers a question, once it is asked.
    pub fn answer(&self, question: &str, answer: &str, limit: Duration) {
        self.wait_for(question, limit);
        self.type_in(&format!("{answer}\r"));
    }

    /// What is on the screen now, without the blanks at the ends of lines.
    pub fn screen(&self) -> String {
        self.shown(|shown| shown.screen.screen().contents())
    }

    /// Whether the program has switched to the screen for whole-screen programs.
    pub fn is_full_screen(&self) -> bool {
        self.shown(|shown| shown.screen.screen().alternate_screen())
    }

    /// Whether the program has hidden the cursor.
    pub fn hides_cursor(&self) -> bool {
        self.shown(|shown| shown.screen.screen().hide_cursor())
    }

    /// All that was written so far, escape sequences included.
    pub fn output(&self) -> String {
        self.shown(|shown| String::from_utf8_lossy(&shown.output).into_owned())
    }

    /// Makes the terminal larger or smaller, as who pulls at a window does.
    ///
    /// # Panics
    ///
    /// When the terminal is gone.
    pub fn resize(&self, (rows, columns): (u16, u16)) {
        self.shown(|shown| {
            shown
                .screen
                .screen_mut()
                .set_size(cells(rows), cells(columns));
        });
        tcsetwinsize(&self.keyboard, size(rows, columns)).expect("the terminal is there");
    }

    /// Sends the program a signal.
    ///
    /// # Panics
    ///
    /// When it has exited.
    pub fn signal(&mut self, signal: Signal) {
        let status = self
            .child
            .try_wait()
            .expect("our own child can be waited for");
        assert!(status.is_none(), "it has exited:\n{}", self.output());
        kill_process(Pid::from_child(&self.child), signal).expect("our own child");
    }

    /// Waits for the exit, at most `limit`. All that was said is its stdout.
    ///
    /// # Panics
    ///
    /// When it does not exit in time; with all it said.
    pub fn wait(&mut self, limit: Duration) -> Exit {
        let child = &mut self.child;
        let status = poll::try_until(limit, || child.try_wait().expect("our own child"));
        let status = status.unwrap_or_else(|| panic!("it still runs:\n{}", self.screen()));
        poll::try_until(LAST_WORDS, || self.shown(|shown| shown.ended).then_some(()));
        Exit {
            code: status.code(),
            signal: status.signal(),
            stdout: self.output(),
            stderr: String::new(),
        }
    }

    fn shown<T>(&self, look: impl FnOnce(&mut Shown) -> T) -> T {
        look(&mut self.shown.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `setsid` gives up the terminal of the test, takes the new one, and becomes the program; `env`
/// has it hear Ctrl-C also where the tests themselves were started in the background.
fn on_a_terminal_of_its_own(command: &Command) -> Command {
    let mut wrapped = Command::new("setsid");
    wrapped
        .args(["--ctty", "/usr/bin/env", "--default-signal=INT,QUIT"])
        .arg(command.get_program())
        .args(command.get_args());
    wrapped.env_clear().env("TERM", "xterm-256color");
    for (key, value) in command.get_envs() {
        if let Some(value) = value {
            wrapped.env(key, value);
        }
    }
    command
        .get_current_dir()
        .map(|dir| wrapped.current_dir(dir));
    wrapped
}

fn watch(master: &OwnedFd, shown: Arc<Mutex<Shown>>) {
    let mut output = File::from(master.try_clone().expect("a descriptor is left"));
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        // An error is how the kernel says that nobody has the terminal open any more.
        while let Ok(read @ 1..) = output.read(&mut bytes) {
            let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
            shown.output.extend_from_slice(&bytes[..read]);
            shown.screen.process(&bytes[..read]);
        }
        shown.lock().unwrap_or_else(PoisonError::into_inner).ended = true;
    });
}

fn size(rows: u16, columns: u16) -> Winsize {
    Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

fn cells(number: u16) -> NonZero<u16> {
    NonZero::new(number).expect("a terminal has rows and columns")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    fn shell(script: &str) -> Terminal {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(script).env("PATH", "/usr/bin:/bin");
        Terminal::run(&command, (24, 80))
    }

    #[test]
    fn questions_are_answered() {
        let mut terminal = shell("printf 'name? '; read -r name; echo \"hello $name\"; exit 3");
        terminal.answer("name? ", "ann", LIMIT);
        terminal.wait_for("hello ann", LIMIT);
        assert_eq!(terminal.wait(LIMIT).code, Some(3));
    }

    #[test]
    fn control_c_and_sizes_arrive() {
        let mut terminal =
            shell("stty size; trap 'stty size; exit 7' INT; echo up; while :; do sleep 0.01; done");
        terminal.wait_for("up", LIMIT);
        assert!(
            terminal.screen().starts_with("24 80\n"),
            "{}",
            terminal.screen()
        );
        terminal.resize((30, 100));
        terminal.type_in("\x03");
        assert_eq!(terminal.wait(LIMIT).code, Some(7));
        assert!(
            terminal.output().contains("30 100"),
            "{}",
            terminal.output()
        );
    }

    #[test]
    fn the_screen_is_what_is_seen() {
        let terminal = shell("printf '\\033[?1049h\\033[2J\\033[3;5Hhere'; read -r _");
        let screen = terminal.wait_for("here", LIMIT);
        assert_eq!(screen, "\n\n    here");
        assert!(terminal.is_full_screen());
    }
}
