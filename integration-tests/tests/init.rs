//! `relayctl init`, as somebody meets it who has nothing yet: on a terminal, from a pipe, from a
//! script; once and again. What it leaves is what relayd starts with.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use integration_tests::PATIENCE;
use relay_testkit::terminal::Terminal;
use relay_testkit::{Postgres, Relayd, binaries};
use serde_json::Value;
use tempfile::TempDir;
use toml::Table;

struct Home(TempDir);

/// How a run ended.
struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn at(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(binaries::relayctl());
        command.args(["init", "--dir"]).arg(self.path()).args(args);
        command.env_remove("RELAYD_CONFIG").current_dir(self.path());
        command
    }

    /// With these lines typed ahead.
    fn answered(&self, args: &[&str], answers: &str) -> Run {
        let mut command = self.command(args);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // It may have ended before it has read all of it.
        let _ = child.stdin.take().unwrap().write_all(answers.as_bytes());
        let output = child.wait_with_output().unwrap();
        Run {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Without a question.
    fn silent(&self, args: &[&str]) -> Run {
        self.answered(&[&["--yes"], args].concat(), "")
    }

    fn config(&self) -> Table {
        fs::read_to_string(self.at("relayd.toml"))
            .unwrap()
            .parse()
            .unwrap()
    }

    fn mode(&self, name: &str) -> u32 {
        self.at(name).metadata().unwrap().permissions().mode() & 0o777
    }

    /// Names of everything in the folder.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Run {
    #[track_caller]
    fn done(self) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.stdout, self.stderr);
        self.stdout
    }

    #[track_caller]
    fn refused(self, code: i32) -> String {
        assert_eq!(
            (self.code, &*self.stdout),
            (Some(code), ""),
            "{}",
            self.stderr
        );
        self.stderr
    }
}

const BOTH: [&str; 4] = [
    "--sogs-url",
    "http://chat.test-relay.net",
    "--smp-host",
    "smp.test-relay.net",
];

#[test]
fn a_script_gets_everything_in_one_line() {
    let home = Home::new();
    let said = home.silent(&BOTH).done();
    assert_eq!(home.names(), ["relay-data", "relayd.toml"]);
    let config = home.config();
    assert_eq!(
        config["sogs"]["base_url"].as_str(),
        Some("http://chat.test-relay.net")
    );
    assert_eq!(
        config["smp"]["hosts"][0].as_str(),
        Some("smp.test-relay.net")
    );
    let password = config["smp"]["create_password"].as_str().unwrap();
    assert!(password.len() >= 32, "{password}");
    assert!(home.mode("relayd.toml").trailing_zeros() >= 3);
    assert_eq!(home.mode("relay-data"), 0o700);
    for secret in ["sogs/key_x25519", "smp/ca.key", "smp/server.key"] {
        assert_eq!(
            home.mode(&format!("relay-data/{secret}")),
            0o600,
            "{secret}"
        );
    }
    for told in [
        "smp://",
        &format!(":{password}@smp.test-relay.net"),
        "http://chat.test-relay.net/ROOM?public_key=",
        "open in the firewall: 80/tcp, 5223/tcp",
        "relay-data/smp/ca.key to a safe place off this server",
        "relayd --config",
        "█▀▀▀▀▀",
    ] {
        let drawn = told.starts_with('█') && said.contains("████");
        assert!(drawn || said.contains(told), "{told}: {said}");
    }
}

#[test]
fn relayd_starts_with_what_it_leaves_and_is_who_it_said() {
    let home = Home::new();
    let json = home.silent(&[&BOTH[..], &["--json"]].concat()).done();
    let made: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(made["written"], "new");
    let text = fs::read_to_string(home.at("relayd.toml")).unwrap();
    let free =
        |text: String, listen: &str| text.replace(listen, &Relayd::free_address().to_string());
    let anywhere = |text: String, port: &str| {
        let text = free(text, &format!("[::]:{port}"));
        free(text, &format!("0.0.0.0:{port}"))
    };
    let text = anywhere(anywhere(text, "80"), "5223");
    let metrics = Relayd::free_address();
    let daemon = Relayd::new(home.path())
        .config(format!("{text}\n[metrics]\nlisten = \"{metrics}\"\n"))
        .start();
    let (key, fingerprint) = (&made["sogs"]["public_key"], &made["smp"]["fingerprint"]);
    for known in [key, fingerprint] {
        daemon.wait_for_line(known.as_str().unwrap(), PATIENCE);
    }
}

