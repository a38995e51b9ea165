//! A certificate that is had and renewed by itself, from an authority that looks over real
//! connections whether the hosts are ours.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::net::SocketAddr;
use std::time::Duration;

use integration_tests::authority::{Authority, Life};
use integration_tests::browser::Browser;
use integration_tests::{Bed, PATIENCE, see};
use relay_testkit::{Daemon, Relayd, Signal};
use serde_json::{Value, json};

const HOSTS: [&str; 2] = ["a.test.example", "b.test.example"];

struct House {
    bed: Bed,
    tls: SocketAddr,
    authority: Authority,
}

impl House {
    async fn new(plain: bool) -> Self {
        let (http, tls) = (Relayd::free_address(), Relayd::free_address());
        let authority = Authority::start(plain.then_some(http), tls).await;
        let mut bed = Bed::new()
            .with_sogs()
            .with("web.tls_listen", tls.to_string())
            .with("web.acme.enabled", true)
            .with("web.acme.directory", authority.url.clone())
            .with("web.acme.contact", vec!["admin@test.example"])
            .with("web.acme.hosts", HOSTS.to_vec());
        if plain {
            bed.set("web.listen", http.to_string());
        }
        Self {
            bed,
            tls,
            authority,
        }
    }

    /// Starts a daemon and waits until it has said this.
    async fn start(&self, until: &'static str) -> Daemon {
        let bed = self.bed.relayd();
        tokio::task::spawn_blocking(move || {
            let daemon = bed.start();
            see::said(&daemon, until, 1);
            daemon
        })
        .await
        .unwrap()
    }

    async fn names(&self) -> Vec<String> {
        Browser::new(self.tls, HOSTS[1]).names().await
    }
}

/// Runs the worker as an operator does.
async fn tend(daemon: Daemon) -> (Daemon, Value) {
    tokio::task::spawn_blocking(move || {
        let run = daemon.admin().post("/v1/workers/web.acme/run", &json!({}));
        let run = run.unwrap().json();
        (daemon, run)
    })
    .await
    .unwrap()
}

const HAD: &str = "a new web certificate is in use";

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_had_over_http_and_kept() {
    let house = House::new(true).await;
    house.authority.lose_nonces(1);
    let daemon = house.start(HAD).await;
    assert_eq!(house.names().await, HOSTS);
    assert_eq!(house.authority.looked(), ["http-01", "http-01"]);
    assert_eq!(house.authority.counts(), (1, 1));
    let folder = house.bed.data().join("acme");
    assert_eq!(see::mode(&folder), 0o700);
    for file in ["account.json", "web.pem"] {
        assert_eq!(see::mode(folder.join(file)), 0o600, "{file}");
    }
    let (daemon, run) = tend(daemon).await;
    let done = run["done"].as_str().unwrap();
    assert!(
        done.starts_with("the certificate is good until 2120"),
        "{done}"
    );
    let backup = house.bed.dir().join("backup");
    let made = daemon.relayctl(["backup", "create", backup.to_str().unwrap()]);
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(backup.join("files/acme/web.pem").exists());
    let private = daemon.stderr();
    assert!(
        !private.contains("token-") && !private.contains("BEGIN"),
        "{private}"
    );

    // Another start has it at once, and asks nobody.
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.wait(PATIENCE).code, Some(0));
    let daemon = house.bed.start();
    assert_eq!(house.names().await, HOSTS);
    drop(tend(daemon).await);
    assert_eq!(house.authority.counts(), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_had_over_the_shared_port() {
    let house = House::new(false).await;
    let daemon = house.start(HAD).await;
    assert_eq!(house.names().await, HOSTS);
    assert_eq!(house.authority.looked(), ["tls-alpn-01", "tls-alpn-01"]);
    // Only while it looks.
    let late = Browser::new(house.tls, HOSTS[0]).alpn(&[b"acme-tls/1"]);
    assert!(late.connect().await.is_err());
    let looked = "relayd_web_tls_connections_total{kind=\"acme\"";
    assert_eq!(see::count(&daemon, looked), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn until_there_is_one_https_signs_itself_and_failures_are_told() {
    let house = House::new(true).await;
    house.authority.refuse(true);
    let daemon = house.start("worker failed").await;
    let said = daemon.stderr();
    assert!(said.contains("a.test.example: nobody is at home"), "{said}");
    assert_eq!(house.names().await, HOSTS);
    let page = Browser::new(house.tls, HOSTS[0]).get("/capabilities").await;
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    assert!(!house.bed.data().join("acme/web.pem").exists());
    // An operator need not wait for the next try.
    house.authority.refuse(false);
    let (_daemon, run) = tend(daemon).await;
    let done = run["done"].as_str().unwrap();
    assert!(done.starts_with("a new certificate, good until"), "{done}");
    assert!(house.bed.data().join("acme/web.pem").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_renewed_in_time_and_a_forgotten_account_is_made_again() {
    let house = House::new(true).await;
    house.authority.issue_for(Life::NearlyOver);
    let daemon = house.start(HAD).await;
    assert_eq!(house.authority.counts(), (1, 1));
    // While the authority has nothing better, the old one serves.
    house.authority.refuse(true);
    let (daemon, run) = tend(daemon).await;
    assert!(run["error"].is_string(), "{run}");
    assert_eq!(house.names().await, HOSTS);
    house.authority.refuse(false);
    house.authority.forget_accounts();
    house.authority.issue_for(Life::Long);
    let (daemon, run) = tend(daemon).await;
    assert!(run["done"].as_str().unwrap().contains("2120"), "{run}");
    assert_eq!(house.authority.counts().0, 1);
    let expires = "relayd_web_certificate_expires_timestamp_seconds{source=\"acme\"";
    assert!(see::metric(&daemon, expires).unwrap() > 4e9);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_is_away_costs_nothing_but_the_certificate() {
    let mut house = House::new(true).await;
    let nowhere = format!("http://{}/directory", Relayd::free_address());
    house.bed.set("web.acme.directory", nowhere);
    let daemon = house.start("worker failed").await;
    let said = daemon.stderr();
    assert!(said.contains("the authority cannot be asked"), "{said}");
    see::readyz(&daemon, 200);
    let begun = std::time::Instant::now();
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.wait(PATIENCE).code, Some(0));
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn what_cannot_work_is_refused_before_anything_starts() {
    let tls = Relayd::free_address().to_string();
    let bed = Bed::new()
        .with("web.tls_listen", tls)
        .with("web.acme.enabled", true)
        .with("web.acme.hosts", vec!["a.test.example"]);
    for (key, value, part) in [
        (
            "DIRECTORY",
            "http://acme.test.example/directory",
            "http:// is for this machine only",
        ),
        ("HOSTS", "[\"*.test.example\"]", "wildcards"),
        ("CHALLENGE", "http-01", "needs web.listen"),
        ("CONTACT", "[\"nobody\"]", "is not an e-mail address"),
        ("ROOT", "/nowhere/root.crt", "cannot read /nowhere/root.crt"),
    ] {
        let relayd = bed.relayd().env(format!("RELAYD__WEB__ACME__{key}"), value);
        let exit = relayd.spawn().wait(PATIENCE);
        assert_eq!(exit.code, Some(64), "{key}: {exit:?}");
        assert!(exit.stderr.contains(part), "{key}: {}", exit.stderr);
    }
}
