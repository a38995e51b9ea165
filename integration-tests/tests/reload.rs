//! SIGHUP and `POST /v1/reload`: what can be changed while serving is, what cannot is named, and
//! what is wrong changes nothing.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::fs;

use integration_tests::{Bed, PATIENCE, certificates, see};
use relay_testkit::http::{Connection, Response, request};
use relay_testkit::{Daemon, Relayd, Signal, poll};
use serde_json::{Value, json};
use toml::Value as Toml;

fn reload(daemon: &Daemon) -> Response {
    daemon.admin().post("/v1/reload", &json!({})).unwrap()
}

fn reloaded(daemon: &Daemon) -> Value {
    let answer = reload(daemon);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// Reloads by signal, for the `count`th time.
fn hang_up(daemon: &Daemon, count: usize) {
    daemon.signal(Signal::HUP);
    see::said(daemon, "configuration reloaded", count);
}

/// Makes the daemon say something at debug level.
fn provoke_debug_line(daemon: &Daemon) {
    see::run_worker(daemon, "store.maintenance");
}

fn level(daemon: &Daemon) -> Value {
    daemon.admin().get("/v1/log/level").unwrap().json()["level"].clone()
}

#[test]
fn a_new_log_level_takes_effect() {
    let mut bed = Bed::new();
    let daemon = bed.start();
    provoke_debug_line(&daemon);
    bed.set("log.level", "debug");
    bed.write();
    hang_up(&daemon, 1);
    assert_eq!(level(&daemon), "debug");
    provoke_debug_line(&daemon);
    see::said(&daemon, "DEBUG", 1);
    let before = daemon.stderr().find("configuration reloaded").unwrap();
    assert!(
        !daemon.stderr()[..before].contains("DEBUG"),
        "{}",
        daemon.stderr()
    );
    assert!(
        daemon.stderr().contains("changed: log.level"),
        "{}",
        daemon.stderr()
    );

    bed.set("log.level", "warn");
    bed.write();
    assert_eq!(
        reloaded(&daemon),
        json!({ "applied": ["log.level"], "need_restart": [] })
    );
    assert_eq!(level(&daemon), "warn");
    let said = daemon.stderr().len();
    provoke_debug_line(&daemon);
    assert_eq!(daemon.stderr()[said..].matches("DEBUG").count(), 0);
}

#[test]
fn a_reload_of_the_same_says_that_nothing_changed() {
    let bed = Bed::new();
    let daemon = bed.start();
    hang_up(&daemon, 1);
    hang_up(&daemon, 2);
    assert_eq!(
        reloaded(&daemon),
        json!({ "applied": [], "need_restart": [] })
    );
    assert_eq!(daemon.stderr().matches("changed: nothing").count(), 3);
    see::readyz(&daemon, 200);
}

/// Whether a new connection to SOGS is answered.
fn is_let_in(bed: &Bed) -> bool {
    bed.sogs().get("/").is_ok_and(|answer| answer.status == 200)
}

#[test]
fn new_limits_count_for_new_connections() {
    let mut bed = Bed::new()
        .with_sogs()
        .with("limits.unlimited_from", Vec::<String>::new())
        .with("limits.max_connections_per_address", 50);
    let daemon = bed.start();
    let mut held = Connection::open(&bed.listen("sogs").into()).unwrap();
    held.send(&request("GET", "/", &[], b"")).unwrap();
    assert_eq!(held.response().unwrap().status, 200);
    assert!(is_let_in(&bed));

    bed.set("limits.max_connections_per_address", 1);
    bed.write();
    hang_up(&daemon, 1);
    assert!(!is_let_in(&bed), "one connection is open already");
    held.send(&request("GET", "/", &[], b"")).unwrap();
    assert_eq!(held.response().unwrap().status, 200, "nobody is thrown out");

    bed.set("limits.max_connections_per_address", 2);
    bed.write();
    let key = "limits.max_connections_per_address";
    assert_eq!(
        reloaded(&daemon),
        json!({ "applied": [key], "need_restart": [] })
    );
    poll::until(PATIENCE, "a second connection is let in", || {
        is_let_in(&bed).then_some(())
    });
}

#[test]
fn a_broken_configuration_is_refused_and_the_old_one_stays() {
    let bed = Bed::new().with("log.level", "info,relay_core=info");
    let daemon = bed.start();
    for (count, (text, needles)) in [
        ("[log\n", &["relayd.toml:1"][..]),
        (
            "[log]\nlevel = 'debug'\nlevle = 'debug'\n",
            &["relayd.toml:3", "log.levle"],
        ),
        ("[log]\nlevel = 'loud'\n", &["log.level", "`loud`"]),
        (
            "[log]\nlevel = 'debug'\n[limits]\nmax_connections = 'many'\n",
            &["relayd.toml:4", "limits.max_connections"],
        ),
        (
            "[metrics]\nlisten = ':4001'\n[sogs]\nenabled = true\nlisten = ':4001'\n",
            &["relayd.toml:5", "sogs.listen", "metrics.listen"],
        ),
        (
            "[metrics]\ntls_certificate = '/x.crt'\n",
            &["relayd.toml:2", "metrics.tls_key"],
        ),
    ]
    .into_iter()
    .enumerate()
    {
        fs::write(bed.dir().join("relayd.toml"), text).unwrap();
        let answer = reload(&daemon);
        assert_eq!(answer.status, 409, "{text}: {}", answer.text());
        let reason = answer.json()["detail"].as_str().unwrap().to_owned();
        daemon.signal(Signal::HUP);
        let line = see::said(&daemon, "reload refused", 2 * (count + 1));
        for needle in needles {
            assert!(reason.contains(needle), "{needle} in {reason}");
            assert!(line.contains(needle), "{needle} in {line}");
        }
        assert_eq!(level(&daemon), "info,relay_core=info", "after {text}");
        see::readyz(&daemon, 200);
    }
    // A configuration that is gone altogether means the defaults, as at a start.
    bed.write();
    assert_eq!(
        reloaded(&daemon),
        json!({ "applied": [], "need_restart": [] })
    );
}

#[test]
fn what_needs_a_restart_is_named_and_waits_for_it() {
    let mut bed = Bed::new();
    let old = bed.listen("metrics");
    let daemon = bed.start();
    let new = Relayd::free_address().to_string();
    bed.set("metrics.listen", &*new);
    bed.set("log.level", "debug");
    bed.write();
    hang_up(&daemon, 1);
    let line = see::said(&daemon, "need a restart", 1);
    assert!(
        line.contains("WARN") && line.contains("metrics.listen"),
        "{line}"
    );
    assert!(!line.contains("log.level"), "{line}");
    let answer = json!({ "applied": [], "need_restart": ["metrics.listen"] });
    assert_eq!(reloaded(&daemon), answer, "it still waits");
    let at_old = relay_testkit::http::Client::new(old).get("/livez");
    assert_eq!(at_old.unwrap().status, 200, "the old address is served on");

    bed.set("metrics.listen", old.to_string());
    bed.write();
    assert_eq!(
        reloaded(&daemon),
        json!({ "applied": [], "need_restart": [] })
    );
}

#[test]
fn a_renewed_certificate_is_shown_to_new_clients() {
    if !certificates::can_be_made() {
        return;
    }
    let mut bed = Bed::new();
    let make = |file, name| certificates::make(bed.dir(), file, name);
    let (certificate, key) = make("metrics", "first.example");
    let elsewhere = make("elsewhere", "third.example");
    let path = |path: &std::path::Path| Toml::from(path.to_str().unwrap());
    bed.set("metrics.tls_certificate", path(&certificate));
    bed.set("metrics.tls_key", path(&key));
    let address = bed.listen("metrics");
    let daemon = bed.start();
    let shown = || certificates::shown_by(address);
    assert!(shown().contains("first.example"), "{}", shown());
    let answer = certificates::get(address, "/readyz");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(
        relay_testkit::http::Client::new(address)
            .get("/readyz")
            .is_err(),
        "not in clear"
    );

    certificates::make(bed.dir(), "metrics", "second.example");
    assert!(shown().contains("first.example"), "not before the reload");
    hang_up(&daemon, 1);
    assert!(shown().contains("second.example"), "{}", shown());

    // Refused as a whole: neither a broken certificate nor one beside a broken level counts.
    fs::write(&certificate, "no certificate").unwrap();
    assert_eq!(reload(&daemon).status, 409);
    assert!(shown().contains("second.example"), "{}", shown());
    certificates::make(bed.dir(), "metrics", "unwanted.example");
    bed.set("log.level", "loud");
    bed.write();
    assert_eq!(reload(&daemon).status, 409);
    assert!(shown().contains("second.example"), "{}", shown());

    // Another place, said to be in force, is in force.
    let (certificate, key) = elsewhere;
    bed.set("log.level", "info");
    bed.set("metrics.tls_certificate", path(&certificate));
    bed.set("metrics.tls_key", path(&key));
    bed.write();
    let came_to = reloaded(&daemon);
    let keys = json!(["metrics.tls_certificate", "metrics.tls_key"]);
    if came_to["applied"] == keys {
        assert!(shown().contains("third.example"), "{came_to} {}", shown());
    } else {
        assert_eq!(came_to["need_restart"], keys, "{came_to}");
    }
}

#[test]
fn tls_is_not_said_to_be_switched_on_by_a_reload() {
    if !certificates::can_be_made() {
        return;
    }
    let mut bed = Bed::new();
    let daemon = bed.start();
    let (certificate, key) = certificates::make(bed.dir(), "metrics", "first.example");
    bed.set("metrics.tls_certificate", certificate.to_str().unwrap());
    bed.set("metrics.tls_key", key.to_str().unwrap());
    bed.write();
    let came_to = reloaded(&daemon);
    let speaks_tls = daemon.metrics().get("/livez").is_err();
    let is_applied = came_to["applied"] != json!([]);
    assert_eq!(
        is_applied, speaks_tls,
        "what is applied is in force: {came_to}"
    );
}
