//! Leaving smp-server.ini behind: `relayctl config import`.

use std::fs;

use crate::support::Machine;

#[test]
fn settings_become_ours_and_what_is_dropped_is_listed() {
    let machine = Machine::with_server("--password 100%pw -n smp.example.org --disable-web");
    machine.set_line("enable = ", "enable = off\nfrobnicate = on");
    let ini = machine.configuration().join("smp-server.ini");
    let line = format!("relayctl config import {}", ini.display());
    let printed = machine.run(&line);
    assert_eq!(printed.code, Some(0), "{printed:?}");
    assert!(
        printed.stdout.contains("create_password = \"100%pw\""),
        "{printed:?}"
    );
    for said in [
        "dropped: [STORE_LOG] enable: ",
        "dropped: [STORE_LOG] frobnicate: ",
        "next: ",
    ] {
        assert!(printed.stderr.contains(said), "{said}: {printed:?}");
    }
    let output = machine.configuration().join("relayd.toml");
    let written = machine.run(&format!("{line} --output {}", output.display()));
    assert_eq!(written.code, Some(0), "{written:?}");
    let text = fs::read_to_string(&output).unwrap();
    let table: toml::Table = text.parse().unwrap();
    let folder = table["smp"]["identity"]["folder"].as_str();
    assert_eq!(folder, machine.configuration().to_str());
    assert!(
        !table.contains_key("data_dir") && !table.contains_key("sogs"),
        "{text}"
    );
    let check = machine.run(&format!(
        "relayctl --config {} config check",
        output.display()
    ));
    assert_eq!(check.code, Some(0), "{check:?}");
    machine.set_line("port = ", "port = x");
    let refused = machine.run(&line);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("[TRANSPORT] port"), "{refused:?}");
}