#[test]
fn again_it_keeps_keys_password_and_file() {
    let home = Home::new();
    home.silent(&BOTH).done();
    let key = fs::read(home.at("relay-data/sogs/key_x25519")).unwrap();
    let ca = fs::read(home.at("relay-data/smp/ca.crt")).unwrap();
    let text = fs::read_to_string(home.at("relayd.toml")).unwrap();

    let said = home.silent(&[]).done();
    assert!(said.contains("stays as it is"), "{said}");
    assert_eq!(fs::read_to_string(home.at("relayd.toml")).unwrap(), text);

    // Somebody's own words and keys stay as well.
    let edited = format!("# mine\n{text}\n[log]\nlevel = \"debug\"\n");
    fs::write(home.at("relayd.toml"), &edited).unwrap();
    home.silent(&BOTH).done();
    assert_eq!(fs::read_to_string(home.at("relayd.toml")).unwrap(), edited);

    let said = home.silent(&["--smp-host", "other.test-relay.net"]).done();
    assert!(said.contains("relayd.toml.new"), "{said}");
    assert_eq!(fs::read_to_string(home.at("relayd.toml")).unwrap(), edited);
    let beside = fs::read_to_string(home.at("relayd.toml.new")).unwrap();
    assert!(beside.contains("other.test-relay.net"), "{beside}");
    assert_eq!(
        fs::read(home.at("relay-data/sogs/key_x25519")).unwrap(),
        key
    );
    assert_eq!(fs::read(home.at("relay-data/smp/ca.crt")).unwrap(), ca);
    assert_eq!(
        home.names(),
        ["relay-data", "relayd.toml", "relayd.toml.new"]
    );
}

#[test]
fn a_difference_is_shown_and_replaced_only_when_told() {
    let home = Home::new();
    home.silent(&BOTH).done();
    let before = fs::read_to_string(home.at("relayd.toml")).unwrap();
    let other = [
        "--relays",
        "smp",
        "--smp-host",
        "new.test-relay.net",
        "--smp-password",
        "none",
    ];
    let kept = home.answered(&other, "\n\n\nno\n");
    assert!(kept.stderr.contains("- base_url"), "{}", kept.stderr);
    assert!(
        kept.stderr.contains("+ hosts = [\"new.test-relay.net\"]"),
        "{}",
        kept.stderr
    );
    kept.done();
    assert_eq!(fs::read_to_string(home.at("relayd.toml")).unwrap(), before);
    home.answered(&other, "\n\n\nyes\n").done();
    assert_eq!(
        fs::read_to_string(home.at("relayd.toml.old")).unwrap(),
        before
    );
    let config = home.config();
    assert_eq!(config["sogs"]["enabled"].as_bool(), Some(false));
    assert!(config["smp"].get("create_password").is_none());
}

#[test]
fn answers_may_come_from_a_pipe() {
    let home = Home::new();
    let answers = "smp\nsmp.test-relay.net:5223\nsmp.test-relay.net\nmy own\nmine\n\n\n\n";
    let run = home.answered(&[], answers);
    assert!(run.stderr.contains("is no host like"), "{}", run.stderr);
    assert!(run.stderr.contains("neither spaces"), "{}", run.stderr);
    run.done();
    let config = home.config();
    assert_eq!(config["smp"]["create_password"].as_str(), Some("mine"));
    assert_eq!(config["sogs"]["enabled"].as_bool(), Some(false));
    assert!(!home.at("relay-data/sogs").exists());
}

#[test]
fn a_pipe_that_ends_early_leaves_nothing() {
    let home = Home::new();
    let said = home.answered(&[], "both\n").refused(2);
    assert!(said.contains("nothing was written"), "{said}");
    assert!(home.names().is_empty(), "{:?}", home.names());
}

#[test]
fn on_a_terminal_it_is_a_conversation() {
    let home = Home::new();
    let terminal = Terminal::run(&home.command(&[]), (50, 120));
    let answers = [
        ("Relays [both]: ", ""),
        ("URL of SOGS", "chat.test-relay.net"),
        ("is not a URL like", "https://chat.test-relay.net"),
        ("Hosts of SMP", "smp.test-relay.net"),
        ("Password of SMP [generate]: ", "none"),
        ("Web ports [no]: ", ""),
        ("Data folder [", ""),
        ("Database [sqlite]: ", ""),
    ];
    for (question, answer) in answers {
        terminal.wait_for(question, PATIENCE);
        terminal.type_in(&format!("{answer}\n"));
    }
    terminal.wait_for(
        "see that everything can be reached: relayctl doctor",
        PATIENCE,
    );
    let config = home.config();
    // Behind the web server that has the certificate.
    assert_eq!(config["sogs"]["listen"][0].as_str(), Some("127.0.0.1:8080"));
}

