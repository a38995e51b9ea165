//! The Session Open Group Server as a client sees it that shares no code with us.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use integration_tests::{Bed, Kind, independent};

const SEED: &str = "1111111111111111111111111111111111111111111111111111111111111111";

#[test]
fn a_client_in_python_finds_everything_as_described_on_sqlite() {
    finds_everything_as_described(Kind::SqlitePower);
}

#[test]
fn a_client_in_python_finds_everything_as_described_on_postgres() {
    finds_everything_as_described(Kind::Postgres);
}

fn finds_everything_as_described(kind: Kind) {
    let Some(bed) = Bed::on(kind) else { return };
    let Some(mut id) = independent::client("sogs.py") else {
        return;
    };
    let admin = independent::succeeds(id.args(["id", SEED]));
    let bed = bed.with_sogs();
    let daemon = bed.start();
    for command in [
        vec!["sogs", "room", "add", "lounge", "--name", "The lounge"],
        vec![
            "sogs",
            "mod",
            "add",
            admin.trim(),
            "--rooms",
            "lounge",
            "--admin",
        ],
    ] {
        let run = daemon.relayctl(&command);
        assert_eq!(run.code, Some(0), "{command:?}: {}", run.stderr);
    }
    let url = daemon.relayctl(["sogs", "url", "lounge"]).stdout;
    let (_, public_key) = url.trim().split_once("?public_key=").unwrap();
    let base = format!("http://{}", bed.listen("sogs"));
    let mut check = independent::client("sogs.py").unwrap();
    check.args(["check", &base, public_key, "lounge", SEED]);
    let seen = independent::succeeds(&mut check);
    assert_eq!(seen.lines().count(), 18, "{seen}");
}
