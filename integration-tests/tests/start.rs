//! Starting: with nothing at all, with nothing but ports, beside another one, and again.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::net::TcpListener;
use std::path::Path;

use integration_tests::{Bed, Kind, PATIENCE, see};
use relay_testkit::{Relayd, Signal, skip};

/// Families that monitoring is built upon.
const FAMILIES: [&str; 16] = [
    "process_cpu_seconds_total",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "relayd_accept_errors_total",
    "relayd_connection_panics_total",
    "relayd_connections_accepted_total",
    "relayd_connections_open",
    "relayd_connections_refused_total",
    "relayd_store_batch_units",
    "relayd_store_bytes_total",
    "relayd_store_commit_seconds",
    "relayd_store_faults_total",
    "relayd_store_healthy",
    "relayd_store_queue_units",
    "relayd_store_units_total",
];

#[test]
fn with_nothing_at_all_everything_appears_at_its_default_place() {
    if Path::new("/etc/relayd/relayd.toml").exists() {
        return skip::loudly("this machine has a /etc/relayd/relayd.toml", "move it away");
    }
    for port in [9464, 8080, 5223] {
        if TcpListener::bind(("127.0.0.1", port)).is_err() {
            return skip::loudly(
                &format!("somebody else uses port {port}"),
                "stop that program",
            );
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let daemon = Relayd::new(dir.path()).start();

    let data = dir.path().join("relay-data");
    for (file, mode) in [
        ("", 0o700),
        ("admin.sock", 0o660),
        ("handover.sock", 0o600),
        ("relayd.db", 0o600),
        ("relayd.lock", 0o600),
        ("smp", 0o700),
        ("smp/ca.key", 0o600),
        ("smp/server.key", 0o600),
    ] {
        assert_eq!(see::mode(data.join(file)), mode, "mode of {file:?}");
    }
    let around = std::fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(around, 1, "nothing appears beside the data dir");

    let answers = ["/readyz", "/livez"].map(|path| daemon.metrics().get(path).unwrap());
    assert_eq!(answers.map(|answer| answer.status), [200, 200]);
    let status = see::status(&daemon);
    assert_eq!(status["ready"], true, "{status}");
    assert_eq!(status["store"]["durability"], "power", "{status}");

    daemon.signal(Signal::TERM);
    let exit = daemon.wait(PATIENCE);
    assert_eq!(exit.code, Some(0), "{exit:?}");
    let fingerprint = std::fs::read_to_string(data.join("smp/fingerprint")).unwrap();
    let said: Vec<_> = exit.stdout.lines().collect();
    let greeting = concat!(
        "relayd ",
        env!("CARGO_PKG_VERSION"),
        "  data in relay-data  metrics on 127.0.0.1:9464"
    );
    assert_eq!(said[0], greeting);
    assert!(said[1].starts_with("sogs  ready  http://127.0.0.1:8080 public_key="));
    let smp = format!("smp   ready  smp://{}@127.0.0.1", fingerprint.trim());
    assert_eq!(said[2..], [smp]);
    // The one thing an operator has to know: nobody else reaches it at a guessed address.
    let warnings: Vec<_> = exit
        .stderr
        .lines()
        .filter(|line| line.contains("WARN"))
        .collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("sogs.base_url http://127.0.0.1:8080 works on this machine only"));
    assert!(!exit.stderr.contains("ERROR"), "{}", exit.stderr);
}

#[test]
fn the_environment_alone_can_configure_it() {
    let dir = tempfile::tempdir().unwrap();
    let metrics = Relayd::free_address();
    let relayd = Relayd::new(dir.path())
        .env("RELAYD__METRICS__LISTEN", metrics.to_string())
        .env("RELAYD__ADMIN__MODE", "0600")
        .env("RELAYD__SMP__ENABLED", "false");
    let daemon = relayd.spawn();
    see::serving(&daemon);
    let answer = relay_testkit::http::Client::new(metrics).get("/readyz");
    assert_eq!(answer.unwrap().status, 200);
    assert_eq!(see::mode(dir.path().join("relay-data/admin.sock")), 0o600);
}

#[test]
fn every_family_of_figures_is_there() {
    let bed = Bed::new().with_sogs();
    let daemon = bed.start();
    integration_tests::notes::noted(&daemon.admin(), "a unit to count");
    let text = daemon.metrics().get("/metrics").unwrap().text();
    let missing: Vec<_> = FAMILIES
        .iter()
        .filter(|family| !text.contains(&format!("# TYPE {family} ")))
        .collect();
    assert!(missing.is_empty(), "{missing:?} missing in {text}");
    for listener in ["admin", "metrics", "sogs"] {
        let name = format!("relayd_connections_open{{listener=\"{listener}\"");
        assert!(see::figure(&text, &name).is_some(), "{name} in {text}");
    }
    for family in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        assert!(
            family.starts_with("relayd_") || family.starts_with("process_"),
            "{family}"
        );
    }
    assert!(
        see::figure(&text, "relayd_store_units_total") >= Some(1.0),
        "{text}"
    );
}

