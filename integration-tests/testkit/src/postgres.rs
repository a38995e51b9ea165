//! A temporary PostgreSQL from the system's packages, reachable over a unix socket only.
//!
//! Tests of queries share one server per process and take a [`Postgres::database`] of their own:
//!
//! ```no_run
//! use relay_testkit::Postgres;
//!
//! let Some(postgres) = Postgres::shared() else { return };
//! let url = postgres.database();
//! ```
//!
//! Tests of faults [`Postgres::start`] a private one, which they may stop, kill and start again.
//! The server runs below a guardian and ends with the test process, however that ends. As root it
//! runs under the account `postgres`, since PostgreSQL refuses to be root.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, geteuid, kill_process};

use crate::guardian::Guardian;
use crate::{poll, skip};

const SCRIPT: &str = include_str!("postgres.sh");
const USER: &str = "relay";
const PROGRAMS: [&str; 3] = ["initdb", "postgres", "psql"];

/// Recovery after a kill on a busy machine takes seconds; more than this is a fault.
const STARTUP: Duration = Duration::from_mins(1);

/// Whether commits reach the disk before they are acknowledged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fsync {
    /// No: fast, and still complete after any death of a process, because the kernel has the data.
    Off,
    /// Yes, as in production: for benchmarks.
    On,
}

/// A PostgreSQL server that lives no longer than the test process.
#[derive(Debug)]
pub struct Postgres {
    guardian: Guardian,
    dir: PathBuf,
    bin: PathBuf,
    running: Mutex<Option<Pid>>,
    databases: AtomicU32,
}

impl Postgres {
    /// The server all tests of this process share, started on first use.
    ///
    /// `None` when PostgreSQL is not installed, which is said loudly.
    ///
    /// # Panics
    ///
    /// When PostgreSQL does not start, or is not installed and `CI` is set.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Postgres>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    /// A private server with [`Fsync::Off`], for tests that disturb it.
    pub fn start() -> Option<Self> {
        Self::start_with(Fsync::Off)
    }

    /// A private server; `None` as in [`Postgres::shared`].
    pub fn start_with(fsync: Fsync) -> Option<Self> {
        let Some(bin) = programs() else {
            skip::loudly(
                "PostgreSQL is not installed, its half of the storage tests does not run",
                "apt-get install postgresql",
            );
            return None;
        };
        let postgres = Self::initialize(bin, fsync);
        postgres.start_again();
        Some(postgres)
    }

    /// Creates an empty database and returns its URL, `postgres://user@<socket directory>/name`.
    pub fn database(&self) -> String {
        let name = format!("relay_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.psql("postgres", &format!("create database {name}"));
        self.url(&name)
    }

    /// Runs SQL as superuser in `database` (a name or a URL) and returns unaligned rows.
    ///
    /// # Panics
    ///
    /// When the SQL fails.
    pub fn psql(&self, database: &str, sql: &str) -> String {
        let mut psql = Command::new(self.bin.join("psql"));
        psql.env_clear().env("PGCONNECT_TIMEOUT", "10");
        psql.arg("--host").arg(&self.dir);
        psql.args(["--username", USER, "--dbname", database]);
        psql.args(["--no-psqlrc", "--no-align", "--tuples-only", "--quiet"]);
        psql.args(["--set", "ON_ERROR_STOP=1", "--command", sql]);
        let output = psql.output().expect("psql starts");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "psql: {sql}: {complaint}");
        let rows = String::from_utf8_lossy(&output.stdout);
        rows.trim_end().to_owned()
    }

    /// Stops the server at once, dropping its connections; it recovers on [`Self::start_again`].
    pub fn stop(&self) {
        let mut running = self.running();
        self.guardian.ask("stop");
        *running = None;
    }

    /// Kills the server and all its processes, as a crash of the machine would but for the disk.
    pub fn kill9(&self) {
        let mut running = self.running();
        if let Some(server) = running.take() {
            // Stopped first, so that it starts no other process while we count them.
            signal(server, Signal::STOP);
            for process in children(server) {
                signal(process, Signal::KILL);
            }
            signal(server, Signal::KILL);
        }
        self.guardian.ask("stop");
    }

