//! The real `relayd` as a child process, and `relayctl` beside it.
//!
//! ```no_run
//! use relay_testkit::{Relayd, Signal};
//! use std::time::Duration;
//!
//! let dir = tempfile::tempdir().unwrap();
//! let daemon = Relayd::new(dir.path())
//!     .config(Relayd::free_config(dir.path()))
//!     .start();
//! assert_eq!(daemon.relayctl(["status"]).code, Some(0));
//! daemon.signal(Signal::TERM);
//! assert_eq!(daemon.wait(Duration::from_secs(10)).code, Some(0));
//! ```
//!
//! A daemon runs in its own directory, with an environment that holds only what the test gave it,
//! and is killed when dropped. Everything it says is kept and becomes part of a panic's message.

mod output;
mod settings;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process};
use serde_json::Value;

use self::output::{Output, Source};
use self::settings::Settings;
use crate::http::Client;
use crate::{binaries, poll};

/// A debug build on a busy machine; a start this slow is a fault.
const STARTUP: Duration = Duration::from_mins(1);
/// How long the last words of an exited daemon may take to arrive.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Metrics' address by default (design: names that scripts rely on).
const METRICS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9464);
/// What a child needs of our environment.
const INHERITED: [&str; 5] = [
    "HOME",
    "LLVM_PROFILE_FILE",
    "PATH",
    "RUST_BACKTRACE",
    "TMPDIR",
];

/// How to run `relayd` in a directory; can be started again and again.
#[derive(Clone, Debug)]
#[must_use = "it has to be started"]
pub struct Relayd {
    dir: PathBuf,
    program: Option<PathBuf>,
    settings: Settings,
    env: Vec<(OsString, OsString)>,
    args: Vec<OsString>,
    stdin: Option<Arc<OwnedFd>>,
}

impl Relayd {
    /// A daemon whose working directory is `dir`, without any config.
    pub fn new(dir: impl AsRef<Path>) -> Self {
        Self {
            dir: dir.as_ref().to_path_buf(),
            program: None,
            settings: Settings::default(),
            env: Vec::new(),
            args: Vec::new(),
            stdin: None,
        }
    }

    /// A config text with its data below `dir` and every listener on a free loopback port.
    pub fn free_config(dir: impl AsRef<Path>) -> String {
        settings::free(dir.as_ref())
    }

    /// A loopback address with a free port, for configs written by hand.
    pub fn free_address() -> SocketAddr {
        settings::free_address()
    }

    /// Writes `relayd.toml` into the working directory, where the daemon looks for it.
    ///
    /// The text need not be valid. Metrics' address and the admin socket are taken from it.
    pub fn config(mut self, text: impl AsRef<str>) -> Self {
        let written = fs::write(self.dir.join("relayd.toml"), text.as_ref());
        written.expect("the working directory can be written");
        self.settings = Settings::parse(text.as_ref());
        self
    }

    /// Sets an environment variable, for the daemon and for `relayctl`.
    pub fn env(mut self, key: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((key.into(), value.into()));
        self
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Runs another program than the `relayd` just built: an older one, or a wrapper.
    pub fn program(mut self, path: impl Into<PathBuf>) -> Self {
        self.program = Some(path.into());
        self
    }

    /// Gives it this as stdin, which is otherwise empty: a socket, say, for a wrapper to pass on.
    pub fn stdin(mut self, stdin: impl Into<OwnedFd>) -> Self {
        self.stdin = Some(Arc::new(stdin.into()));
        self
    }

    /// Starts it and waits until it is ready.
    pub fn start(&self) -> Daemon {
        let daemon = self.spawn();
        daemon.ready();
        daemon
    }

    /// Starts it without waiting for anything.
    pub fn spawn(&self) -> Daemon {
        let program = self.program.clone().unwrap_or_else(binaries::relayd);
        let mut command = self.command(&program);
        command.args(&self.args).stdin(self.its_stdin());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = command.spawn();
        let child = started.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        Daemon::of(child, self.clone())
    }

    /// Runs `relayctl` to its end; the daemon need not be running.
    pub fn relayctl<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Finished {
        let mut command = self.relayctl_command();
        let output = command.args(args).stdin(Stdio::null()).output();
        Finished::of(output.expect("relayctl starts"))
    }

    /// `relayctl`, to be given arguments and run: on a terminal, say.
    pub fn relayctl_command(&self) -> Command {
        let mut command = self.command(&binaries::relayctl());
        command.env("RELAYCTL_SOCKET", self.admin_socket());
        command
    }

    /// Runs a line of shell in the daemon's directory, where `relayctl` also goes by the names of
    /// the programs that relayd replaces; the daemon need not be running.
    pub fn shell(&self, line: &str) -> Finished {
        let output = self.shell_command(line).stdin(Stdio::null()).output();
        Finished::of(output.expect("a shell starts"))
    }

    /// The same, to be run otherwise: on a terminal, or with something to read.
    pub fn shell_command(&self, line: &str) -> Command {
        let mut command = self.command(Path::new("/bin/sh"));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let names = self.dir.join(".names");
        binaries::link_old_names(&names);
        let mut folders = vec![names];
        folders.extend(std::env::split_paths(&path));
        let path = std::env::join_paths(folders).expect("folders without colons");
        command.env("PATH", path).arg("-c").arg(line);
        command
    }

    /// The daemon's working directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The daemon's data directory.
    pub fn data_dir(&self) -> PathBuf {
        self.settings.data_dir(&self.dir)
    }

    /// The daemon's admin socket.
    pub fn admin_socket(&self) -> PathBuf {
        self.settings.admin_socket(&self.dir)
    }

    /// Where a section of the config listens, if it says so.
    pub fn listen(&self, section: &str) -> Option<SocketAddr> {
        self.settings.listen(section)
    }

    fn its_stdin(&self) -> Stdio {
        match &self.stdin {
            Some(stdin) => stdin.try_clone().expect("a descriptor is left").into(),
            None => Stdio::null(),
        }
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.dir).env_clear();
        let inherited = INHERITED
            .iter()
            .filter_map(|key| Some((key, std::env::var_os(key)?)));
        command.envs(inherited);
        command.envs(self.env.iter().map(|(key, value)| (key, value)));
        command
    }
}

