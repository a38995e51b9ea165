//! `relayctl doctor` reaches both relays as clients do, says what stands in the way, and leaves
//! nothing behind.

use std::net::SocketAddr;
use std::process::Command;

use integration_tests::{Bed, Kind, certificates};
use relay_testkit::{Daemon, Relayd};
use serde_json::Value;

/// Findings of a section, as `level: found`.
fn findings(daemon: &Daemon, section: &str) -> Vec<String> {
    let doctor = daemon.relayctl(["doctor", "--json"]);
    assert_eq!(doctor.stderr, "", "{doctor:?}");
    let report = doctor.json();
    let of_section = |finding: &&Value| finding["section"] == section;
    let all = report["findings"].as_array().into_iter().flatten();
    all.filter(of_section)
        .map(|finding| {
            let text = |key: &str| finding[key].as_str().unwrap_or_default();
            assert!(
                text("level") == "ok" || !text("advice").is_empty(),
                "{finding}"
            );
            format!("{}: {}", text("level"), text("found"))
        })
        .collect()
}

#[track_caller]
fn has(findings: &[String], wanted: &str) {
    assert!(
        findings.iter().any(|found| found.contains(wanted)),
        "{wanted}: {findings:#?}"
    );
}

/// A bed with both relays, reachable under the addresses they listen on.
fn reachable() -> Bed {
    let bed = Bed::new().with_sogs().with_smp();
    let (sogs, smp) = (bed.listen("sogs"), bed.listen("smp"));
    bed.with("sogs.base_url", format!("http://{sogs}"))
        .with("smp.hosts", vec!["127.0.0.1"])
        .with("smp.port", i64::from(smp.port()))
}

#[test]
fn both_relays_are_reached_and_nothing_is_left_behind() {
    let (_bed, daemon) = reachable()
        .with("smp.create_password", "secret-of-ours")
        .start_kept();
    let found = findings(&daemon, "reach");
    has(&found, "ok: sogs works at http://127.0.0.1");
    has(&found, "ok: smp works at 127.0.0.1");
    assert!(
        found.iter().all(|found| !found.starts_with("problem")),
        "{found:#?}"
    );
    assert!(
        !format!("{found:?}").contains("secret-of-ours"),
        "{found:#?}"
    );
    let stats = daemon.relayctl(["smp", "stats", "--json"]).json();
    assert_eq!(
        (&stats["queues"], &stats["messages"]),
        (&0.into(), &0.into())
    );
}

#[test]
fn a_relay_that_takes_no_new_queues_works_as_it_should() {
    let (_bed, daemon) = reachable().with("smp.new_queues", false).start_kept();
    has(&findings(&daemon, "reach"), "it takes no new queues");
}

#[test]
fn names_that_lead_nowhere_or_to_others_are_found() {
    let (_other_bed, other) = reachable().start_kept();
    let elsewhere = |section: &str| -> SocketAddr {
        let listen = other.how().listen(section);
        listen.expect("it listens")
    };
    let bed = reachable()
        .with("sogs.base_url", format!("http://{}", elsewhere("sogs")))
        .with("smp.port", i64::from(elsewhere("smp").port()));
    let (_bed, daemon) = bed.start_kept();
    let found = findings(&daemon, "reach");
    has(
        &found,
        "problem: sogs does not answer onion requests at http://127.0.0.1",
    );
    has(&found, "is not this SMP relay");
    assert_eq!(daemon.relayctl(["doctor"]).code, Some(1));

    let nobody = Relayd::free_address();
    let bed = reachable()
        .with("sogs.base_url", format!("http://{nobody}"))
        .with(
            "smp.hosts",
            vec!["nowhere.invalid", "expyuzz4wqqyqhjn.onion"],
        );
    let (_bed, daemon) = bed.start_kept();
    let found = findings(&daemon, "reach");
    has(
        &found,
        &format!(
            "problem: 127.0.0.1, port {}, cannot be reached",
            nobody.port()
        ),
    );
    has(&found, "problem: nowhere.invalid is not found");
    has(
        &found,
        "expyuzz4wqqyqhjn.onion is no onion address of version 3",
    );
    let offline = daemon.relayctl(["doctor", "--offline", "--json"]);
    assert!(!offline.stdout.contains("\"reach\""), "{offline:?}");
}

#[test]
fn a_web_server_in_between_that_answers_for_itself_is_found() {
    let bed = reachable();
    let metrics = bed.listen("metrics");
    let (_bed, daemon) = bed
        .with("sogs.base_url", format!("http://{metrics}"))
        .start_kept();
    has(&findings(&daemon, "reach"), "answered with status 404");
}

#[test]
fn the_last_backup_is_known() {
    let (bed, daemon) = Bed::new().start_kept();
    has(&findings(&daemon, "backups"), "ok: no backup was made yet");
    let target = bed.dir().join("today.tar");
    let target = target.to_str().expect("UTF-8");
    assert_eq!(daemon.relayctl(["backup", "create", target]).code, Some(0));
    has(
        &findings(&daemon, "backups"),
        "ok: the last backup is from ",
    );
}

#[test]
fn a_certificate_that_is_about_to_expire_is_found() {
    if !certificates::can_be_made() {
        return;
    }
    let bed = Bed::new();
    let (certificate, key) = (bed.dir().join("short.crt"), bed.dir().join("short.key"));
    let mut openssl = Command::new("openssl");
    openssl.args([
        "req", "-x509", "-nodes", "-days", "5", "-newkey", "ec", "-subj", "/CN=x",
    ]);
    openssl.args(["-pkeyopt", "ec_paramgen_curve:prime256v1"]);
    openssl.args(["-addext", "subjectAltName=DNS:x"]);
    openssl
        .arg("-out")
        .arg(&certificate)
        .arg("-keyout")
        .arg(&key);
    assert!(openssl.output().expect("openssl starts").status.success());
    let (certificate, key) = (certificate.display().to_string(), key.display().to_string());
    let (_bed, daemon) = bed
        .with("metrics.tls_certificate", certificate.clone())
        .with("metrics.tls_key", key.clone())
        .with("web.tls_listen", Relayd::free_address().to_string())
        .with("web.certificate", certificate)
        .with("web.key", key)
        .start_kept();
    let found = findings(&daemon, "certificates");
    has(&found, "short.crt expires at");
    has(&found, "the certificate of the web ports (x) expires at");
}

#[test]
fn a_postgres_database_is_looked_at() {
    let Some(bed) = Bed::on(Kind::Postgres) else {
        return;
    };
    let (_bed, daemon) = bed.start_kept();
    let found = findings(&daemon, "database");
    has(&found, "ok: postgres://");
    has(&found, "ok: its tables are those of this version");
    // The tests' server is fast rather than safe, and that is seen.
    has(&found, "warning: fsync is off instead of on");
    has(&found, "warning: full_page_writes is off instead of on");
    assert!(
        found
            .iter()
            .all(|found| !found.contains("synchronous_commit is")),
        "{found:#?}"
    );
    let doctor = daemon.relayctl(["doctor", "--deep", "--json"]);
    assert!(
        doctor.stdout.contains("all of it was read and is sound"),
        "{doctor:?}"
    );
    assert!(!doctor.stdout.contains("://postgres:"), "{doctor:?}");
}
