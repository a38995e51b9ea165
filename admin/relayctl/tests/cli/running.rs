//! What a running daemon is asked.

use std::time::Duration;

use relay_testkit::poll;
use serde_json::{Value, json};

use crate::support::{House, done, refused};

const LIMIT: Duration = Duration::from_mins(1);

#[test]
fn status_is_one_screen() {
    let house = House::new();
    let daemon = house.start();
    insta::assert_snapshot!(house.steady(&done(house.ctl(["status"]))), @r#"
    relayd VERSION  serving, ready
    process PID, up SPAN (since DATE TIME UTC)

    PART  STATE
    daemon  well
    store  well

    DATABASE  DURABILITY  WAITING  STATE
    sqlite:HERE/relay-data/relayd.db  power  0  well

    2 workers (all well; relayctl worker list)
    "#);
    done(house.ctl(["worker", "pause", "store.integrity"]));
    let status = house.steady(&done(house.ctl(["status"])));
    let paused = "2 workers (relayctl worker list)\nWORKER  STATE\nstore.integrity  paused";
    assert!(status.ends_with(paused), "{status}");
    let status = house.ctl(["--json", "status"]).json();
    assert_eq!(status["ready"], json!(true));
    assert_eq!(status["pid"], json!(daemon.pid()));
    assert_eq!(status["store"]["durability"], json!("power"));
}

#[test]
fn status_of_a_daemon_that_is_not_ready_is_bad() {
    let house = House::new();
    let _daemon = house.start();
    let file = house.relayd.data_dir().join("relayd.db");
    std::fs::rename(&file, file.with_extension("away")).expect("moved");
    let status = poll::until(LIMIT, "the daemon notices", || {
        Some(house.ctl(["status"])).filter(|status| status.code != Some(0))
    });
    assert_eq!(status.code, Some(1), "{status:?}");
    assert!(status.stdout.contains("not ready"), "{}", status.stdout);
    assert!(
        house.steady(&status.stdout).contains("store  not well: "),
        "{}",
        status.stdout
    );
}

#[test]
fn the_log_level_is_shown_and_changed() {
    let house = House::new();
    let _daemon = house.start();
    assert_eq!(done(house.ctl(["log", "level"])), "info\n");
    assert_eq!(
        done(house.ctl(["log", "level", "info,relay_core=debug"])),
        "info,relay_core=debug\n"
    );
    let level = house.ctl(["log", "level", "--json"]).json();
    assert_eq!(level, json!({ "level": "info,relay_core=debug" }));
    let line = refused(&house, ["log", "level", "loud=quiet"], 1);
    assert!(
        line.starts_with("`loud=quiet` is not a log level; use error"),
        "{line}"
    );
}

#[test]
fn workers_are_listed_run_paused_and_resumed() {
    let house = House::new();
    let _daemon = house.start();
    let ran = done(house.ctl(["worker", "run", "store.integrity"]));
    assert!(ran.starts_with("the database is sound ("), "{ran}");
    let run = house
        .ctl(["worker", "run", "store.maintenance", "--json"])
        .json();
    assert_eq!(run["error"], Value::Null);
    let paused = done(house.ctl(["worker", "pause", "store.integrity"]));
    assert_eq!(paused, "store.integrity is paused\n");
    insta::assert_snapshot!(house.steady(&done(house.ctl(["worker", "list"]))), @r#"
    WORKER  STATE  EVERY  RUNS  FAILED  LAST RUN (UTC)  OUTCOME
    store.integrity  paused  1d  1  0  DATE TIME  the database is sound
    store.maintenance  waiting  5m  1  0  DATE TIME  write-ahead log emptied, 0 pages given back
    "#);
    let list = house.ctl(["worker", "list", "--json"]).json();
    assert_eq!(list[0]["state"], json!("paused"));
    let resumed = house
        .ctl(["worker", "resume", "store.integrity", "--json"])
        .json();
    assert_eq!(resumed["state"], json!("waiting"));
    for command in ["run", "pause", "resume"] {
        let line = refused(&house, ["worker", command, "../nobody"], 1);
        insta::allow_duplicates! {
            insta::assert_snapshot!(line, @"there is no worker `../nobody`; there are store.integrity, store.maintenance");
        }
    }
}

#[test]
fn the_audit_log_says_who_did_what() {
    let house = House::new();
    let _daemon = house.start();
    done(house.ctl(["log", "level", "debug"]));
    let noted = done(house.ctl(["audit", "note", "moved here\u{1b}[31m"]));
    assert_eq!(noted, "noted as entry 2\n");
    let list = done(house.ctl(["audit", "list"]));
    let lines: Vec<&str> = list.lines().collect();
    assert!(lines[0].starts_with("WHEN (UTC)"), "{list}");
    assert!(lines[1].contains(r"moved here\u{1b}[31m"), "{list}");
    assert!(lines[2].contains("log.level"), "{list}");
    let newest = house
        .ctl(["audit", "list", "--limit", "1", "--json"])
        .json();
    assert_eq!(newest.as_array().map(Vec::len), Some(1));
    assert_eq!(newest[0]["detail"], json!("moved here\u{1b}[31m"));
    assert_eq!(
        done(house.ctl(["audit", "prune", "--older-than", "90d"])),
        "0 entries removed\n"
    );
    let note = house.ctl(["audit", "note", "--json", "again"]).json();
    assert_eq!(note, json!({ "id": 4 }));
    let pruned = house
        .ctl(["audit", "prune", "--older-than", "0s", "--json"])
        .json();
    assert!(pruned["removed"].is_u64(), "{pruned}");
    let line = refused(&house, ["audit", "note", "  "], 1);
    assert!(line.starts_with("a note has between 1 and"), "{line}");
}

#[test]
fn the_configuration_in_force_can_be_compared_with_the_files() {
    let house = House::new();
    let _daemon = house.start();
    let running = done(house.ctl(["config", "show", "--running"]));
    assert_eq!(done(house.ctl(["config", "show"])), running);
    assert!(running.contains("max_connections = 100"), "{running}");
    assert!(
        house.steady(&running).contains("# from HERE/relayd.toml:"),
        "{running}"
    );
    let json = house.ctl(["config", "show", "--running", "--json"]).json();
    assert_eq!(json[0]["key"], json!("data_dir"));
}
