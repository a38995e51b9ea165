//! Reloading, stopping and upgrading the running daemon.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{House, done, refused};

const LIMIT: Duration = Duration::from_secs(20);

/// Ends whatever daemon serves at the end of a test: an upgraded one is no child of ours.
struct Stopping<'a>(&'a House);

impl Drop for Stopping<'_> {
    fn drop(&mut self) {
        self.0.ctl(["stop"]);
    }
}

#[expect(
    clippy::expect_used,
    reason = "a test that cannot be set up has to fail"
)]
fn change(house: &House, from: &str, to: &str) {
    let path = house.path().join("relayd.toml");
    let text = fs::read_to_string(&path).expect("there");
    fs::write(&path, text.replace(from, to)).expect("written");
}

#[test]
fn reload_says_what_is_in_force_now() {
    let house = House::with("[log]\nlevel = \"info\"\n[storage]\nread_connections = 3\n");
    let _daemon = house.start();
    let text = done(house.ctl(["reload"]));
    assert_eq!(text, "read again; no value has changed\n");
    change(&house, "level = \"info\"", "level = \"debug\"");
    change(&house, "read_connections = 3", "read_connections = 5");
    insta::assert_snapshot!(done(house.ctl(["reload"])), @r#"
    now in force: log.level
    changed, but needs a restart: storage.read_connections
    "#);
    let again = house.ctl(["reload", "--json"]).json();
    assert_eq!(
        again,
        json!({ "applied": [], "need_restart": ["storage.read_connections"] })
    );
    change(&house, "\"debug\"", "debug");
    let line = house.steady(&refused(&house, ["reload"], 1));
    assert!(line.starts_with("HERE/relayd.toml:"), "{line}");
}

#[test]
fn stop_returns_when_the_daemon_is_gone() {
    let house = House::new();
    let daemon = house.start();
    assert_eq!(done(house.ctl(["stop"])), "stopped\n");
    assert!(!daemon.is_running());
    assert_eq!(daemon.wait(LIMIT).code, Some(0));
    let daemon = house.start();
    assert_eq!(
        house.ctl(["stop", "--no-wait", "--json"]).json(),
        json!({ "done": true })
    );
    assert_eq!(daemon.wait(LIMIT).code, Some(0));
}

#[test]
fn upgrade_returns_when_the_new_daemon_serves() {
    let house = House::new();
    let daemon = house.start();
    let _stopping = Stopping(&house);
    let upgraded = done(house.ctl(["upgrade"]));
    assert!(
        upgraded.contains("has taken over from process"),
        "{upgraded}"
    );
    assert_eq!(daemon.wait(LIMIT).code, Some(0));
    let status = house.ctl(["status", "--json"]).json();
    assert_ne!(status["pid"], json!(daemon.pid()));
    assert_eq!(status["ready"], json!(true));
    let again = house.ctl(["upgrade", "--json"]).json();
    assert!(matches!(&again["pid"], Value::Number(_)), "{again}");
}

#[test]
fn an_upgrade_that_fails_leaves_the_old_daemon() {
    let house = House::new();
    let daemon = house.start();
    let text = fs::read_to_string(house.path().join("relayd.toml")).expect("there");
    fs::write(
        house.path().join("relayd.toml"),
        format!("{text}nonsense = 1\n"),
    )
    .expect("written");
    let line = refused(&house, ["upgrade"], 1);
    assert!(
        line.ends_with("the old one goes on; see the log for the reason"),
        "{line}"
    );
    assert_eq!(
        house.ctl(["status", "--json"]).json()["pid"],
        json!(daemon.pid())
    );
}
