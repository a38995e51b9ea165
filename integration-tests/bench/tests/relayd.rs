//! The generator, as operators run it, against the real daemon.

#![expect(
    clippy::unwrap_used,
    clippy::tests_outside_test_module,
    reason = "tests stop at what they did not expect"
)]

use std::path::Path;
use std::process::Command;

use data_encoding::HEXLOWER;
use integration_tests::Bed;
use integration_tests::smp::Smp;
use integration_tests::sogs::{Over, World};
use relay_smp::wire::Address;
use serde_json::Value;

/// Runs it and gives the runs of its report.
fn bench(report: &Path, args: &[&str]) -> Vec<Value> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_relay-bench"));
    command.args(args).args(["-q", "--json"]).arg(report);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let report: Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    report["runs"].as_array().unwrap().clone()
}

#[test]
fn every_scenario_of_smp_succeeds_and_is_accounted_for() {
    let bed = Bed::new().with_smp();
    let daemon = bed.start();
    let smp = Smp::of(&bed);
    let target = Address {
        fingerprint: smp.fingerprint,
        password: None,
        hosts: vec![smp.address.ip().to_string()],
        port: Some(smp.address.port()),
    };
    let target = target.to_string();
    let report = bed.dir().join("report.json");
    let scenarios = "send,deliver,mixed,connect,subscribe,idle,storm";
    let args = ["smp", "--target", &target, "--scenario", scenarios];
    let load = [
        "--connections",
        "4",
        "--queues",
        "3",
        "--duration",
        "1",
        "--warm-up",
        "0",
    ];
    let runs = bench(&report, &[args.as_slice(), &load].concat());
    assert_eq!(runs.len(), 7);
    for run in runs {
        let name = run["scenario"].as_str().unwrap();
        assert!(run["operations"].as_u64().unwrap() > 0, "{name}");
        assert_eq!(
            run["failures"],
            Value::Object(serde_json::Map::new()),
            "{name}"
        );
        assert!(
            run["server"]["used"]["rss_after"].as_u64().unwrap() > 0,
            "{name}"
        );
        assert_eq!(run["limit"].is_null(), name == "idle", "{name}");
    }
    drop(daemon);
}

#[test]
fn every_scenario_of_sogs_succeeds_and_is_accounted_for() {
    let world = World::new(Over::Http);
    let rooms = ["lounge", "fishing"].map(|token| world.room(token).token);
    let (address, key) = (world.server.address, HEXLOWER.encode(&world.server.key));
    let target = format!("http://{address}?public_key={key}");
    let report = world.bed.dir().join("report.json");
    let scenarios = "poll,poll-plain,post,post-onion,recent,upload,download,storm";
    let rooms = rooms.join(",");
    let args = ["sogs", "--target", &target, "--scenario", scenarios];
    let load = [
        "--room",
        &rooms,
        "--connections",
        "4",
        "--duration",
        "1",
        "--warm-up",
        "0",
    ];
    let runs = bench(&report, &[args.as_slice(), &load].concat());
    assert_eq!(runs.len(), 8);
    for run in runs {
        let name = run["scenario"].as_str().unwrap();
        assert!(run["operations"].as_u64().unwrap() > 0, "{name}");
        let failures = run["failures"].as_object().unwrap();
        assert!(failures.is_empty(), "{name}: {failures:?}");
        let database = &run["server"]["used"]["database_seconds"];
        assert!(database.is_number(), "{name}: {database}");
    }
}

#[test]
fn a_pair_alternates_and_compares() {
    let world = World::new(Over::Http);
    world.room("lounge");
    let dir = world.bed.dir();
    let command = format!(
        "'{}' sogs --target 'http://{}/lounge?public_key={}' --scenario poll-plain -q \
         --connections 2 --duration 0.3 --warm-up 0",
        env!("CARGO_BIN_EXE_relay-bench"),
        world.server.address,
        HEXLOWER.encode(&world.server.key)
    );
    let output = Command::new(env!("CARGO_BIN_EXE_relay-bench"))
        .args(["pair", "--a", &command, "--b", &command, "--rounds", "2"])
        .args(["--dir".as_ref(), dir.as_os_str()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    for measure in ["operations/s", "server CPU", "p99 latency"] {
        assert!(text.contains(measure), "{text}");
    }
    for name in ["a.json", "b.json"] {
        let report: Value =
            serde_json::from_slice(&std::fs::read(dir.join(name)).unwrap()).unwrap();
        assert_eq!(report["runs"].as_array().unwrap().len(), 2);
    }
}
