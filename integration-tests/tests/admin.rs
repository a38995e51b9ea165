//! The admin API over its real socket: every change is written down with who made it, every
//! nonsense is answered in one line of JSON, and nothing hangs.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::process::Command;

use integration_tests::notes::{Writers, assert_kept, newest, note, noted};
use integration_tests::{Bed, Kind, PATIENCE, see};
use relay_testkit::http::{Connection, Response, request};
use relay_testkit::{Daemon, poll};
use serde_json::{Value, json};

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

fn ask(daemon: &Daemon, method: &str, path: &str, body: &Value) -> Response {
    let body = body.to_string();
    let answer = daemon.admin().request(method, path, &JSON, body.as_bytes());
    answer.unwrap()
}

/// What is refused is refused in JSON, in one line that is not empty.
fn problem(answer: &Response, status: u16) -> String {
    assert_eq!(answer.status, status, "{}", answer.text());
    let problem: Value = serde_json::from_slice(&answer.body)
        .unwrap_or_else(|error| panic!("{status} without JSON ({error}): {:?}", answer.text()));
    let line = problem["detail"].as_str().unwrap_or_default().to_owned();
    assert!(!line.is_empty() && !line.contains('\n'), "{problem}");
    line
}

/// Name and number of whoever runs this.
fn me() -> String {
    let id = |flag| {
        let output = Command::new("id").arg(flag).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    format!("{} ({})", id("-un"), id("-u"))
}

fn assert_entry(entry: &Value, action: &str, detail: &str, outcome: &str) {
    assert_eq!(entry["actor"], me(), "{entry}");
    assert_eq!(entry["action"], action, "{entry}");
    assert!(
        entry["detail"].as_str().unwrap().contains(detail),
        "{entry}"
    );
    assert!(
        entry["outcome"].as_str().unwrap().contains(outcome),
        "{entry}"
    );
}

fn whoever_changes_something_is_written_down(bed: Bed) {
    let daemon = bed.start();
    let id = noted(&daemon.admin(), "a note");
    ask(
        &daemon,
        "PUT",
        "/v1/log/level",
        &json!({ "level": "debug" }),
    );
    ask(&daemon, "PUT", "/v1/log/level", &json!({ "level": "loud" }));
    let worker = "/v1/workers/store.maintenance";
    ask(
        &daemon,
        "PUT",
        &format!("{worker}/paused"),
        &json!({ "paused": true }),
    );
    ask(&daemon, "POST", &format!("{worker}/run"), &json!({}));
    ask(&daemon, "POST", "/v1/workers/nobody/run", &json!({}));
    ask(&daemon, "POST", "/v1/reload", &json!({}));
    ask(&daemon, "POST", "/v1/nonsense", &json!({}));
    note(&daemon.admin(), "  ").unwrap();
    for path in ["/v1/status", "/v1/audit/10", "/v1/config", "/v1/workers"] {
        assert_eq!(daemon.admin().get(path).unwrap().status, 200, "{path}");
    }

    let entries = newest(&daemon.admin(), 100);
    let expected = [
        ("note", "a note", "done"),
        ("put log.level", "debug", "done"),
        ("put log.level", "", "`loud` is not a log level"),
        ("put workers.paused", "store.maintenance paused", "done"),
        ("post workers.run", "store.maintenance", "done"),
        ("post workers.run", "nobody", "no worker `nobody`"),
        ("post reload", "changed", "done"),
        ("post ", "/v1/nonsense", "no such thing"),
        ("post audit.notes", "", "a note has between"),
    ];
    assert_eq!(
        entries.len(),
        expected.len(),
        "reading is not written down: {entries:#?}"
    );
    for (entry, (action, detail, outcome)) in entries.iter().rev().zip(expected) {
        assert_entry(entry, action, detail, outcome);
    }
    let ids: Vec<_> = entries
        .iter()
        .map(|entry| entry["id"].as_i64().unwrap())
        .collect();
    assert!(
        ids.is_sorted_by(|newer, older| newer > older),
        "newest first: {ids:?}"
    );
    assert_eq!(ids.last(), Some(&id));
    assert_eq!(newest(&daemon.admin(), 2).len(), 2);
}

#[test]
fn whoever_changes_something_is_written_down_on_sqlite() {
    whoever_changes_something_is_written_down(Bed::new());
}

#[test]
fn whoever_changes_something_is_written_down_on_postgres() {
    if let Some(bed) = Bed::on(Kind::Postgres) {
        whoever_changes_something_is_written_down(bed);
    }
}

fn old_entries_can_be_forgotten(bed: Bed) {
    let daemon = bed.start();
    noted(&daemon.admin(), "to be forgotten");
    let prune = |before: i64| {
        let answer = ask(
            &daemon,
            "POST",
            "/v1/audit/prune",
            &json!({ "before": before }),
        );
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["removed"].as_i64().unwrap()
    };
    let at = newest(&daemon.admin(), 1)[0]["at"].as_i64().unwrap();
    assert_eq!(prune(at - 60), 0);
    assert_eq!(
        prune(at + 3600),
        2,
        "the note, and the entry of the first pruning"
    );
    let left = newest(&daemon.admin(), 10);
    assert_eq!(left.len(), 1);
    assert_entry(&left[0], "post audit.prune", "2 entries", "done");
}

#[test]
fn old_entries_can_be_forgotten_on_sqlite() {
    old_entries_can_be_forgotten(Bed::new());
}

#[test]
fn old_entries_can_be_forgotten_on_postgres() {
    if let Some(bed) = Bed::on(Kind::Postgres) {
        old_entries_can_be_forgotten(bed);
    }
}

fn every_note_has_its_own_number(bed: Bed) {
    let daemon = bed.start();
    let writers = Writers::start(&daemon.how().admin_socket(), 32);
    writers.wait_for(300);
    // It would have panicked about a number given twice.
    let acknowledged = writers.stop();
    assert_kept(&daemon.admin(), &acknowledged);
    let batches = see::metric(&daemon, "relayd_store_batch_units_count").unwrap();
    let units = see::metric(&daemon, "relayd_store_units_total").unwrap();
    assert!(
        batches < units,
        "some shared a commit: {units} units in {batches}"
    );
}

#[test]
fn every_note_of_32_writers_has_its_own_number_on_sqlite() {
    every_note_has_its_own_number(Bed::new());
}

#[test]
fn every_note_of_32_writers_has_its_own_number_on_postgres() {
    if let Some(bed) = Bed::on(Kind::Postgres) {
        every_note_has_its_own_number(bed);
    }
}

#[test]
fn nonsense_is_answered_in_json() {
    let bed = Bed::new().with_sogs();
    let daemon = bed.start();
    let raw = |method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]| {
        daemon.admin().request(method, path, headers, body).unwrap()
    };
    let notes = "/v1/audit/notes";
    for body in [
        "{",
        "",
        "[]",
        "7",
        "{\"text\": 7}",
        "{\"txt\": \"x\"}",
        "\u{0}",
    ] {
        problem(&raw("POST", notes, &JSON, body.as_bytes()), 400);
    }
    problem(&raw("POST", notes, &JSON, b"{\"text\": \"\xff\"}"), 400);
    problem(&raw("POST", notes, &[], b"{\"text\": \"x\"}"), 400);
    let long = json!({ "text": "x".repeat(65_537) }).to_string();
    problem(&raw("POST", notes, &JSON, long.as_bytes()), 400);

    for path in [
        "/",
        "/v1",
        "/v1/",
        "/v2/status",
        "/v1/status/",
        "/v1/sogs/nothing",
        "/v1/%ff",
    ] {
        problem(&raw("GET", path, &[], b""), 404);
    }
    for (method, path) in [
        ("DELETE", "/v1/status"),
        ("GET", "/v1/audit/notes"),
        ("POST", "/v1/log/level"),
        ("GET", "/v1/stop"),
        ("BREW", "/v1/workers"),
    ] {
        problem(&raw(method, path, &[], b""), 405);
    }
    for limit in ["many", "-1", "1.5", "99999999999999999999999"] {
        problem(&raw("GET", &format!("/v1/audit/{limit}"), &[], b""), 400);
    }
    see::readyz(&daemon, 200);
    assert_eq!(
        see::metric(&daemon, "relayd_connection_panics_total"),
        Some(0.0)
    );
}