#[test]
fn a_second_daemon_on_one_data_dir_is_told_who_has_it() {
    let bed = Bed::new();
    let daemon = bed.start();
    let second = Bed::new().with("data_dir", &*bed.data().to_string_lossy());
    let exit = second.relayd().spawn().wait(PATIENCE);
    assert_eq!(exit.code, Some(69), "{exit:?}");
    assert_eq!(exit.stderr.lines().count(), 1, "{exit:?}");
    let pid = daemon.pid();
    for needle in ["data_dir", &format!("(process {pid})"), "--upgrade"] {
        assert!(exit.stderr.contains(needle), "{needle} in {exit:?}");
    }
    see::readyz(&daemon, 200);
}

fn a_restart_keeps_the_identity(bed: Bed) {
    let bed = bed.with_sogs();
    let daemon = bed.start();
    let key = bed.data().join("sogs/key_x25519");
    assert_eq!(see::mode(&key), 0o600);
    assert_eq!(see::mode(bed.data().join("sogs")), 0o700);
    let made = std::fs::read(&key).unwrap();
    assert_eq!(made.len(), 32);
    assert_ne!(made, [0; 32]);
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.wait(PATIENCE).code, Some(0));

    let again = bed.start();
    assert_eq!(std::fs::read(&key).unwrap(), made);
    assert_eq!(see::mode(&key), 0o600);
    assert!(!again.stderr().contains("migrated"), "{}", again.stderr());
    drop(again);

    let other = Bed::new().with_sogs();
    let _other = other.start();
    let others = std::fs::read(other.data().join("sogs/key_x25519")).unwrap();
    assert_ne!(others, made, "every server has an identity of its own");
}

#[test]
fn a_restart_keeps_the_identity_on_sqlite() {
    a_restart_keeps_the_identity(Bed::new());
}

#[test]
fn a_restart_keeps_the_identity_on_postgres() {
    if let Some(bed) = Bed::on(Kind::Postgres) {
        a_restart_keeps_the_identity(bed);
    }
}

#[test]
fn a_relay_serves_from_its_first_start_on() {
    let bed = Bed::new().with_sogs();
    let daemon = bed.start();
    for (path, status) in [("/", 200), ("/capabilities", 200), ("/room/lobby", 404)] {
        assert_eq!(bed.sogs().get(path).unwrap().status, status, "{path}");
    }
    let broken = bed.sogs().request("POST", "/oxen/v4/lsrpc", &[], b"");
    assert_eq!(broken.unwrap().status, 400);
    assert_eq!(see::readyz(&daemon, 200), "ready\n");
    let line = daemon.wait_for_line("sogs ", PATIENCE);
    let words: Vec<_> = line.split_whitespace().collect();
    let address = format!("http://{}", bed.listen("sogs"));
    assert_eq!(words[..3], ["sogs", "ready", &address], "{line}");
    let key = words[3].strip_prefix("public_key=").expect("a key");
    assert!(key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit()));
}
