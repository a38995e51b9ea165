//! The SMP relay as a client sees it that shares no code with us.

use integration_tests::{Bed, Kind, independent};

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
    let Some(mut check) = independent::client("smp.py") else {
        return;
    };
    let bed = bed.with_smp();
    let daemon = bed.start();
    let fingerprint = daemon.relayctl(["smp", "fingerprint"]).stdout;
    let address = bed.listen("smp");
    let (host, port) = (address.ip().to_string(), address.port().to_string());
    check.args(["check", &host, &port, fingerprint.trim()]);
    let seen = independent::succeeds(&mut check);
    assert_eq!(seen.lines().count(), 57, "{seen}");
}
