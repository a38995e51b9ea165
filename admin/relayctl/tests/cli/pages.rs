//! What packages install.

use std::fs;

use crate::support::{House, done};

#[test]
fn completions_for_every_shell() {
    let house = House::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = done(house.ctl(["completions", shell]));
        assert!(
            script.contains("relayctl") && script.contains("doctor"),
            "{shell}"
        );
        let as_json = house.ctl(["completions", shell, "--json"]).json();
        assert_eq!(as_json["completions"].as_str(), Some(&*script));
    }
}

#[test]
fn man_pages_for_every_command_and_the_daemon() {
    let house = House::new();
    assert!(done(house.ctl(["man"])).contains(".TH relayctl 1"));
    let dir = house.path().join("man");
    let dir = dir.to_str().expect("UTF-8");
    let said = done(house.ctl(["man", "--dir", dir]));
    assert!(
        house.steady(&said).ends_with("pages written into HERE/man"),
        "{said}"
    );
    for page in [
        "relayctl.1",
        "relayctl-status.1",
        "relayctl-backup-create.1",
        "relayd.8",
    ] {
        let text = fs::read_to_string(format!("{dir}/{page}")).expect(page);
        assert!(text.contains(".SH SYNOPSIS"), "{page}");
    }
    let written = house.ctl(["man", "--dir", dir, "--json"]).json();
    let count = fs::read_dir(dir).expect("there").count();
    assert_eq!(written["written"].as_array().map(Vec::len), Some(count));
}
