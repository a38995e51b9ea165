//! No daemon: exit code 3, and a line that says what to do.

use std::process::Command;

use relay_testkit::binaries;

use crate::support::{House, refused};

#[test]
fn what_needs_a_daemon_says_that_there_is_none() {
    let house = House::new();
    let commands: [&[&str]; 14] = [
        &["status"],
        &["log", "level"],
        &["log", "level", "debug"],
        &["worker", "list"],
        &["worker", "run", "store.integrity"],
        &["worker", "pause", "store.integrity"],
        &["worker", "resume", "store.integrity"],
        &["audit", "list"],
        &["audit", "note", "text"],
        &["audit", "prune", "--older-than", "90d"],
        &["config", "show", "--running"],
        &["reload"],
        &["stop"],
        &["upgrade"],
    ];
    for command in commands {
        let finished = house.relayd.relayctl(command);
        assert_eq!(
            (finished.code, &*finished.stdout),
            (Some(3), ""),
            "{finished:?}"
        );
        insta::allow_duplicates! {
            insta::assert_snapshot!(house.steady(&finished.stderr), @"relayctl: no relayd answers at HERE/relay-data/admin.sock: No such file or directory (os error 2); start relayd, or name its socket with --socket or RELAYCTL_SOCKET");
        }
    }
}

#[test]
fn a_stale_socket_and_another_program_are_no_daemon() {
    let house = House::new();
    let socket = house.relayd.admin_socket();
    let folder = socket.parent().expect("it is in a folder");
    std::fs::create_dir_all(folder).expect("made");
    let listener = std::os::unix::net::UnixListener::bind(&socket).expect("bound");
    let other = std::thread::spawn(move || {
        // Two calls, each hung up on.
        for _ in 0..2 {
            drop(listener.accept());
        }
    });
    let line = refused(&house, ["status"], 3);
    assert!(
        line.starts_with("the daemon's answer was not understood"),
        "{line}"
    );
    other.join().expect("no panic");
    let line = refused(&house, ["status"], 3);
    assert!(line.contains("Connection refused"), "{line}");
}

#[test]
fn a_mistake_elsewhere_in_the_configuration_does_not_hide_the_daemon() {
    let house = House::new();
    let daemon = house.start();
    let text = std::fs::read_to_string(house.path().join("relayd.toml")).expect("there");
    std::fs::write(
        house.path().join("relayd.toml"),
        format!("{text}\n[smpp]\nx = 1\n"),
    )
    .expect("written");
    // By the configuration, not by RELAYCTL_SOCKET.
    let status = Command::new(binaries::relayctl())
        .current_dir(house.path())
        .env_remove("RELAYCTL_SOCKET")
        .env_remove("RELAYD_CONFIG")
        .args(["status", "--json"])
        .output()
        .expect("relayctl starts");
    assert_eq!(status.status.code(), Some(0), "{status:?}");
    drop(daemon);
}

#[test]
fn a_daemon_that_says_nothing_is_waited_for_no_longer_than_wanted() {
    let house = House::new();
    let socket = house.relayd.admin_socket();
    std::fs::create_dir_all(socket.parent().expect("it is in a folder")).expect("made");
    // Connections are made by the kernel; nobody ever reads.
    let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("bound");
    let line = refused(&house, ["status", "--timeout", "200ms"], 3);
    assert!(line.contains("gives no answer within 200ms"), "{line}");
    assert!(line.contains("--timeout"), "{line}");
    let silent = house.ctl(["worker", "list", "--timeout", "1s", "--json"]);
    assert_eq!((silent.code, &*silent.stdout), (Some(3), ""), "{silent:?}");
    let error: serde_json::Value = serde_json::from_str(&silent.stderr).expect("JSON");
    let line = error["error"].as_str().expect("a line");
    assert!(line.contains("gives no answer within 1s"), "{line}");
}
