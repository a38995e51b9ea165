//! SIGTERM and SIGINT: what is in flight is finished, what is idle is closed, nothing takes for
//! ever, and the store is closed properly.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::path::Path;
use std::time::Duration;

use integration_tests::notes::{Writers, assert_kept, noted, text};
use integration_tests::{Bed, Kind, PATIENCE, see};
use relay_testkit::http::{Address, Connection, request};
use relay_testkit::{Daemon, Signal, poll};
use serde_json::json;

/// A note whose last byte is yet to be sent.
struct HalfSent {
    connection: Connection,
    rest: Vec<u8>,
}

impl HalfSent {
    fn to(daemon: &Daemon, text: &str) -> Self {
        let body = json!({ "text": text }).to_string();
        let headers = [
            ("content-type", "application/json"),
            ("expect", "100-continue"),
        ];
        let mut first = request("POST", "/v1/audit/notes", &headers, body.as_bytes());
        let rest = first.split_off(first.len() - body.len() / 2);
        let mut connection = Connection::open(&admin(daemon)).unwrap();
        connection.send(&first).unwrap();
        // The handler asks for the body: from here on the request is in flight.
        assert_eq!(connection.response().unwrap().status, 100);
        Self { connection, rest }
    }
}

fn admin(daemon: &Daemon) -> Address {
    (&*daemon.how().admin_socket()).into()
}

/// Waits until the daemon has begun to drain.
fn draining(daemon: &Daemon) {
    daemon.wait_for_line("finishing what is in flight", PATIENCE);
}

fn a_request_in_flight_is_finished(signal: Signal, bed: Bed) {
    let bed = bed.with_sogs();
    let daemon = bed.start();
    let text = text();
    let mut half = HalfSent::to(&daemon, &text);
    let mut idle: Vec<_> = [daemon.how().listen("metrics").unwrap(), bed.listen("sogs")]
        .into_iter()
        .map(|address| {
            let mut connection = Connection::open(&address.into()).unwrap();
            connection
                .send(&request("GET", "/livez", &[], b""))
                .unwrap();
            connection.response().unwrap();
            connection
        })
        .collect();

    daemon.signal(signal);
    draining(&daemon);
    for connection in &mut idle {
        assert_eq!(
            connection.rest().unwrap(),
            b"",
            "idle connections are closed"
        );
    }
    assert!(daemon.is_running(), "it waits for the request in flight");

    half.connection.send(&half.rest).unwrap();
    let answer = half.connection.response().unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("connection"), Some("close"));
    let exit = daemon.wait(PATIENCE);
    assert_eq!((exit.code, exit.signal), (Some(0), None), "{exit:?}");
    assert!(!exit.stderr.contains("cutting off"), "{exit:?}");

    let again = bed.start();
    let id = answer.json()["id"].as_i64().unwrap();
    assert_kept(&again.admin(), &[(id, text)].into());
}

#[test]
fn a_request_in_flight_is_finished_after_sigterm() {
    a_request_in_flight_is_finished(Signal::TERM, Bed::new());
}

#[test]
fn a_request_in_flight_is_finished_after_sigint() {
    a_request_in_flight_is_finished(Signal::INT, Bed::new());
}

#[test]
fn a_request_in_flight_is_finished_on_postgres() {
    if let Some(bed) = Bed::on(Kind::Postgres) {
        a_request_in_flight_is_finished(Signal::TERM, bed);
    }
}

#[test]
fn operators_can_look_on_while_clients_are_finishing() {
    let bed = Bed::new().with_sogs();
    let daemon = bed.start();
    see::readyz(&daemon, 200);
    // Half of a request's head: the client is still speaking.
    let mut client = Connection::open(&bed.listen("sogs").into()).unwrap();
    let head = request("GET", "/capabilities", &[], b"");
    let (first, rest) = head.split_at(10);
    client.send(first).unwrap();
    poll::until(PATIENCE, "the client is served", || {
        let open = see::metric(&daemon, "relayd_connections_open{listener=\"sogs\"");
        (open == Some(1.0)).then_some(())
    });

    daemon.signal(Signal::TERM);
    draining(&daemon);
    let reasons = see::readyz(&daemon, 503);
    assert!(reasons.contains("daemon: stopping"), "{reasons}");
    assert_eq!(see::status(&daemon)["phase"], "draining");
    assert_eq!(daemon.metrics().get("/livez").unwrap().status, 200);

    client.send(rest).unwrap();
    assert_eq!(client.response().unwrap().status, 200);
    assert_eq!(daemon.wait(PATIENCE).code, Some(0));
}