    /// Starts the server after [`Self::stop`] or [`Self::kill9`] and waits until it takes
    /// connections. Nothing happens when it is running.
    ///
    /// # Panics
    ///
    /// When the server does not get ready, with its log.
    pub fn start_again(&self) {
        let mut running = self.running();
        if running.is_some() {
            return;
        }
        let mut server = self.launch();
        let ready = poll::try_until(STARTUP, || {
            if has_ended(server) {
                // Left-overs of a killed server may hold its shared memory for a moment.
                self.guardian.ask("stop");
                server = self.launch();
            }
            self.is_ready(server).then_some(())
        });
        assert!(
            ready.is_some(),
            "PostgreSQL is not ready:\n{}",
            log(&self.dir)
        );
        *running = Some(server);
    }

    fn initialize(bin: PathBuf, fsync: Fsync) -> Self {
        let (dir, guardian) = guard(&bin, fsync);
        let answer = guardian.answer();
        assert!(
            answer == "ok",
            "initdb {answer} in {}:\n{}",
            dir.display(),
            log(&dir)
        );
        Self {
            guardian,
            dir,
            bin,
            running: Mutex::new(None),
            databases: AtomicU32::new(0),
        }
    }

    /// The socket directory goes into the host, percent-encoded: sqlx and libpq both take that.
    fn url(&self, name: &str) -> String {
        let host = self.dir.to_string_lossy().replace('/', "%2F");
        format!("postgres://{USER}@{host}/{name}")
    }

    fn launch(&self) -> Pid {
        let answer = self.guardian.ask("start");
        let pid = answer.parse().ok().and_then(Pid::from_raw);
        pid.expect("the guardian answers with a process id")
    }

    /// What `pg_ctl` looks at: the process id and the state in the lock file.
    fn is_ready(&self, server: Pid) -> bool {
        let lock = fs::read_to_string(self.dir.join("data/postmaster.pid")).unwrap_or_default();
        let mut lines = lock.lines().map(str::trim);
        lines.next() == Some(&*server.to_string()) && lines.nth(6) == Some("ready")
    }

    fn running(&self) -> MutexGuard<'_, Option<Pid>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The directory of PostgreSQL's programs: by `PATH`, else the newest of Debian's.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let by_path = std::env::split_paths(&path).filter_map(|dir| real_directory(&dir));
    by_path.chain(debian()).find(|bin| is_complete(bin))
}

/// Where `initdb` in `dir` really lies: its companions are there.
fn real_directory(dir: &Path) -> Option<PathBuf> {
    let initdb = dir.join("initdb").canonicalize().ok()?;
    initdb.parent().map(Path::to_path_buf)
}

fn debian() -> Vec<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut found: Vec<PathBuf> = versions.flatten().map(|entry| entry.path()).collect();
    found.sort_by_key(|dir| std::cmp::Reverse(version(dir)));
    found.into_iter().map(|dir| dir.join("bin")).collect()
}

fn version(dir: &Path) -> Option<u32> {
    dir.file_name().and_then(OsStr::to_str)?.parse().ok()
}

fn is_complete(bin: &Path) -> bool {
    PROGRAMS.iter().all(|program| bin.join(program).is_file())
}

/// Makes the server's directory and the guardian that will remove it.
fn guard(bin: &Path, fsync: Fsync) -> (PathBuf, Guardian) {
    // Not TMPDIR: a socket's path has room for 107 bytes, and the account `postgres` must get in.
    let dir = tempfile::Builder::new()
        .prefix("relay-pg-")
        .tempdir_in("/tmp");
    let dir = dir.expect("a temporary directory can be made");
    let account = geteuid().is_root().then(account);
    if let Some((uid, gid)) = account {
        chown(dir.path(), Some(uid), Some(gid)).expect("root may give a directory away");
    }
    let places = [dir.path(), bin].map(|path| path.to_str().expect("a path in UTF-8"));
    let args = [&places[..], &options(fsync)].concat();
    let guardian = Guardian::start(SCRIPT, &args, |shell| {
        shell
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("TZ", "UTC");
        shell.current_dir(dir.path());
        if let Some((uid, gid)) = account {
            shell.uid(uid).gid(gid);
        }
    });
    (dir.keep(), guardian)
}

fn options(fsync: Fsync) -> Vec<&'static str> {
    let mut options = vec!["-c", "listen_addresses=", "-c", "max_connections=200"];
    if fsync == Fsync::Off {
        options.extend(["-c", "fsync=off", "-c", "full_page_writes=off"]);
    }
    options
}

/// Whom root lets PostgreSQL run as.
fn account() -> (u32, u32) {
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let found = ["postgres", "nobody"]
        .iter()
        .find_map(|name| ids(&accounts, name));
    found.expect("/etc/passwd has postgres or nobody")
}