#[test]
fn a_body_that_is_too_large_is_refused_without_being_kept() {
    let bed = Bed::new();
    let daemon = bed.start();
    let before = see::metric(&daemon, "process_resident_memory_bytes").unwrap();
    let head = "POST /v1/audit/notes HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                content-length: 1073741824\r\n\r\n{\"text\":\"";
    let mut connection = Connection::open(&(&*daemon.how().admin_socket()).into()).unwrap();
    connection.send(head.as_bytes()).unwrap();
    let chunk = vec![b'x'; 65_536];
    // A gigabyte, or as much as the daemon is willing to take.
    let taken = (0..16_384)
        .take_while(|_| connection.send(&chunk).is_ok())
        .count();
    assert!(taken < 1024, "{taken} pieces of 64 KiB were taken");
    if let Ok(answer) = connection.response() {
        assert!(matches!(answer.status, 400 | 413), "{}", answer.text());
        problem(&answer, answer.status);
    }
    let after = see::metric(&daemon, "process_resident_memory_bytes").unwrap();
    assert!(after - before < f64::from(32 << 20), "{before} {after}");
    noted(&daemon.admin(), "still served");
}

#[test]
fn workers_are_listed_run_paused_and_resumed() {
    let bed = Bed::new();
    let daemon = bed.start();
    let worker = |name: &str| {
        let workers = daemon.admin().get("/v1/workers").unwrap().json();
        let found = workers
            .as_array()
            .unwrap()
            .iter()
            .find(|worker| worker["name"] == name);
        found.unwrap().clone()
    };
    for name in ["store.integrity", "store.maintenance"] {
        let listed = worker(name);
        assert_eq!(listed["state"], "waiting", "{listed}");
        assert_eq!(
            (&listed["runs"], &listed["last"]),
            (&json!(0), &Value::Null),
            "{listed}"
        );
        assert!(listed["every"].as_f64() > Some(1.0), "{listed}");
        assert!(!see::run_worker(&daemon, name).is_empty());
        let listed = worker(name);
        assert_eq!(
            (&listed["runs"], &listed["failures"]),
            (&json!(1), &json!(0)),
            "{listed}"
        );
        assert!(listed["last"]["done"].is_string(), "{listed}");
    }
    assert_eq!(
        see::run_worker(&daemon, "store.integrity"),
        "the database is sound"
    );

    let path = "/v1/workers/store.maintenance/paused";
    let paused = ask(&daemon, "PUT", path, &json!({ "paused": true })).json();
    assert_eq!(paused["state"], "paused", "{paused}");
    assert_eq!(worker("store.maintenance")["state"], "paused");
    see::run_worker(&daemon, "store.maintenance");
    poll::until(PATIENCE, "paused again after a run by hand", || {
        (worker("store.maintenance")["state"] == "paused").then_some(())
    });
    ask(&daemon, "PUT", path, &json!({ "paused": false }));
    assert_eq!(worker("store.maintenance")["state"], "waiting");

    let answer = ask(&daemon, "POST", "/v1/workers/nobody/run", &json!({}));
    assert!(
        problem(&answer, 404).contains("store.maintenance"),
        "the names there are"
    );
}

