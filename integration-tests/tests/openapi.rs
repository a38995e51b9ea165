//! The admin API is what its document says: every path is there with exactly its methods, and what
//! is answered has the shape that was told.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::collections::BTreeSet;

use integration_tests::schema::violations;
use integration_tests::{Bed, PATIENCE};
use relay_testkit::Daemon;
use serde_json::{Map, Value, json};

fn document(daemon: &Daemon) -> Value {
    let answer = daemon.admin().get("/v1/openapi.json").unwrap();
    assert_eq!(answer.status, 200);
    answer.json()
}

fn paths(document: &Value) -> &Map<String, Value> {
    document["paths"].as_object().unwrap()
}

/// The path with something in the place of its `{name}`.
fn filled(path: &str) -> String {
    path.replace("{limit}", "10")
        .replace("{id}", "1")
        .replace("{token}", "lounge")
        .replace("{name}", "store.maintenance")
}

/// Upper-case methods that the server allows, besides HEAD, which comes with GET.
fn allowed(daemon: &Daemon, path: &str) -> BTreeSet<String> {
    let answer = daemon.admin().request("PATCH", path, &[], b"").unwrap();
    assert_eq!(answer.status, 405, "{path}: {}", answer.text());
    let methods = answer.header("allow").unwrap_or_default().split(',');
    let methods = methods.filter(|method| *method != "HEAD");
    methods.map(str::to_owned).collect()
}

#[test]
fn every_path_has_its_methods_and_no_others() {
    let daemon = Bed::new().with_sogs().with_smp().start_kept();
    let document = document(&daemon.1);
    assert!(paths(&document).len() > 30);
    for (path, operations) in paths(&document) {
        let told = operations.as_object().unwrap().keys();
        let told: BTreeSet<_> = told.map(|method| method.to_uppercase()).collect();
        assert_eq!(allowed(&daemon.1, &filled(path)), told, "{path}");
    }
}

#[test]
fn what_is_read_has_the_shape_that_was_told() {
    let (_bed, daemon) = Bed::new().with_sogs().with_smp().start_kept();
    let made = daemon.relayctl(["sogs", "room", "add", "lounge"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    let ran = daemon.relayctl(["worker", "run", "store.maintenance"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let banned = ["sogs", "ban", "add", ID, "--room", "lounge"];
    assert_eq!(daemon.relayctl(banned).code, Some(0));
    let document = document(&daemon);
    let problem = &document["components"]["schemas"]["Problem"];
    let mut seen = 0;
    for (path, operations) in paths(&document) {
        let Some(operation) = operations.get("get") else {
            continue;
        };
        let answer = daemon.admin().get(&filled(path)).unwrap();
        let schema = match answer.status {
            200 => &operation["responses"]["200"]["content"]["application/json"]["schema"],
            _ => problem,
        };
        let wrong = violations(&document, schema, &answer.json());
        assert!(wrong.is_empty(), "{path}: {wrong:#?}");
        seen += usize::from(answer.status == 200);
    }
    assert!(seen > 15, "{seen}");
}

/// Somebody.
const ID: &str = "0588672ccb97f40bb57238989226cf429b575ba355443f47bc76c5ab144a96c65b";

#[test]
fn refusals_are_problem_details() {
    let (_bed, daemon) = Bed::new().with_sogs().with_smp().start_kept();
    let json = [("content-type", "application/json")];
    for (method, path, body, status) in [
        ("GET", "/v1/nonsense", "", 404),
        ("GET", "/v1/smp/nonsense", "", 404),
        ("DELETE", "/v1/status", "", 405),
        ("POST", "/v1/audit/notes", "{", 400),
        ("POST", "/v1/sogs/rooms", "[]", 400),
        ("GET", "/v1/audit/many", "", 400),
        ("GET", "/v1/sogs/rooms/nowhere", "", 404),
        ("POST", "/v1/workers/nobody/run", "", 404),
        ("GET", "/v1/smp/queue/AAAA", "", 404),
    ] {
        let answer = daemon.admin().request(method, path, &json, body.as_bytes());
        let answer = answer.unwrap();
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        let kind = answer.header("content-type");
        assert_eq!(kind, Some("application/problem+json"), "{path}");
        let problem = answer.json();
        assert_eq!(problem["type"], "about:blank");
        assert_eq!(problem["status"], json!(status));
        assert!(!problem["title"].as_str().unwrap().is_empty());
        assert_eq!(problem["detail"].as_str().unwrap().lines().count(), 1);
    }
}

#[test]
fn relayctl_prints_it_without_a_daemon() {
    let (bed, daemon) = Bed::new().with_sogs().with_smp().start_kept();
    let served = document(&daemon);
    assert_eq!(daemon.relayctl(["stop"]).code, Some(0));
    daemon.wait(PATIENCE);
    assert_eq!(bed.relayd().relayctl(["openapi"]).json(), served);
}

#[test]
fn a_relay_that_is_switched_off_is_not_in_it() {
    let (_bed, daemon) = Bed::new().start_kept();
    let document = document(&daemon);
    let all: Vec<_> = paths(&document).keys().collect();
    assert!(
        all.iter()
            .all(|path| !path.contains("/smp") && !path.contains("/sogs"))
    );
    assert!(all.iter().any(|path| *path == "/v1/status"));
}
