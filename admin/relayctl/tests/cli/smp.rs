//! `relayctl smp`: the relay's address and certificates.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use relay_core::clock::{Clock as _, SystemClock, UnixTime};
use relay_core::entropy::Entropy;
use relay_smp::KeyKind;
use relay_smp::identity::{Folder, Identity};
use serde_json::Value;

use crate::support::{House, done, refused};

/// The identity a daemon would have made in this house.
#[expect(
    clippy::expect_used,
    reason = "a test that cannot be set up has to fail"
)]
fn identity(house: &House, kind: KeyKind, now: UnixTime) -> (Folder, Identity) {
    let folder = Folder::at(house.relayd.data_dir().join("smp"));
    let mut rng = Entropy::system().expect("has some").rng();
    let made = folder.open(kind, "smp.example.org", now, &mut rng);
    let made = made.expect("made");
    (folder, made)
}

#[expect(
    clippy::expect_used,
    reason = "a test that cannot be set up has to fail"
)]
fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn the_address_is_known_without_a_daemon() {
    let mut house = House::new();
    for (key, value) in [
        ("LISTEN", "0.0.0.0:443"),
        ("HOSTS", "smp.example.org,abc.onion"),
        ("CREATE_PASSWORD", "pw"),
    ] {
        house.relayd = house.relayd.env(format!("RELAYD__SMP__{key}"), value);
    }
    identity(&house, KeyKind::Ed25519, SystemClock.now());
    let fingerprint = done(house.ctl(["smp", "fingerprint"]));
    let fingerprint = fingerprint.trim_end();
    assert_eq!(fingerprint.len(), 44);
    let stored = fs::read_to_string(house.relayd.data_dir().join("smp/fingerprint"));
    assert_eq!(stored.expect("there").trim_end(), fingerprint);

    let address = done(house.ctl(["smp", "address"]));
    let expected = format!("smp://{fingerprint}:pw@smp.example.org,abc.onion:443\n");
    assert_eq!(address, expected);
    let public = done(house.ctl(["smp", "address", "--public"]));
    assert_eq!(public, expected.replace(":pw", ""));
    let both = json(&done(house.ctl(["smp", "address", "--json"])));
    assert_eq!(both["address"], expected.trim_end());
    assert_eq!(both["public_address"], public.trim_end());

    let code = done(house.ctl(["smp", "address", "--qr"]));
    assert!(code.ends_with(&address) && code.contains("█▄"), "{code}");
}

#[test]
fn certificates_are_shown_without_a_daemon() {
    let house = House::new();
    let (_, made) = identity(&house, KeyKind::Ed448, SystemClock.now());
    let shown = json(&done(house.ctl(["smp", "cert", "show", "--json"])));
    assert_eq!(shown["chain"][0]["role"], "server");
    assert_eq!(shown["chain"][0]["name"], "CN=smp.example.org");
    assert_eq!(shown["chain"][1]["key_kind"], "ed448");
    assert_eq!(shown["chain"][1]["not_after"], made.not_after().secs());
    let text = done(house.ctl(["smp", "cert", "show"]));
    insta::assert_snapshot!(
        house.steady(&text).replace(shown["fingerprint"].as_str().expect("a text"), "FINGERPRINT"),
        @r"
    CERTIFICATE  NAME  KEY  VALID FROM (UTC)  UNTIL
    server  CN=smp.example.org  ed448  DATE TIME  DATE TIME
    ca  CN=SMP server CA,O=SimpleX  ed448  DATE TIME  DATE TIME

    fingerprint FINGERPRINT
    folder  HERE/relay-data/smp
    ca.key is here too: move it to a safe place, and back to issue a new certificate
    "
    );
}

#[test]
fn before_the_first_start_there_is_nothing_to_show() {
    let house = House::new();
    for command in ["address", "fingerprint"] {
        let line = refused(&house, ["smp", command], 3);
        assert!(line.contains("start relayd once, which makes it"), "{line}");
    }
    let line = refused(&house, ["smp", "cert", "show"], 3);
    assert!(line.contains("start relayd once"), "{line}");
    let line = refused(&house, ["smp", "cert", "rotate"], 3);
    assert!(line.contains("no relayd answers at "), "{line}");
}

#[test]
fn damaged_files_are_named() {
    let house = House::new();
    let (folder, _) = identity(&house, KeyKind::Ed25519, SystemClock.now());
    fs::write(folder.path().join("server.crt"), "nonsense").expect("written");
    let line = refused(&house, ["smp", "cert", "show"], 1);
    assert!(
        line.contains("smp/server.crt: it holds no certificate"),
        "{line}"
    );
    done(house.ctl(["smp", "fingerprint"]));
    fs::remove_file(folder.path().join("ca.crt")).expect("removed");
    let line = refused(&house, ["smp", "address"], 1);
    assert!(line.contains("smp/ca.crt: this file is missing"), "{line}");
}

/// What doctor says of the keys.
fn keys(house: &House) -> Vec<String> {
    let relayd = house.relayd.clone().env("RELAYD__SMP__ENABLED", "true");
    let report = json(&relayd.relayctl(["doctor", "--json"]).stdout);
    let findings = report["findings"].as_array().into_iter().flatten();
    let of_keys = findings.filter(|finding| finding["section"] == "keys");
    let line = |finding: &Value| {
        let level = finding["level"].as_str().unwrap_or_default();
        let found = finding["found"].as_str().unwrap_or_default();
        house.steady(&format!("{level}: {found}"))
    };
    of_keys.map(line).collect()
}

#[test]
fn doctor_knows_until_when_certificates_hold() {
    let day = std::time::Duration::from_hours(24);
    let now = SystemClock.now();
    for (made, expected) in [
        (
            now,
            "ok: smp has its keys in HERE/relay-data/smp; its certificates are valid until DATE TIME UTC",
        ),
        (now.minus(day * 20_000), "ok: "),
    ] {
        let house = House::new();
        let (folder, _) = identity(&house, KeyKind::Ed25519, made);
        let found = keys(&house);
        assert!(found[0].starts_with(expected), "{found:?}");
        assert!(found[1].contains("ca.key of smp is there too"), "{found:?}");
        fs::remove_file(folder.path().join("ca.key")).expect("removed");
        assert_eq!(keys(&house).len(), 1);
    }
}

#[test]
fn doctor_finds_damaged_and_open_files() {
    let house = House::new();
    let (folder, _) = identity(&house, KeyKind::Ed25519, SystemClock.now());
    fs::write(folder.path().join("fingerprint"), "AAAA\n").expect("written");
    let found = keys(&house);
    assert_eq!(
        found,
        [
            "problem: HERE/relay-data/smp/fingerprint: this is not the fingerprint of ca.crt, so clients would not know this server again"
        ]
    );

    let elsewhere = crate::support::temporary();
    for name in ["ca.crt", "ca.key", "server.crt", "server.key"] {
        fs::copy(folder.path().join(name), elsewhere.path().join(name)).expect("copied");
    }
    let open = Permissions::from_mode(0o644);
    fs::set_permissions(elsewhere.path().join("server.key"), open).expect("opened");
    let path = elsewhere.path().display();
    let house = House::with(&format!("[smp.identity]\nfolder = \"{path}\"\n"));
    let found = keys(&house);
    assert_eq!(
        found[0],
        format!("problem: {path}/server.key can be read by others (mode 0644)")
    );
    assert!(
        found[1].starts_with("ok: smp has its keys in "),
        "{found:?}"
    );
}