#[test]
fn the_log_level_is_changed_at_once_and_until_the_restart() {
    let bed = Bed::new();
    let daemon = bed.start();
    let set = |level: &str| ask(&daemon, "PUT", "/v1/log/level", &json!({ "level": level }));
    let level = || daemon.admin().get("/v1/log/level").unwrap().json();
    assert_eq!(level(), json!({ "level": "info" }));
    see::run_worker(&daemon, "store.maintenance");
    assert!(!daemon.stderr().contains("DEBUG"));
    assert_eq!(set("info,relay_core=debug").status, 200);
    assert_eq!(level(), json!({ "level": "info,relay_core=debug" }));
    see::run_worker(&daemon, "store.maintenance");
    see::said(&daemon, "DEBUG", 1);
    assert!(problem(&set("loud"), 400).contains("`loud`"));
    assert_eq!(
        level(),
        json!({ "level": "info,relay_core=debug" }),
        "as it was"
    );
    drop(daemon);
    let again = bed.start();
    let level = again.admin().get("/v1/log/level").unwrap().json();
    assert_eq!(level, json!({ "level": "info" }));
}

#[test]
fn what_is_in_force_is_shown_without_secrets() {
    let Some(bed) = Bed::on(Kind::Postgres) else {
        return;
    };
    let url = relay_testkit::Postgres::shared().unwrap().database();
    let secret = url.replace("postgres://relay@", "postgres://relay:tulip-hidden@");
    let relayd = bed.with("storage.url", secret).with_sogs();
    let daemon = relayd.relayd().env("RELAYD__LOG__LEVEL", "warn").spawn();
    see::serving(&daemon);
    let shown = daemon.admin().get("/v1/config").unwrap();
    assert!(!shown.text().contains("tulip-hidden"), "{}", shown.text());
    assert!(!see::status(&daemon).to_string().contains("tulip-hidden"));
    let shown = shown.json();
    let setting = |key: &str| {
        let found = shown
            .as_array()
            .unwrap()
            .iter()
            .find(|setting| setting["key"] == key);
        found.unwrap_or_else(|| panic!("{key} in {shown}")).clone()
    };
    assert_eq!(setting("log.level")["value"], "warn");
    assert!(
        setting("log.level")["origin"]
            .as_str()
            .unwrap()
            .contains("RELAYD__LOG__LEVEL")
    );
    assert!(
        setting("sogs.enabled")["origin"]
            .as_str()
            .unwrap()
            .contains("relayd.toml")
    );
    assert!(
        setting("storage.url")["value"]
            .as_str()
            .unwrap()
            .contains("<hidden>")
    );
}

#[test]
fn several_requests_share_a_connection() {
    let bed = Bed::new();
    let daemon = bed.start();
    let mut connection = Connection::open(&(&*daemon.how().admin_socket()).into()).unwrap();
    let two = [
        request("GET", "/v1/status", &[], b""),
        request(
            "POST",
            "/v1/audit/notes",
            &JSON,
            b"{\"text\":\"pipelined\"}",
        ),
    ];
    connection.send(&two.concat()).unwrap();
    assert_eq!(connection.response().unwrap().json()["phase"], "serving");
    assert_eq!(connection.response().unwrap().status, 200);
    connection
        .send(&request("GET", "/v1/nothing", &[], b""))
        .unwrap();
    problem(&connection.response().unwrap(), 404);
    connection
        .send(&request("GET", "/v1/workers", &[], b""))
        .unwrap();
    assert_eq!(connection.response().unwrap().status, 200);
}
