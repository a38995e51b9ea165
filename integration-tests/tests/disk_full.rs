//! Faults of the store under a running daemon: an error to whoever writes, a state that
//! monitoring sees, and no restart needed when the fault is gone.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::fs;

use integration_tests::notes::{Acknowledged, Writers, assert_kept, note, noted, text};
use integration_tests::{Bed, PATIENCE, see};
use relay_testkit::{Daemon, Postgres, Signal, SmallDisk, poll};

/// Room for the database, its log, and what the tests write.
const DISK: u64 = 24 << 20;

/// Writes until it is refused; gives what was acknowledged before and the reason.
fn write_until_refused(daemon: &Daemon) -> (Acknowledged, String) {
    let mut acknowledged = Acknowledged::new();
    let reason = poll::until(PATIENCE, "a note is refused", || {
        let text = text();
        let answer = note(&daemon.admin(), &text).unwrap();
        if answer.status == 200 {
            acknowledged.insert(answer.json()["id"].as_i64()?, text);
            return None;
        }
        assert_eq!(answer.status, 503, "{}", answer.text());
        Some(answer.json()["detail"].as_str()?.to_owned())
    });
    (acknowledged, reason)
}

/// What an operator sees while the store has a fault, told by a word of its reason.
fn assert_ill(daemon: &Daemon, fault: &str, name: &str) {
    let reasons = see::readyz(daemon, 503);
    let lines: Vec<_> = reasons.lines().collect();
    assert_eq!(lines.len(), 1, "only the store is ill: {reasons}");
    assert!(
        lines[0].starts_with("store: ") && lines[0].contains(fault),
        "{reasons}"
    );
    assert_eq!(daemon.metrics().get("/livez").unwrap().status, 200);
    assert_eq!(see::metric(daemon, "relayd_store_healthy"), Some(0.0));
    let faults = format!("relayd_store_faults_total{{fault=\"{name}\"");
    assert!(see::metric(daemon, &faults) >= Some(1.0), "{faults}");
    let status = see::status(daemon);
    assert_eq!(status["ready"], false, "{status}");
    assert!(
        status["store"]["fault"].as_str().unwrap().contains(fault),
        "{status}"
    );
}

/// It works again by itself, and nothing acknowledged is missing.
fn assert_recovers(daemon: &Daemon, acknowledged: &Acknowledged) {
    see::readyz(daemon, 200);
    let text = text();
    let id = noted(&daemon.admin(), &text);
    assert_kept(&daemon.admin(), acknowledged);
    assert_kept(&daemon.admin(), &[(id, text)].into());
    assert_eq!(see::metric(daemon, "relayd_store_healthy"), Some(1.0));
    see::run_worker(daemon, "store.integrity");
    assert!(
        daemon.stderr().contains("works again"),
        "{}",
        daemon.stderr()
    );
    assert!(!daemon.stderr().contains("panic"), "{}", daemon.stderr());
}

#[test]
fn a_full_disk_and_room_again() {
    let Some(disk) = SmallDisk::mount(DISK) else {
        return;
    };
    let data = disk.path().join("data");
    let bed = Bed::new().with("data_dir", data.to_str().unwrap());
    let daemon = bed.start();
    let mut acknowledged: Acknowledged = (0..20)
        .map(|_| text())
        .map(|text| (noted(&daemon.admin(), &text), text))
        .collect();

    for _ in 0..2 {
        disk.fill();
        let (more, reason) = write_until_refused(&daemon);
        acknowledged.extend(more);
        assert!(reason.contains("no space left"), "{reason}");
        assert_ill(&daemon, "no space left", "disk_full");
        // Reading is served on, and so is what needs no writing.
        assert_kept(&daemon.admin(), &acknowledged);
        let level = serde_json::json!({ "level": "info" }).to_string();
        let json = [("content-type", "application/json")];
        let answer = daemon.admin();
        let answer = answer.request("PUT", "/v1/log/level", &json, level.as_bytes());
        assert_eq!(
            answer.unwrap().status,
            200,
            "an operator must be able to act"
        );
        disk.relieve();
        assert_recovers(&daemon, &acknowledged);
    }
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.wait(PATIENCE).code, Some(0));
    assert_kept(&bed.start().admin(), &acknowledged);
}