fn ids(accounts: &str, name: &str) -> Option<(u32, u32)> {
    let mut lines = accounts.lines().map(|line| line.split(':'));
    let mut fields = lines
        .find(|fields| fields.clone().next() == Some(name))?
        .skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

fn log(dir: &Path) -> String {
    fs::read_to_string(dir.join("log")).unwrap_or_else(|error| format!("(no log: {error})"))
}

/// Signals a process that may be gone already.
fn signal(process: Pid, signal: Signal) {
    let _ = kill_process(process, signal);
}

fn has_ended(process: Pid) -> bool {
    stat(process).is_none_or(|(state, _)| state == 'Z')
}

fn children(parent: Pid) -> Vec<Pid> {
    let entries = fs::read_dir("/proc").expect("/proc is mounted").flatten();
    let processes = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    processes
        .filter_map(Pid::from_raw)
        .filter(|process| stat(*process).is_some_and(|(_, of)| of == parent.as_raw_pid()))
        .collect()
}

/// State and parent of a process; its name, in parentheses before them, may contain anything.
fn stat(process: Pid) -> Option<(char, i32)> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read};
    use std::process::Stdio;

    use super::*;

    #[test]
    fn databases_are_usable_and_separate() {
        let Some(postgres) = Postgres::shared() else {
            return;
        };
        let (one, other) = (postgres.database(), postgres.database());
        postgres.psql(&one, "create table room (name text)");
        postgres.psql(&one, "insert into room values ('lobby')");
        assert_eq!(postgres.psql(&one, "select name from room"), "lobby");
        assert_eq!(postgres.psql(&other, "select to_regclass('room')"), "");
    }

    #[test]
    fn stopped_and_killed_it_keeps_what_was_committed() {
        let Some(postgres) = Postgres::start() else {
            return;
        };
        let url = postgres.database();
        postgres.psql(&url, "create table kept (n int)");
        for end in [Postgres::stop, Postgres::kill9] {
            postgres.psql(&url, "insert into kept values (1)");
            let server = postgres.running().expect("it was started");
            end(&postgres);
            assert!(has_ended(server) && children(server).is_empty());
            postgres.start_again();
        }
        assert_eq!(postgres.psql(&url, "select sum(n) from kept"), "2");
    }

    #[test]
    fn dropped_it_leaves_nothing() {
        let Some(postgres) = Postgres::start_with(Fsync::On) else {
            return;
        };
        assert_eq!(postgres.psql("postgres", "show fsync"), "on");
        let (dir, server) = (postgres.dir.clone(), *postgres.running());
        drop(postgres);
        assert!(!dir.exists());
        assert!(server.is_some_and(has_ended));
    }

    /// Runs itself in a second process, which holds a server until it is killed.
    #[test]
    fn killed_the_test_process_leaves_nothing() {
        const HOLD: &str = "RELAY_TESTKIT_HOLD";
        if std::env::var_os(HOLD).is_some() {
            return hold();
        }
        if programs().is_none() {
            return drop(Postgres::start());
        }
        let mut holder = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture"])
            .arg("postgres::tests::killed_the_test_process_leaves_nothing")
            .env(HOLD, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(holder.stdout.take().unwrap()).lines();
        let held = lines.map_while(Result::ok).find_map(|line| {
            let (pid, dir) = line.split_once("held ")?.1.split_once(' ')?;
            Some((Pid::from_raw(pid.parse().ok()?)?, PathBuf::from(dir)))
        });
        let (server, dir) = held.expect("the holder says what it holds");
        assert!(!has_ended(server) && dir.exists());
        holder.kill().unwrap();
        holder.wait().unwrap();
        poll::until(Duration::from_secs(30), "server and directory go", || {
            (has_ended(server) && !dir.exists()).then_some(())
        });
    }

    fn hold() {
        let postgres = Postgres::shared().expect("the first process looked");
        let server = postgres.running().expect("it was just started");
        println!("held {server} {}", postgres.dir.display());
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
    }

    #[test]
    fn accounts_are_found_by_their_whole_name() {
        let accounts = "postgresql:x:1:2::/:\npostgres:x:101:104:admin:/:/bin/sh\n";
        assert_eq!(ids(accounts, "postgres"), Some((101, 104)));
        assert_eq!(ids(accounts, "nobody"), None);
    }
}