/// A running `relayd`, killed when dropped.
#[derive(Debug)]
pub struct Daemon {
    how: Relayd,
    child: Mutex<Child>,
    pid: Pid,
    output: Arc<Output>,
}

impl Daemon {
    fn of(mut child: Child, how: Relayd) -> Self {
        let pid = Pid::from_child(&child);
        let output = Arc::new(Output::default());
        output.listen(
            Source::Stdout,
            child.stdout.take().expect("stdout is piped"),
        );
        output.listen(
            Source::Stderr,
            child.stderr.take().expect("stderr is piped"),
        );
        let child = Mutex::new(child);
        Self {
            how,
            child,
            pid,
            output,
        }
    }

    /// Waits until `/readyz` answers 200.
    ///
    /// # Panics
    ///
    /// When the daemon exits before, or takes a minute; with all it said.
    pub fn ready(&self) {
        let metrics = self.metrics();
        let ready = poll::try_until(STARTUP, || {
            if let Some(status) = self.exited() {
                self.output.wait_for_end(LAST_WORDS);
                panic!(
                    "relayd exited before it was ready ({status}):\n{}",
                    self.words()
                );
            }
            let answer = metrics.get("/readyz").ok()?;
            (answer.status == 200).then_some(())
        });
        assert!(ready.is_some(), "relayd is not ready:\n{}", self.words());
    }

    /// A client of the metrics listener: `/metrics`, `/livez`, `/readyz`.
    pub fn metrics(&self) -> Client {
        Client::new(self.how.listen("metrics").unwrap_or(METRICS))
    }

    /// A client of the admin API.
    pub fn admin(&self) -> Client {
        Client::new(&*self.how.admin_socket())
    }

    /// Runs `relayctl` against this daemon.
    pub fn relayctl<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Finished {
        self.how.relayctl(args)
    }

    /// How it was started: its directories, sockets and addresses.
    pub fn how(&self) -> &Relayd {
        &self.how
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_pid().unsigned_abs()
    }

    /// Whether it still runs.
    pub fn is_running(&self) -> bool {
        self.exited().is_none()
    }

    /// What it said on stdout so far.
    pub fn stdout(&self) -> String {
        self.output.of(Source::Stdout)
    }

    /// What it said on stderr so far.
    pub fn stderr(&self) -> String {
        self.output.of(Source::Stderr)
    }

    /// Waits for a line with `pattern` in it, on stdout or stderr; earlier lines count.
    ///
    /// # Panics
    ///
    /// When `limit` passes or the daemon falls silent for ever; with all it said.
    pub fn wait_for_line(&self, pattern: &str, limit: Duration) -> String {
        let found = self.output.find(pattern, limit);
        found.unwrap_or_else(|| panic!("relayd did not say {pattern:?}:\n{}", self.words()))
    }

    /// Sends a signal.
    ///
    /// # Panics
    ///
    /// When the daemon has exited.
    pub fn signal(&self, signal: Signal) {
        // Held, so that nobody reaps the process and gives its id away meanwhile.
        let mut child = self.child();
        let status = child.try_wait().expect("our own child can be waited for");
        assert!(
            status.is_none(),
            "no {signal:?}, relayd has exited:\n{}",
            self.words()
        );
        kill_process(self.pid, signal).expect("our own child can be signalled");
    }

