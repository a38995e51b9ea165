//! A daemon of its own for each test.

use std::path::Path;

use relay_testkit::daemon::Finished;
use relay_testkit::{Daemon, Relayd};
use tempfile::TempDir;

/// A place for a daemon, and the daemon if it runs.
pub(crate) struct House {
    /// How to start the daemon.
    pub(crate) relayd: Relayd,
    dir: TempDir,
}

impl House {
    /// With free ports, and room for few enough connections that no test meets a limit.
    pub(crate) fn new() -> Self {
        Self::with("")
    }

    /// With more in its configuration.
    pub(crate) fn with(more: &str) -> Self {
        let dir = temporary();
        let free = Relayd::free_config(dir.path());
        let config = format!("{free}\n[limits]\nmax_connections = 100\n{more}");
        // Neither relay, whatever the defaults are by now.
        let relayd = Relayd::new(dir.path())
            .env("RELAYD__SOGS__ENABLED", "false")
            .env("RELAYD__SMP__ENABLED", "false");
        Self {
            relayd: relayd.config(config),
            dir,
        }
    }

    /// With a Session Open Group Server at a socket of its own.
    pub(crate) fn with_sogs() -> Self {
        let Self { relayd, dir } = Self::new();
        let socket = format!("unix:{}", dir.path().join("sogs.sock").display());
        let relayd = relayd
            .env("RELAYD__SOGS__ENABLED", "true")
            .env("RELAYD__SOGS__LISTEN", socket)
            .env("RELAYD__SOGS__BASE_URL", "https://chat.test-relay.net");
        Self { relayd, dir }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Its daemon, ready.
    pub(crate) fn start(&self) -> Daemon {
        self.relayd.start()
    }

    /// Runs relayctl here.
    pub(crate) fn ctl<const N: usize>(&self, args: [&str; N]) -> Finished {
        self.relayd.relayctl(args)
    }

    /// The text with what differs from run to run taken out.
    pub(crate) fn steady(&self, text: &str) -> String {
        let text = text.replace(&*self.path().to_string_lossy(), "HERE");
        let lines: Vec<_> = text.lines().map(steady_line).collect();
        lines.join("\n")
    }
}

#[expect(
    clippy::expect_used,
    reason = "a test that cannot be set up has to fail"
)]
pub(crate) fn temporary() -> TempDir {
    tempfile::tempdir().expect("a temporary directory can be made")
}

/// Times, versions, processes and durations by what they are, columns without their padding.
fn steady_line(line: &str) -> String {
    let columns = line
        .split("  ")
        .map(str::trim)
        .filter(|column| !column.is_empty());
    let columns = columns.map(|column| {
        let mut previous = "";
        let words = column.split(' ').map(|word| {
            let steady = steady_word(previous, word);
            previous = word;
            steady
        });
        words.collect::<Vec<_>>().join(" ")
    });
    columns.collect::<Vec<_>>().join("  ")
}

fn steady_word(previous: &str, word: &str) -> String {
    let is_number = word.starts_with(|first: char| first.is_ascii_digit());
    let shape = |mark: char| (word.len(), word.matches(mark).count());
    match previous.trim_start_matches('(') {
        "process" if is_number => format!(
            "PID{}",
            word.trim_start_matches(|c: char| c.is_ascii_digit())
        ),
        "relayd" if is_number => "VERSION".to_owned(),
        "up" if is_number => "SPAN".to_owned(),
        _ if is_number && shape('-') == (10, 2) => "DATE".to_owned(),
        _ if is_number && shape(':') == (8, 2) => "TIME".to_owned(),
        _ => word.to_owned(),
    }
}

/// Asserts that it was done, and gives what it said.
#[track_caller]
pub(crate) fn done(finished: Finished) -> String {
    assert_eq!(
        (finished.code, &*finished.stderr),
        (Some(0), ""),
        "{finished:?}"
    );
    finished.stdout
}

/// Asserts that it was refused with this exit code and one line, in text and in JSON alike; gives
/// the line.
#[track_caller]
pub(crate) fn refused<const N: usize>(house: &House, args: [&str; N], code: i32) -> String {
    let text = house.ctl(args);
    assert_eq!((text.code, &*text.stdout), (Some(code), ""), "{text:?}");
    let line = text.stderr.strip_prefix("relayctl: ").unwrap_or_default();
    assert_eq!(line.lines().count(), 1, "{text:?}");
    let json = house.relayd.relayctl(args.iter().chain([&"--json"]));
    assert_eq!((json.code, &*json.stdout), (Some(code), ""), "{json:?}");
    let error = json.stderr.trim();
    assert!(
        error.starts_with("{\"error\":\"") && error.ends_with("\"}"),
        "{error}"
    );
    line.trim_end().to_owned()
}
