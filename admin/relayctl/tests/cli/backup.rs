//! Backups: through the daemon, without one, and back.

use std::fs;

use relay_testkit::Relayd;
use serde_json::json;

use crate::support::{House, done, refused};

/// A house in which something has happened, its daemon stopped.
fn lived_in() -> House {
    let house = House::new();
    let daemon = house.start();
    done(daemon.relayctl(["audit", "note", "remember me"]));
    done(daemon.relayctl(["stop"]));
    house
}

fn remembers(relayd: &Relayd) -> bool {
    let daemon = relayd.start();
    let log = done(daemon.relayctl(["audit", "list"]));
    done(daemon.relayctl(["stop"]));
    log.contains("remember me")
}

#[test]
fn a_backup_made_while_serving_comes_back() {
    let house = House::new();
    let daemon = house.start();
    done(house.ctl(["audit", "note", "remember me"]));
    // Relative to where relayctl runs, though the daemon makes it.
    let made = done(house.ctl(["backup", "create", "today.tar"]));
    assert!(
        house
            .steady(&made)
            .starts_with("HERE/today.tar is complete: "),
        "{made}"
    );
    let verified = house
        .ctl(["backup", "verify", "today.tar", "--json"])
        .json();
    assert_eq!(verified["engine"], json!("sqlite"));

    let line = house.steady(&refused(&house, ["backup", "create", "today.tar"], 1));
    assert_eq!(line, "HERE/today.tar exists already; name a new backup");
    let line = house.steady(&refused(&house, ["backup", "restore", "today.tar"], 1));
    insta::assert_snapshot!(line, @"a relayd (process PID) runs on HERE/relay-data; stop it with `relayctl stop` and move its data away, or name another place with --data-dir");
    done(daemon.relayctl(["stop"]));
    let line = house.steady(&refused(&house, ["backup", "restore", "today.tar"], 1));
    insta::assert_snapshot!(line, @"HERE/relay-data/relayd.db exists; a backup is restored into an empty place only");

    fs::rename(house.relayd.data_dir(), house.path().join("old")).expect("moved");
    let restored = done(house.ctl(["backup", "restore", "today.tar"]));
    assert!(
        restored.ends_with("next: start relayd, then run `relayctl doctor`\n"),
        "{restored}"
    );
    assert!(remembers(&house.relayd));
}

#[test]
fn without_a_daemon_relayctl_makes_the_backup_itself() {
    let house = lived_in();
    let made = house.ctl(["backup", "create", "folder", "--json"]).json();
    assert_eq!(made["path"], json!(house.path().join("folder")));
    done(house.ctl(["backup", "verify", "folder"]));
    let other = house.path().join("other");
    let other = other.to_str().expect("UTF-8");
    let restored = house
        .ctl(["backup", "restore", "folder", "--data-dir", other, "--json"])
        .json();
    assert_eq!(restored["data_dir"], json!(other));
    let elsewhere = house.relayd.clone().env("RELAYD__DATA_DIR", other);
    let socket = house.path().join("relay-data/admin.sock");
    assert!(remembers(&elsewhere.env("RELAYD__ADMIN__SOCKET", socket)));
}

#[test]
fn a_named_daemon_is_never_replaced_by_files() {
    let house = lived_in();
    let line = refused(
        &house,
        ["backup", "create", "x.tar", "--socket", "nowhere.sock"],
        3,
    );
    assert!(
        line.starts_with("no relayd answers at nowhere.sock"),
        "{line}"
    );
    assert!(!house.path().join("x.tar").exists());
}

#[test]
fn a_place_without_data_has_nothing_to_back_up() {
    let house = House::new();
    refused(&house, ["backup", "create", "x.tar"], 3);
    assert!(!house.relayd.data_dir().exists());
}

#[test]
fn a_daemon_that_does_not_answer_keeps_its_data() {
    let house = House::new();
    let _daemon = house.start();
    fs::remove_file(house.relayd.admin_socket()).expect("removed");
    let line = refused(&house, ["backup", "create", "x.tar"], 1);
    assert!(
        line.contains("runs on") && line.contains("does not answer"),
        "{line}"
    );
}

#[test]
fn damage_is_found_before_anything_is_restored() {
    let house = lived_in();
    done(house.ctl(["backup", "create", "folder"]));
    let copy = house.path().join("folder/database/relayd.db");
    let mut bytes = fs::read(&copy).expect("there");
    *bytes.last_mut().expect("not empty") ^= 1;
    fs::write(&copy, bytes).expect("written");
    let line = refused(&house, ["backup", "verify", "folder"], 1);
    assert_eq!(line, "folder is damaged: database/relayd.db was changed");
    refused(
        &house,
        ["backup", "restore", "folder", "--data-dir", "new"],
        1,
    );
    assert!(!house.path().join("new").exists());
    let line = refused(&house, ["backup", "verify", "nowhere.tar"], 1);
    assert!(line.starts_with("nowhere.tar: "), "{line}");
}

#[test]
fn a_folder_of_somebody_else_is_left_as_it_is() {
    let house = lived_in();
    done(house.ctl(["backup", "create", "x.tar"]));
    let theirs = house.path().join("theirs");
    fs::create_dir(&theirs).expect("made");
    fs::write(theirs.join("letter"), "dear").expect("written");
    let line = refused(
        &house,
        ["backup", "restore", "x.tar", "--data-dir", "theirs"],
        1,
    );
    assert!(line.contains("is not empty"), "{line}");
    assert_eq!(fs::read_dir(&theirs).expect("there").count(), 1);
}
