//! The guide of 2021 works line by line: `session-open-group-server` as a program of its own.

#![expect(clippy::expect_used, reason = "tests stop at what they did not expect")]

use std::net::SocketAddr;
use std::time::Duration;

use integration_tests::{Bed, certificates};
use relay_testkit::daemon::Finished;
use relay_testkit::http::Client;
use relay_testkit::{Daemon, Relayd, Signal, binaries};
use serde_json::Value;

const LIMIT: Duration = Duration::from_mins(1);
const ANN: &str = "05d871fc80ca007eed9b2f4df72853e2a2d5465a92fcb1889fb5c84aa2833b3b40";
const FORMAT: &str =
    "Users can join rooms on this open group server using the following URL format:\n";
const PEM: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VuBCIEIHcHbQpzGKV9PBbBclGyZkXfTC+H68CZKrF3+6UduSwq\n-----END PRIVATE KEY-----\n";
/// Of that key (RFC 7748).
const PUBLIC: &str = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";

/// The program, in a folder of its own, without any configuration.
struct Old {
    bed: Bed,
    port: u16,
}

impl Old {
    fn new() -> Self {
        Self {
            bed: Bed::new(),
            port: Relayd::free_address().port(),
        }
    }

    fn program(&self) -> Relayd {
        let names = self.bed.dir().join(".names");
        binaries::link_old_names(&names);
        Relayd::new(self.bed.dir())
            .env("RELAYD__METRICS__LISTEN", "[]")
            .program(names.join("session-open-group-server"))
    }

    fn start(&self) -> Daemon {
        let port = self.port.to_string();
        let server = self
            .program()
            .arg("--host")
            .arg("127.0.0.1")
            .arg("--port")
            .arg(port);
        let daemon = server.spawn();
        daemon.wait_for_line("public_key=", LIMIT);
        daemon.wait_for_line("sogs  ready", LIMIT);
        daemon
    }

    fn sh(&self, line: &str) -> Finished {
        self.program().shell(line)
    }

    #[track_caller]
    fn said(&self, line: &str) -> String {
        let finished = self.sh(line);
        assert_eq!(
            (finished.code, &*finished.stderr),
            (Some(0), ""),
            "{line}: {finished:?}"
        );
        finished.stdout
    }

    /// An answer of the public API.
    fn get(&self, path: &str) -> Value {
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        let answer = Client::new(address).request("GET", path, &[("Room", "main")], b"");
        let answer = answer.expect("an answer");
        serde_json::from_slice(&answer.body).expect("JSON")
    }
}

#[test]
fn the_server_starts_by_its_old_options_and_takes_its_commands() {
    let old = Old::new();
    std::fs::write(old.bed.dir().join("x25519_private_key.pem"), PEM).expect("written");
    let daemon = old.start();
    let url = format!(
        "http://[host_name_or_ip]:{}/[room_id]?public_key={PUBLIC}\n",
        old.port
    );
    let said = daemon.stdout();
    assert!(
        said.starts_with(&format!(
            "{FORMAT}{url}Running on 127.0.0.1:{}.\n",
            old.port
        )),
        "{said}"
    );
    assert_eq!(
        old.said("session-open-group-server --print-url"),
        format!("{FORMAT}{url}")
    );
    assert_eq!(
        old.said("session-open-group-server --add-room fish Fishing"),
        "Added room with ID: fish\n"
    );
    assert_eq!(
        old.said(&format!(
            "session-open-group-server --add-moderator {ANN} fish"
        )),
        format!("Added moderator: {ANN} to room with ID: fish\n")
    );
    let rooms = old.get("/rooms");
    let tokens: Vec<_> = rooms
        .as_array()
        .expect("a list")
        .iter()
        .map(|room| &room["token"])
        .collect();
    assert_eq!(tokens, ["fish", "main"]);
    assert_eq!(old.get("/room/fish")["admins"], serde_json::json!([ANN]));
    assert_eq!(
        old.said(&format!(
            "session-open-group-server --delete-moderator {ANN} fish"
        )),
        format!("Deleted moderator: {ANN} from room with ID: fish\n")
    );
    assert_eq!(old.get("/room/fish")["admins"], serde_json::json!([]));
    old.said("session-open-group-server --add-room fish 'Other fish'");
    assert_eq!(old.get("/room/fish")["name"], "Other fish");
    assert_eq!(
        old.said("session-open-group-server --delete-room fish"),
        "Deleted room with ID: fish\n"
    );
    let error = old.sh("session-open-group-server --delete-room fish");
    assert!(
        error.code == Some(1) && error.stderr.contains("no room `fish`"),
        "{error:?}"
    );
    daemon.signal(Signal::INT);
    assert_eq!(daemon.wait(LIMIT).code, Some(0));
}

