//! The web certificate from files: every kind of key, replaced while serving, missing, broken.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use integration_tests::browser::Browser;
use integration_tests::{Bed, certificates, see};
use relay_testkit::{Daemon, Relayd, Signal};
use serde_json::{Value, json};

fn bed() -> (Bed, SocketAddr) {
    let tls = Relayd::free_address();
    let bed = Bed::new().with_sogs();
    let path = |file: &str| bed.dir().join(file).to_str().unwrap().to_owned();
    let (certificate, key) = (path("web.crt"), path("web.key"));
    let bed = bed
        .with("web.tls_listen", tls.to_string())
        .with("web.certificate", certificate)
        .with("web.key", key);
    (bed, tls)
}

/// Runs the worker that looks at the files.
fn look(daemon: &Daemon) -> Value {
    let run = daemon
        .admin()
        .post("/v1/workers/web.certificate/run", &json!({}));
    run.unwrap().json()
}

/// What is shown to who asks for `host`.
async fn shown(tls: SocketAddr) -> Vec<String> {
    Browser::new(tls, "any.test").names().await
}

/// Makes a certificate with another kind of key.
fn make(dir: &Path, name: &str, kind: &[&str]) {
    let mut openssl = Command::new("openssl");
    openssl
        .args(["req", "-x509", "-nodes", "-days", "30"])
        .args(kind);
    openssl.args(["-subj", "/CN=test", "-addext"]);
    openssl.arg(format!("subjectAltName=DNS:{name}"));
    openssl.arg("-out").arg(dir.join("web.crt"));
    openssl.arg("-keyout").arg(dir.join("web.key"));
    assert!(openssl.output().unwrap().status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn new_files_are_taken_by_themselves_whatever_their_key() {
    if !certificates::can_be_made() {
        return;
    }
    let (bed, tls) = bed();
    certificates::make(bed.dir(), "web", "first.test");
    let daemon = bed.start();
    assert_eq!(shown(tls).await, ["first.test"]);
    let kinds: [(&str, &[&str]); 3] = [
        ("rsa.test", &["-newkey", "rsa:2048"]),
        ("ed25519.test", &["-newkey", "ed25519"]),
        (
            "p384.test",
            &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp384r1"],
        ),
    ];
    for (name, kind) in kinds {
        make(bed.dir(), name, kind);
        assert_eq!(
            look(&daemon)["done"],
            "the files have changed and are in use"
        );
        assert_eq!(shown(tls).await, [name]);
    }
    assert_eq!(look(&daemon)["done"], "the files have not changed");
    assert!(
        see::metric(&daemon, "relayd_web_certificate_expires_timestamp_seconds").unwrap() > 1e9
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_files_leave_the_old_certificate_and_are_named() {
    if !certificates::can_be_made() {
        return;
    }
    let (bed, tls) = bed();
    certificates::make(bed.dir(), "web", "first.test");
    let daemon = bed.start();
    // A new certificate whose key is not there yet, and then nonsense.
    certificates::make(bed.dir(), "other", "other.test");
    fs::rename(bed.dir().join("other.crt"), bed.dir().join("web.crt")).unwrap();
    let failed = look(&daemon)["error"].as_str().unwrap().to_owned();
    assert!(failed.contains("does not belong to"), "{failed}");
    assert!(failed.contains("the former certificate stays"), "{failed}");
    assert_eq!(shown(tls).await, ["first.test"]);
    // Said once, then known.
    let waits = look(&daemon)["done"].as_str().unwrap().to_owned();
    assert!(waits.contains("waiting for other files"), "{waits}");
    let reload = daemon.admin().post("/v1/reload", &json!({})).unwrap();
    assert_ne!(reload.status, 200);
    assert!(reload.text().contains("web"), "{}", reload.text());
    assert_eq!(shown(tls).await, ["first.test"]);
    fs::rename(bed.dir().join("other.key"), bed.dir().join("web.key")).unwrap();
    assert_eq!(
        look(&daemon)["done"],
        "the files have changed and are in use"
    );
    assert_eq!(shown(tls).await, ["other.test"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_reads_the_files_again() {
    if !certificates::can_be_made() {
        return;
    }
    let (bed, tls) = bed();
    certificates::make(bed.dir(), "web", "first.test");
    let daemon = bed.start();
    certificates::make(bed.dir(), "web", "second.test");
    daemon.signal(Signal::HUP);
    see::said(&daemon, "configuration reloaded", 1);
    assert_eq!(shown(tls).await, ["second.test"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_not_there_yet_are_waited_for() {
    if !certificates::can_be_made() {
        return;
    }
    let (bed, tls) = bed();
    let daemon = bed.start();
    assert!(daemon.stderr().contains("a certificate that signs itself"));
    assert_eq!(shown(tls).await, ["localhost"]);
    certificates::make(bed.dir(), "web", "first.test");
    // By itself, in its own time.
    see::said(&daemon, "the web certificate has changed and is in use", 1);
    assert_eq!(shown(tls).await, ["first.test"]);
}

#[test]
fn files_that_are_broken_at_the_start_are_refused() {
    if !certificates::can_be_made() {
        return;
    }
    let (bed, _) = bed();
    certificates::make(bed.dir(), "web", "first.test");
    fs::write(bed.dir().join("web.key"), "no key").unwrap();
    let exit = bed.relayd().spawn().wait(integration_tests::PATIENCE);
    assert_eq!(exit.code, Some(64), "{exit:?}");
    assert!(
        exit.stderr.contains("web.key holds no private key"),
        "{}",
        exit.stderr
    );
}