#[test]
fn the_web_ports_are_asked_for() {
    let home = Home::new();
    let terminal = Terminal::run(&home.command(&BOTH), (50, 120));
    let answers = [
        ("Relays [both]: ", ""),
        ("Password of SMP [generate]: ", ""),
        ("Web ports [no]: ", "yes"),
        ("E-mail", "nobody"),
        ("is not an e-mail address", "admin@test-relay.net"),
        ("Data folder [", ""),
        ("Database [sqlite]: ", ""),
    ];
    for (question, answer) in answers {
        terminal.wait_for(question, PATIENCE);
        terminal.type_in(&format!("{answer}\n"));
    }
    terminal.wait_for("relayctl doctor", PATIENCE);
    let said = terminal.output();
    assert!(
        said.contains("in the firewall: 80/tcp, 443/tcp, 5223/tcp"),
        "{said}"
    );
    let config = home.config();
    assert_eq!(config["sogs"]["listen"][0].as_str(), Some("127.0.0.1:8080"));
    let acme = &config["web"]["acme"];
    assert_eq!(
        acme["hosts"].to_string(),
        "[\"chat.test-relay.net\", \"smp.test-relay.net\"]"
    );
    assert_eq!(acme["contact"][0].as_str(), Some("admin@test-relay.net"));
    // It stays when it is run again, by a script as well.
    let text = fs::read_to_string(home.at("relayd.toml")).unwrap();
    home.silent(&[]).done();
    assert_eq!(fs::read_to_string(home.at("relayd.toml")).unwrap(), text);
}

#[test]
fn the_web_ports_are_a_flag_for_scripts() {
    let home = Home::new();
    home.silent(&[&BOTH[..], &["--web-ports"]].concat()).done();
    assert_eq!(
        home.config()["web"]["acme"]["enabled"].as_bool(),
        Some(true)
    );
    let local = ["--relays", "smp", "--smp-host", "localhost", "--web-ports"];
    let said = Home::new().silent(&local).refused(2);
    assert!(said.contains("needs a certificate"), "{said}");
}

#[test]
fn interrupted_it_leaves_nothing() {
    let home = Home::new();
    let mut terminal = Terminal::run(&home.command(&[]), (50, 120));
    terminal.wait_for("Relays [both]: ", PATIENCE);
    terminal.type_in("\n");
    terminal.wait_for("URL of SOGS", PATIENCE);
    terminal.type_in("\x03");
    let exit = terminal.wait(PATIENCE);
    assert_eq!(exit.signal, Some(2), "{exit:?}");
    assert!(home.names().is_empty(), "{:?}", home.names());
}

#[test]
fn a_database_is_tried_on_the_spot() {
    let home = Home::new();
    let nowhere = "postgres://nobody:secret@127.0.0.1:1/relayd";
    let said = home.silent(&["--database", nowhere]).refused(1);
    assert!(
        said.contains("127.0.0.1:1") && !said.contains("secret"),
        "{said}"
    );
    assert!(home.names().is_empty(), "{:?}", home.names());
    let said = home.silent(&["--database", "mysql://x"]).refused(1);
    assert!(said.contains("postgres://"), "{said}");
    let Some(postgres) = Postgres::shared() else {
        return;
    };
    let url = postgres.database();
    let answers = format!("smp\n\n\n{nowhere}\n{url}\n");
    home.answered(&["--smp-host", "localhost"], &answers).done();
    assert_eq!(home.config()["storage"]["url"].as_str(), Some(&*url));
}

#[test]
fn what_would_not_start_is_refused_and_left_unwritten() {
    let home = Home::new();
    for (args, told) in [
        (
            &["--sogs-url", "http://chat.test-relay.net/path"][..],
            "without a path",
        ),
        (&["--smp-host", "smp.test-relay.net:5223"], "without a port"),
        (&["--smp-password", "with space"], "neither spaces"),
        (&["--relays", "xmpp"], "sogs"),
    ] {
        let said = home.silent(args).refused(2);
        assert!(said.contains(told), "{said}");
        assert!(home.names().is_empty(), "{:?}", home.names());
    }
    fs::write(home.at("relayd.toml"), "[smpp]\n").unwrap();
    fs::create_dir(home.at("conf.d")).unwrap();
    home.silent(&BOTH).done();
    assert_eq!(
        fs::read_to_string(home.at("relayd.toml")).unwrap(),
        "[smpp]\n"
    );
    fs::remove_file(home.at("relayd.toml")).unwrap();
    fs::write(home.at("conf.d/mine.toml"), "[smpp]\n").unwrap();
    let said = home.silent(&BOTH).refused(2);
    assert!(said.contains("smpp"), "{said}");
    assert!(!home.at("relayd.toml").exists());
}
