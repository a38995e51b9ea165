//! At level info and above nothing about clients is said: no address, no text, no key; neither
//! in the logs nor in the figures.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::fs;
use std::path::Path;

use integration_tests::notes::{note, noted};
use integration_tests::{Bed, Kind, PATIENCE, see};
use relay_testkit::http::{Connection, request};
use relay_testkit::{Daemon, Signal};
use serde_json::json;

/// Addresses that nothing else here has, as clients behind a proxy.
const CLIENTS: [&str; 3] = ["203.0.113.77", "198.51.100.23", "2001:db8:77:42::99"];
/// Words that only requests hold.
const TEXT: &str = "tulip-in-a-note";
const PATH: &str = "tulip-in-a-path";
const HEADER: &str = "tulip-in-a-header";
const GARBAGE: &str = "tulip-in-garbage";
const BODY: &str = "tulip-in-a-body";

/// What clients do, right and wrong.
fn clients(bed: &Bed) {
    let sogs = bed.listen("sogs").into();
    for client in CLIENTS {
        let family = if client.contains(':') { "TCP6" } else { "TCP4" };
        let header = format!("PROXY {family} {client} {client} 47111 80\r\n");
        for bytes in [
            request(
                "GET",
                &format!("/room/{PATH}"),
                &[("x-sogs-pubkey", HEADER)],
                b"",
            ),
            request("POST", &format!("/{PATH}"), &[], BODY.as_bytes()),
            format!("{GARBAGE}\r\n\r\n").into_bytes(),
            Vec::new(),
        ] {
            let mut connection = Connection::open(&sogs).unwrap();
            connection.send(header.as_bytes()).unwrap();
            let _ = connection.send(&bytes);
            let _ = connection.finish();
            let _ = connection.rest();
        }
        // One too many from this address, and a broken header.
        let held: Vec<_> = (0..4)
            .map(|_| {
                let mut connection = Connection::open(&sogs).unwrap();
                let _ = connection.send(header.as_bytes());
                let _ = connection.send(&request("GET", "/", &[], b""));
                let _ = connection.response();
                connection
            })
            .collect();
        drop(held);
        let mut broken = Connection::open(&sogs).unwrap();
        broken
            .send(format!("PROXY TCP9 {client}\r\n").as_bytes())
            .unwrap();
        let _ = broken.rest();
    }
}

/// What operators do, right and wrong.
fn operators(bed: &Bed, daemon: &Daemon) {
    let admin = daemon.admin();
    noted(&admin, &format!("{TEXT} {}", CLIENTS[0]));
    note(&admin, &TEXT.repeat(10_000)).unwrap();
    let json = [("content-type", "application/json")];
    admin
        .request(
            "POST",
            "/v1/audit/notes",
            &json,
            format!("{{{TEXT}").as_bytes(),
        )
        .unwrap();
    admin.get(&format!("/v1/{PATH}")).unwrap();
    for worker in ["store.maintenance", "store.integrity"] {
        see::run_worker(daemon, worker);
    }
    let backup = json!({ "path": bed.dir().join("backup.tar").to_str().unwrap() });
    assert_eq!(admin.post("/v1/backups", &backup).unwrap().status, 200);
    daemon.signal(Signal::HUP);
    see::said(daemon, "configuration reloaded", 1);
}

/// A key in the ways in which a key is written.
fn spellings(key: &Path) -> Vec<String> {
    let bytes = fs::read(key).unwrap();
    let hex = bytes.iter().map(|byte| format!("{byte:02x}"));
    let hex = hex.collect::<Vec<_>>().concat();
    let list = format!("{bytes:?}");
    // Eight bytes are enough to be found out by, and short enough for every line length.
    vec![
        hex[..16].to_owned(),
        hex[..16].to_uppercase(),
        list[1..24].to_owned(),
    ]
}

fn nothing_about_clients_is_said(bed: Bed, format: &str) {
    let bed = bed
        .with_sogs()
        .with("log.level", "info")
        .with("log.format", format)
        .with("limits.unlimited_from", Vec::<String>::new())
        .with("limits.max_connections_per_address", 3)
        .with("sogs.proxy_protocol_from", vec!["127.0.0.1"]);
    let daemon = bed.start();
    clients(&bed);
    operators(&bed, &daemon);
    let metrics = daemon.metrics().get("/metrics").unwrap().text();
    let refused = see::figure(
        &metrics,
        "relayd_connections_refused_total{listener=\"sogs\"",
    );
    assert!(
        refused >= Some(6.0),
        "limits and headers were tried: {metrics}"
    );
    let key = bed.data().join("sogs/key_x25519");
    // In the middle of things, so that the end of it is said as well.
    let mut half = Connection::open(&bed.listen("sogs").into()).unwrap();
    half.send(format!("PROXY TCP4 {} 127.0.0.1 1 2\r\nGET /{PATH}", CLIENTS[0]).as_bytes())
        .unwrap();
    daemon.signal(Signal::TERM);
    daemon.wait_for_line("finishing what is in flight", PATIENCE);
    daemon.signal(Signal::TERM);
    let exit = daemon.wait(PATIENCE);
    assert_eq!(exit.code, Some(0), "{exit:?}");

    let mut secrets = spellings(&key);
    secrets.extend(CLIENTS.map(str::to_owned));
    secrets.extend([TEXT, PATH, HEADER, GARBAGE, BODY, "47111"].map(str::to_owned));
    for (place, said) in [
        ("stderr", exit.stderr),
        ("stdout", exit.stdout),
        ("metrics", metrics),
    ] {
        assert!(!said.is_empty(), "{place} says something");
        for secret in &secrets {
            assert!(!said.contains(secret), "{secret} in {place}: {said}");
        }
    }
}

#[test]
fn nothing_about_clients_is_said_on_sqlite() {
    nothing_about_clients_is_said(Bed::new(), "text");
}

#[test]
fn nothing_about_clients_is_said_as_json() {
    nothing_about_clients_is_said(Bed::new(), "json");
}

#[test]
fn nothing_about_clients_is_said_on_postgres() {
    if let Some(bed) = Bed::on(Kind::Postgres) {
        nothing_about_clients_is_said(bed, "text");
    }
}

/// A failing database quotes what it was given, if one lets it.
#[test]
fn a_failing_store_does_not_quote_what_it_was_given() {
    let Some(postgres) = relay_testkit::Postgres::shared() else {
        return;
    };
    let url = postgres.database();
    let bed = Bed::new().with("storage.url", &*url);
    let daemon = bed.start();
    postgres.psql(
        &url,
        "alter table core_audit add constraint short check (length(detail) < 5)",
    );
    let answer = note(&daemon.admin(), &format!("{TEXT} {}", CLIENTS[0])).unwrap();
    assert_ne!(answer.status, 200);
    assert!(!answer.text().contains(TEXT), "{}", answer.text());
    postgres.psql(&url, "drop table core_audit");
    let answer = note(&daemon.admin(), TEXT).unwrap();
    assert_ne!(answer.status, 200);
    for said in [answer.text(), daemon.stderr()] {
        assert!(!said.contains(TEXT) && !said.contains(CLIENTS[0]), "{said}");
    }
}
