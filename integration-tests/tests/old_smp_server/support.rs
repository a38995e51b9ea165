//! A machine with a smp-server: its two folders, and commands run there.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use integration_tests::PATIENCE;
use integration_tests::smp::Smp;
use relay_smp::wire::from_base64url;
use relay_testkit::daemon::Finished;
use relay_testkit::{Daemon, Relayd};
use tempfile::TempDir;

/// Two folders that are not there yet.
pub(crate) struct Machine {
    dir: TempDir,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        Self { dir }
    }

    /// With a server that listens on a free port and has no password, made by `init`.
    pub(crate) fn with_server(options: &str) -> Self {
        let machine = Self::new();
        let made = machine.run(&format!("smp-server init -y {options}"));
        assert_eq!(made.code, Some(0), "{made:?}");
        machine.set_line("port = ", &format!("port = {}", free_port()));
        machine
    }

    pub(crate) fn configuration(&self) -> PathBuf {
        self.dir.path().join("etc/opt/simplex")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.dir.path().join("var/opt/simplex")
    }

    pub(crate) fn ini(&self) -> String {
        fs::read_to_string(self.configuration().join("smp-server.ini")).expect("init was run")
    }

    /// A line of the configuration file, by its beginning.
    pub(crate) fn line(&self, start: &str) -> String {
        let ini = self.ini();
        let line = ini.lines().find(|line| line.starts_with(start));
        line.unwrap_or_else(|| panic!("no {start:?} in\n{ini}"))
            .to_owned()
    }

    /// Replaces a line of the configuration file.
    pub(crate) fn set_line(&self, start: &str, line: &str) {
        let old = self.line(start);
        let ini = self
            .ini()
            .replace(&format!("\n{old}\n"), &format!("\n{line}\n"));
        fs::write(self.configuration().join("smp-server.ini"), ini).expect("it is ours");
    }

    /// Runs a line of shell.
    pub(crate) fn run(&self, line: &str) -> Finished {
        self.how().shell(line)
    }

    /// The same, and answers its questions through a pipe.
    pub(crate) fn run_with(&self, line: &str, answers: &str) -> Finished {
        let mut shell = self.shell(line);
        shell
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = shell.spawn().expect("a shell starts");
        let mut stdin = child.stdin.take().expect("it is a pipe");
        // Who needs no answers may be gone already.
        let _ = stdin.write_all(answers.as_bytes());
        drop(stdin);
        Finished::of(child.wait_with_output().expect("it ends"))
    }

    /// A line of shell, to be run on a terminal.
    pub(crate) fn shell(&self, line: &str) -> Command {
        self.how().shell_command(line)
    }

    /// Starts the server, waits until it serves.
    pub(crate) fn start(&self) -> Daemon {
        let daemon = self.spawn(&["start"]);
        daemon.wait_for_line("smp   ready  smp://", PATIENCE);
        daemon
    }

    /// Starts the program.
    pub(crate) fn spawn(&self, args: &[&str]) -> Daemon {
        let how = self.how();
        let names = self.dir.path().join(".names");
        relay_testkit::binaries::link_old_names(&names);
        let how = how.program(names.join("smp-server"));
        let how = args.iter().fold(how, Relayd::arg);
        how.spawn()
    }

    /// The relay as clients see it.
    pub(crate) fn smp(&self) -> Smp {
        let file = self.configuration().join("fingerprint");
        let text = fs::read_to_string(file).expect("there is a fingerprint");
        let fingerprint = from_base64url(text.trim()).expect("base64url");
        let port = self.line("port = ").replace("port = ", "");
        Smp {
            address: SocketAddr::from(([127, 0, 0, 1], port.parse().expect("one port"))),
            fingerprint: fingerprint.try_into().expect("a SHA-256"),
        }
    }

    fn how(&self) -> Relayd {
        Relayd::new(self.dir.path())
            .env("SMP_SERVER_CFG_PATH", self.configuration())
            .env("SMP_SERVER_LOG_PATH", self.state())
    }
}

/// A port nobody listens on.
pub(crate) fn free_port() -> u16 {
    Relayd::free_address().port()
}

/// The lines must be there, each a whole line, in this order.
pub(crate) fn lines_in_order(text: &str, expected: &[&str]) {
    let mut lines = text.lines();
    for line in expected {
        assert!(
            lines.any(|found| found == *line),
            "{line:?} is missing, or comes too early, in\n{text}"
        );
    }
}
