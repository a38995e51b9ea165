//! The admin API over TCP: off unless configured, for nobody without the token, never in clear
//! through a network, and the same as over the socket for whoever has it.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use integration_tests::{Bed, PATIENCE, certificates, notes, see};
use relay_testkit::http::{Client, Response};
use relay_testkit::{Daemon, Relayd};

struct Remote {
    bed: Bed,
    daemon: Daemon,
    address: SocketAddr,
}

fn remote() -> Remote {
    let address = Relayd::free_address();
    let (bed, daemon) = Bed::new()
        .with("admin.listen", address.to_string())
        .start_kept();
    Remote {
        bed,
        daemon,
        address,
    }
}

impl Remote {
    fn token_file(&self) -> PathBuf {
        self.bed.data().join("admin.token")
    }

    fn token(&self) -> String {
        std::fs::read_to_string(self.token_file())
            .unwrap()
            .trim()
            .to_owned()
    }

    fn get(&self, headers: &[(&str, &str)]) -> Response {
        let client = Client::new(self.address);
        client.request("GET", "/v1/status", headers, b"").unwrap()
    }

    fn get_as(&self, authorization: &str) -> Response {
        self.get(&[("authorization", authorization)])
    }
}

#[test]
fn it_is_off_by_default() {
    let (bed, _daemon) = Bed::new().start_kept();
    assert!(!bed.data().join("admin.token").exists());
}

#[test]
fn nobody_is_answered_without_the_token() {
    let remote = remote();
    let mode = remote.token_file().metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let token = remote.token();
    assert!(token.len() >= 32);
    let wrong = [
        "Bearer",
        "Bearer x",
        &format!("Basic {token}"),
        &token,
        &format!("Bearer {token}x"),
    ];
    let mut answers: Vec<_> = wrong.iter().map(|shown| remote.get_as(shown)).collect();
    answers.push(remote.get(&[]));
    for answer in answers {
        assert_eq!(answer.status, 401, "{}", answer.text());
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
        assert!(!answer.text().contains("version"), "{}", answer.text());
    }
    let answer = remote.get_as(&format!("Bearer {token}"));
    assert_eq!(
        (answer.status, answer.json()["ready"].as_bool()),
        (200, Some(true))
    );
    let refused = see::metric(&remote.daemon, "relayd_admin_refused_total");
    assert_eq!(refused, Some(6.0));
    assert!(!remote.daemon.stderr().contains(&token) && !remote.daemon.stdout().contains(&token));
}

#[test]
fn who_guesses_is_not_listened_to_for_a_while() {
    let remote = remote();
    for _ in 0..10 {
        assert_eq!(remote.get_as("Bearer guess").status, 401);
    }
    let answer = remote.get_as(&format!("Bearer {}", remote.token()));
    assert_eq!(answer.status, 429);
    assert_eq!(answer.header("retry-after"), Some("60"));
    // Over the socket everything goes on.
    assert_eq!(remote.daemon.relayctl(["status"]).code, Some(0));
}

#[test]
fn relayctl_asks_and_changes_from_elsewhere() {
    let remote = remote();
    let url = format!("http://{}", remote.address);
    let token = remote.token_file().display().to_string();
    let there = ["--url", &url, "--token-file", &token];
    let ask = |args: &[&str]| remote.daemon.relayctl(args.iter().chain(&there));
    assert_eq!(ask(&["status"]).code, Some(0));
    let noted = ask(&["audit", "note", "from afar"]);
    assert_eq!(noted.code, Some(0), "{noted:?}");
    let newest = notes::newest(&remote.daemon.admin(), 1);
    assert_eq!(newest[0]["actor"], "token", "{newest:?}");

    let elsewhere = remote.bed.dir().join("other.token");
    std::fs::write(&elsewhere, "x".repeat(43)).unwrap();
    let wrong = elsewhere.display().to_string();
    let refused = ["status", "--url", &url, "--token-file", &wrong];
    let refused = remote.daemon.relayctl(refused);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("not the token"), "{refused:?}");

    remote.daemon.kill9();
    let down = ask(&["status", "--json"]);
    assert_eq!((down.code, &*down.stdout), (Some(3), ""), "{down:?}");
    assert!(down.stderr.contains(&url), "{down:?}");
}

#[test]
fn relayctl_sends_no_token_in_clear() {
    let bed = Bed::new();
    for args in [
        [
            "status",
            "--url",
            "http://relay.example.org:9465",
            "--token-file",
            "x",
        ],
        ["status", "--url", "relay.example.org", "--token-file", "x"],
    ] {
        let finished = bed.relayd().relayctl(args);
        assert_eq!(finished.code, Some(2), "{finished:?}");
    }
    let finished = bed
        .relayd()
        .relayctl(["status", "--url", "https://localhost"]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert!(finished.stderr.contains("--token-file"), "{finished:?}");
}

#[test]
fn with_a_certificate_it_is_https() {
    if !certificates::can_be_made() {
        return;
    }
    let (address, bed) = (Relayd::free_address(), Bed::new());
    let (certificate, key) = certificates::make(bed.dir(), "admin", "relay.test");
    let (other, _) = certificates::make(bed.dir(), "other", "relay.test");
    let (bed, daemon) = bed
        .with("admin.listen", address.to_string())
        .with("admin.tls_certificate", &*certificate.display().to_string())
        .with("admin.tls_key", &*key.display().to_string())
        .start_kept();
    let token = bed.data().join("admin.token").display().to_string();
    let url = format!("https://{address}");
    let ask = |authority: &str| {
        daemon.relayctl([
            "status",
            "--url",
            &url,
            "--token-file",
            &token,
            "--ca-file",
            authority,
        ])
    };
    let known = ask(&certificate.display().to_string());
    assert_eq!(known.code, Some(0), "{known:?}");
    let unknown = ask(&other.display().to_string());
    assert_eq!(unknown.code, Some(3), "{unknown:?}");
    assert!(unknown.stderr.contains("certificate"), "{unknown:?}");
}

#[test]
fn what_would_let_the_token_be_overheard_is_refused_at_start() {
    for (listen, told) in [
        ("0.0.0.0:0", "needs admin.tls_certificate"),
        ("unix:/run/relayd/x.sock", "admin.socket"),
    ] {
        let exit = Bed::new()
            .with("admin.listen", listen)
            .relayd()
            .spawn()
            .wait(PATIENCE);
        assert_eq!(exit.code, Some(64), "{exit:?}");
        assert!(exit.stderr.contains(told), "{}", exit.stderr);
    }
}