    /// Kills it as `kill -9` does and waits until it is gone; nothing happens if it is.
    pub fn kill9(&self) {
        let mut child = self.child();
        child.kill().expect("our own child can be killed");
        child.wait().expect("our own child can be waited for");
    }

    /// Waits for the exit, at most `limit`.
    ///
    /// # Panics
    ///
    /// When it does not exit in time; with all it said.
    pub fn wait(&self, limit: Duration) -> Exit {
        let status = poll::try_until(limit, || self.exited())
            .unwrap_or_else(|| panic!("relayd still runs after {limit:?}:\n{}", self.words()));
        self.output.wait_for_end(LAST_WORDS);
        Exit {
            code: status.code(),
            signal: status.signal(),
            stdout: self.stdout(),
            stderr: self.stderr(),
        }
    }

    fn exited(&self) -> Option<ExitStatus> {
        let status = self.child().try_wait();
        status.expect("our own child can be waited for")
    }

    fn words(&self) -> String {
        format!("--- stdout\n{}--- stderr\n{}", self.stdout(), self.stderr())
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill9();
    }
}

/// How a daemon ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Exit {
    /// The exit code, if it exited by itself.
    pub code: Option<i32>,
    /// The signal, if one killed it.
    pub signal: Option<i32>,
    /// All it said on stdout.
    pub stdout: String,
    /// All it said on stderr.
    pub stderr: String,
}

/// What `relayctl` answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finished {
    /// The exit code, unless a signal killed it.
    pub code: Option<i32>,
    /// All it said on stdout.
    pub stdout: String,
    /// All it said on stderr.
    pub stderr: String,
}

impl Finished {
    /// What a program that ran to its end left.
    pub fn of(output: std::process::Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Its stdout as JSON.
    ///
    /// # Panics
    ///
    /// When it is none; with both streams.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("relayctl: not JSON ({error}): {self:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    /// A shell script in the daemon's place.
    fn script(dir: &Path, text: &str) -> Relayd {
        let shell = Relayd::new(dir).program("/bin/sh");
        shell.arg("-c").arg(text)
    }

    #[test]
    fn lines_and_exit_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let daemon = script(dir.path(), "echo out; echo loud >&2; read -r _; exit 64").spawn();
        assert_eq!(daemon.wait_for_line("lou", LIMIT), "loud");
        let exit = daemon.wait(LIMIT);
        assert_eq!((exit.code, exit.signal), (Some(64), None));
        assert_eq!((&*exit.stdout, &*exit.stderr), ("out\n", "loud\n"));
    }

    #[test]
    fn signals_arrive_and_deaths_by_them_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let text = "trap 'echo reloaded' HUP; echo up; while :; do sleep 0.01; done";
        let daemon = script(dir.path(), text).spawn();
        daemon.wait_for_line("up", LIMIT);
        daemon.signal(Signal::HUP);
        daemon.wait_for_line("reloaded", LIMIT);
        assert!(daemon.is_running());
        daemon.kill9();
        let exit = daemon.wait(LIMIT);
        assert_eq!((exit.code, exit.signal), (None, Some(9)));
    }

    #[test]
    fn only_the_given_environment_reaches_the_child() {
        let dir = tempfile::tempdir().unwrap();
        let daemon = script(dir.path(), "env; pwd")
            .env("RELAYD__LOG__LEVEL", "debug")
            .spawn();
        let told = daemon.wait(LIMIT).stdout;
        let cwd = dir.path().canonicalize().unwrap();
        assert!(told.contains(cwd.to_str().unwrap()), "{told}");
        assert!(told.contains("RELAYD__LOG__LEVEL=debug"), "{told}");
        assert!(!told.contains("CARGO"), "{told}");
    }

    #[test]
    #[should_panic(expected = "no such port")]
    fn a_daemon_that_does_not_start_says_why() {
        let dir = tempfile::tempdir().unwrap();
        let config = Relayd::free_config(dir.path());
        script(dir.path(), "echo no such port >&2; exit 69")
            .config(config)
            .start();
    }

    #[test]
    #[should_panic(expected = "relayd still runs")]
    fn a_daemon_that_does_not_stop_fails_its_test() {
        let dir = tempfile::tempdir().unwrap();
        let daemon = script(dir.path(), "exec sleep 60").spawn();
        daemon.wait(Duration::from_millis(20));
    }

    #[test]
    fn dropped_it_is_dead() {
        let dir = tempfile::tempdir().unwrap();
        let daemon = script(dir.path(), "exec sleep 60").spawn();
        let proc = PathBuf::from(format!("/proc/{}", daemon.pid()));
        assert!(proc.exists());
        drop(daemon);
        assert!(!proc.exists());
    }
}