#[test]
fn a_disk_that_fills_under_load() {
    let Some(disk) = SmallDisk::mount(DISK) else {
        return;
    };
    let data = disk.path().join("data");
    let bed = Bed::new().with("data_dir", data.to_str().unwrap());
    let daemon = bed.start();
    let writers = Writers::start(&daemon.how().admin_socket(), 6);
    writers.wait_for(50);
    disk.fill();
    see::readyz(&daemon, 503);
    let so_far = writers.so_far();
    assert_kept(&daemon.admin(), &so_far);
    disk.relieve();
    see::readyz(&daemon, 200);
    let acknowledged = writers.stop();
    assert_recovers(&daemon, &acknowledged);
}

#[test]
fn a_daemon_that_ends_and_starts_on_a_full_disk() {
    let Some(disk) = SmallDisk::mount(DISK) else {
        return;
    };
    let data = disk.path().join("data");
    let bed = Bed::new().with("data_dir", data.to_str().unwrap());
    let daemon = bed.start();
    let text = text();
    let kept = [(noted(&daemon.admin(), &text), text)].into();
    disk.fill();
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.wait(PATIENCE).code, Some(0));
    // It starts, or says in one line that it cannot; it does not hang and loses nothing.
    let full = bed.relayd().spawn();
    let ended = poll::until(PATIENCE, "it serves or ends", || {
        let serves = daemon.admin().get("/v1/status").is_ok();
        (serves || !full.is_running()).then(|| !full.is_running())
    });
    if ended {
        let exit = full.wait(PATIENCE);
        assert_eq!(exit.code, Some(69), "{exit:?}");
        assert_eq!(exit.stderr.lines().count(), 1, "{exit:?}");
        assert!(exit.stderr.to_lowercase().contains("space"), "{exit:?}");
    }
    drop(full);
    disk.relieve();
    let again = bed.start();
    assert_kept(&again.admin(), &kept);
    see::run_worker(&again, "store.integrity");
}

#[test]
fn a_database_file_that_is_moved_away_and_back() {
    let bed = Bed::new();
    let daemon = bed.start();
    let text = text();
    let kept: Acknowledged = [(noted(&daemon.admin(), &text), text)].into();
    let (here, there) = (
        bed.data().join("relayd.db"),
        bed.data().join("elsewhere.db"),
    );
    fs::rename(&here, &there).unwrap();
    let (_, reason) = write_until_refused(&daemon);
    assert!(reason.contains("moved or deleted"), "{reason}");
    assert_ill(&daemon, "moved or deleted", "replaced");
    fs::rename(&there, &here).unwrap();
    assert_recovers(&daemon, &kept);
}

fn postgres_that_goes_away(go_away: fn(&Postgres)) {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let bed = Bed::new()
        .with("storage.url", postgres.database())
        .with("storage.connect_timeout", "2s");
    let daemon = bed.start();
    let writers = Writers::start(&daemon.how().admin_socket(), 4);
    writers.wait_for(50);
    for _ in 0..2 {
        go_away(&postgres);
        let (_, reason) = write_until_refused(&daemon);
        assert!(reason.contains("cannot be reached"), "{reason}");
        assert_ill(&daemon, "cannot be reached", "unreachable");
        let answer = daemon.admin().get("/v1/audit/10").unwrap();
        assert_eq!(
            answer.status,
            503,
            "nobody waits for ever: {}",
            answer.text()
        );
        assert!(daemon.is_running());
        postgres.start_again();
        see::readyz(&daemon, 200);
        let before = writers.so_far().len();
        writers.wait_for(before + 20);
    }
    let acknowledged = writers.stop();
    assert_recovers(&daemon, &acknowledged);
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.wait(PATIENCE).code, Some(0));
}

#[test]
fn a_postgres_that_is_stopped_and_started() {
    postgres_that_goes_away(Postgres::stop);
}

#[test]
fn a_postgres_that_is_killed_and_started() {
    postgres_that_goes_away(Postgres::kill9);
}

#[test]
fn a_daemon_ends_in_time_while_postgres_is_away() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let bed = Bed::new()
        .with("storage.url", postgres.database())
        .with("storage.connect_timeout", "1s");
    let daemon = bed.start();
    noted(&daemon.admin(), "before");
    postgres.stop();
    write_until_refused(&daemon);
    daemon.signal(Signal::TERM);
    let exit = daemon.wait(std::time::Duration::from_secs(10));
    assert_eq!(exit.code, Some(0), "{exit:?}");
}