#[test]
fn a_stuck_request_is_cut_off_when_the_time_is_over() {
    let bed = Bed::new().with("drain_timeout", "300ms");
    let daemon = bed.start();
    let mut half = HalfSent::to(&daemon, "never finished");
    daemon.signal(Signal::TERM);
    let exit = daemon.wait(Duration::from_secs(10));
    assert_eq!(exit.code, Some(0), "{exit:?}");
    assert!(exit.stderr.contains("time limit for draining"), "{exit:?}");
    assert!(
        half.connection.response().is_err(),
        "cut off without an answer"
    );
    assert_clean(&bed);
}

#[test]
fn a_second_signal_ends_at_once() {
    for second in [Signal::TERM, Signal::INT] {
        let bed = Bed::new().with("drain_timeout", "10m");
        let daemon = bed.start();
        let _half = HalfSent::to(&daemon, "never finished");
        daemon.signal(Signal::TERM);
        draining(&daemon);
        assert!(daemon.is_running());
        daemon.signal(second);
        let exit = daemon.wait(Duration::from_secs(10));
        assert_eq!((exit.code, exit.signal), (Some(0), None), "{exit:?}");
        assert!(exit.stderr.contains("second signal"), "{exit:?}");
        assert_clean(&bed);
    }
}

#[test]
fn a_signal_during_writes_loses_nothing_and_leaves_no_log() {
    let bed = Bed::new();
    let daemon = bed.start();
    let writers = Writers::start(&daemon.how().admin_socket(), 4);
    writers.wait_for(50);
    assert!(wal(&bed).exists(), "there is something to merge");
    daemon.signal(Signal::TERM);
    let exit = daemon.wait(PATIENCE);
    assert_eq!(exit.code, Some(0), "{exit:?}");
    let acknowledged = writers.stop();
    assert_clean(&bed);
    let again = bed.start();
    assert_kept(&again.admin(), &acknowledged);
    see::run_worker(&again, "store.integrity");
}

#[test]
fn a_stop_by_an_operator_is_the_same_and_is_written_down() {
    let bed = Bed::new();
    let daemon = bed.start();
    noted(&daemon.admin(), "before the end");
    let answer = daemon.admin().post("/v1/stop", &json!({})).unwrap();
    assert_eq!(
        (answer.status, answer.json()),
        (200, json!({ "done": true }))
    );
    assert_eq!(daemon.wait(PATIENCE).code, Some(0));
    assert_clean(&bed);
    let again = bed.start();
    let newest = integration_tests::notes::newest(&again.admin(), 1);
    assert_eq!(
        (&newest[0]["action"], &newest[0]["outcome"]),
        (&json!("post stop"), &json!("done"))
    );
}

#[test]
fn nothing_of_a_stopped_daemon_is_in_the_way() {
    let bed = Bed::new().with_sogs();
    for _ in 0..3 {
        let daemon = bed.start();
        daemon.signal(Signal::TERM);
        assert_eq!(daemon.wait(PATIENCE).code, Some(0));
        for socket in ["admin.sock", "handover.sock"] {
            assert!(!bed.data().join(socket).exists(), "{socket} is removed");
        }
    }
}

fn wal(bed: &Bed) -> std::path::PathBuf {
    bed.data().join("relayd.db-wal")
}

/// The database was closed, so that the next start has nothing to recover.
fn assert_clean(bed: &Bed) {
    let left: Vec<_> = ["relayd.db-wal", "relayd.db-shm"]
        .into_iter()
        .filter(|name| Path::exists(&bed.data().join(name)))
        .collect();
    assert!(left.is_empty(), "{left:?} left behind");
}