#[test]
fn the_endpoints_of_the_guide_answer() {
    let old = Old::new();
    let _daemon = old.start();
    for (path, key) in [("/legacy/rooms", "rooms"), ("/legacy/rooms/main", "room")] {
        let answer = old.get(path);
        assert_eq!(answer["status_code"], 200, "{path}: {answer}");
        assert!(answer.get(key).is_some(), "{path}: {answer}");
    }
    assert_eq!(old.get("/legacy/rooms/main")["room"]["name"], "Main");
    let challenge = old.get(&format!("/legacy/auth_token_challenge?public_key={ANN}"));
    assert!(
        challenge["challenge"]["ciphertext"].is_string(),
        "{challenge}"
    );
    assert!(
        challenge["challenge"]["ephemeral_public_key"].is_string(),
        "{challenge}"
    );
}

#[test]
fn commands_also_work_while_no_server_runs() {
    let old = Old::new();
    let made = "Added room with ID: fish\n";
    assert_eq!(
        old.said("session-open-group-server --add-room fish Fishing"),
        made
    );
    let url = old.said("session-open-group-server --print-url");
    let daemon = old.start();
    let key = url.trim().rsplit('=').next().expect("a key");
    assert!(daemon.stdout().contains(key), "{}", daemon.stdout());
    // There is a room, so none is made.
    assert_eq!(old.get("/rooms").as_array().map(Vec::len), Some(1));
}

#[test]
fn a_start_that_cannot_be_says_why() {
    let old = Old::new();
    for (options, code, words) in [
        ("--tls", 64, "tls_certificate.pem is not there"),
        (
            "--x25519-private-key nowhere.pem",
            64,
            "nowhere.pem is not there",
        ),
        (
            "--log-file nowhere/at/all --port 0 --host 127.0.0.1",
            69,
            "cannot write the log",
        ),
        ("--add-room one", 1, "2 values required"),
        ("--nonsense", 1, "--nonsense"),
    ] {
        let finished = old.sh(&format!("session-open-group-server {options}"));
        assert_eq!(finished.code, Some(code), "{options}: {finished:?}");
        assert!(finished.stderr.contains(words), "{options}: {finished:?}");
    }
}

#[test]
fn https_is_served_by_its_old_options() {
    if !certificates::can_be_made() {
        return;
    }
    let old = Old::new();
    certificates::make(old.bed.dir(), "sogs", "sogs.test");
    let port = old.port.to_string();
    let options = [
        "--tls",
        "--tls-certificate",
        "sogs.crt",
        "--host",
        "127.0.0.1",
    ];
    let options = options.into_iter().chain(["--tls-private-key", "sogs.key"]);
    let server = options.fold(old.program(), Relayd::arg);
    let daemon = server.arg("--port").arg(&port).spawn();
    daemon.wait_for_line("sogs  ready", LIMIT);
    let url = format!("https://[host_name_or_ip]:{port}/[room_id]?public_key=");
    assert!(daemon.stdout().contains(&url), "{}", daemon.stdout());
    let asked = old.said("session-open-group-server --print-url");
    assert!(asked.contains(&url), "{asked}");
    let address = SocketAddr::from(([127, 0, 0, 1], old.port));
    let shown = certificates::shown_by(address);
    assert!(shown.contains("sogs.test"), "{shown}");
    let rooms = certificates::get(address, "/rooms");
    assert!(rooms.contains("\"token\":\"main\""), "{rooms}");
    let clear = Client::new(address).request("GET", "/rooms", &[], b"");
    assert!(clear.is_err(), "nothing is served in clear: {clear:?}");
}

#[test]
fn the_log_goes_where_it_is_wanted() {
    let old = Old::new();
    let port = old.port.to_string();
    let server = old.program().arg("-H").arg("127.0.0.1").arg("-P").arg(port);
    let daemon = server.arg("--log-file").arg("sogs.log").spawn();
    daemon.wait_for_line("sogs  ready", LIMIT);
    daemon.signal(Signal::TERM);
    let exit = daemon.wait(LIMIT);
    assert_eq!((exit.code, &*exit.stderr), (Some(0), ""));
    let log = std::fs::read_to_string(old.bed.dir().join("sogs.log")).expect("a log");
    assert!(log.contains("stopped"), "{log}");
}
