//! `relayctl config`, which needs no daemon.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use relay_testkit::{Relayd, binaries};
use serde_json::json;

use crate::support::{House, done, temporary};

#[test]
fn the_committed_example_is_fresh_and_loads() {
    let dir = temporary();
    let relayd = Relayd::new(dir.path());
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/relayd.example.toml");
    let committed = fs::read_to_string(committed).expect("committed");
    let example = done(relayd.relayctl(["config", "example"]));
    assert!(
        example == committed,
        "run: relayctl config example > docs/relayd.example.toml"
    );
    let as_json = relayd.relayctl(["config", "example", "--json"]).json();
    assert_eq!(as_json, json!({ "example": example }));

    let relayd = relayd.config(&example);
    let checked = done(relayd.relayctl(["config", "check"]));
    assert!(
        checked.starts_with("the configuration is fine ("),
        "{checked}"
    );
    let set = example.lines().map(|line| match line.strip_prefix('#') {
        Some(default) if !default.starts_with(' ') => default,
        _ => line,
    });
    let relayd = relayd.config(set.collect::<Vec<_>>().join("\n"));
    done(relayd.relayctl(["config", "check"]));
}

#[test]
fn check_lists_every_problem() {
    let house = House::with("");
    let relayd = house.relayd.clone().config(
        "data_dri = \"x\"\n[log]\nlevel = 7\n[storage]\nurl = \"mysql://h\"\n[metrics]\nlisten = \"nowhere:1\"\n",
    );
    let checked = relayd.relayctl(["config", "check"]);
    assert_eq!((checked.code, &*checked.stderr), (Some(1), ""));
    insta::assert_snapshot!(house.steady(&checked.stdout), @r#"
    HERE/relayd.toml:1: unknown key `data_dri`; did you mean `data_dir`?
    HERE/relayd.toml:3: log.level: invalid type: integer `7`, expected a string; for example `level = "info"`
    HERE/relayd.toml:5: storage.url: a database URL starts with `sqlite:` or `postgres://`; for example `url = "sqlite:relayd.db"`
    HERE/relayd.toml:7: metrics.listen: `nowhere:1` is not an address like 127.0.0.1:8080, [::1]:8080 or unix:/run/name.sock: host names are not looked up, only localhost is known; write the IP address; for example `listen = ["127.0.0.1:9464"]`
    "#);
    let as_json = relayd.relayctl(["config", "check", "--json"]);
    assert_eq!(as_json.code, Some(1));
    assert_eq!(as_json.json()["problems"].as_array().map(Vec::len), Some(4));
    // `check` answers what other commands refuse to work with.
    let shown = relayd.relayctl(["config", "show"]);
    assert_eq!((shown.code, &*shown.stdout), (Some(2), ""), "{shown:?}");
}

#[test]
fn check_finds_conflicts_and_missing_certificates() {
    let house = House::new();
    let two = "[sogs]\nlisten = \"127.0.0.1:9464\"\n";
    let switched_on = house.relayd.clone().env("RELAYD__SOGS__ENABLED", "true");
    let checked = switched_on.config(two).relayctl(["config", "check"]);
    assert_eq!(checked.code, Some(1), "{checked:?}");
    assert!(
        checked
            .stdout
            .contains("127.0.0.1:9464 is wanted by metrics.listen"),
        "{checked:?}"
    );

    let tls = "[metrics]\ntls_certificate = \"no.crt\"\ntls_key = \"no.key\"\n";
    let checked = house
        .relayd
        .clone()
        .config(tls)
        .relayctl(["config", "check"]);
    assert_eq!(checked.code, Some(1), "{checked:?}");
    assert!(checked.stdout.contains("no.crt"), "{checked:?}");
}

#[test]
fn show_says_where_values_come_from_and_hides_secrets() {
    let house = House::new();
    let relayd = house
        .relayd
        .clone()
        .config("[smp]\ncreate_password = \"hunter2\"\n");
    let shown = done(
        relayd
            .env("RELAYD__LOG__LEVEL", "debug")
            .relayctl(["config", "show"]),
    );
    let shown = house.steady(&shown);
    assert!(
        shown.contains("# from environment RELAYD__LOG__LEVEL"),
        "{shown}"
    );
    assert!(shown.contains("create_password = \"<hidden>\""), "{shown}");
    assert!(shown.contains("# from HERE/relayd.toml:2"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn the_schema_is_one_for_the_whole_file() {
    let house = House::new();
    let schema = house.ctl(["config", "schema"]).json();
    for section in [
        "log", "storage", "admin", "metrics", "limits", "sogs", "smp",
    ] {
        assert!(schema["properties"][section].is_object(), "{section}");
    }
    assert_eq!(house.ctl(["config", "schema", "--json"]).json(), schema);
}

#[test]
fn a_directory_of_somebody_else_has_no_configuration() {
    let dir = temporary();
    let open = fs::Permissions::from_mode(0o755);
    fs::set_permissions(dir.path(), open).expect("opened");
    // Where the program is, only its builder may be allowed to go.
    let program = dir.path().join("relayctl");
    let built = binaries::relayctl();
    fs::hard_link(&built, &program)
        .or_else(|_| fs::copy(&built, &program).map(drop))
        .expect("the program is here");
    let theirs = dir.path().join("theirs");
    fs::create_dir(&theirs).expect("made");
    fs::write(theirs.join("relayd.toml"), "nonsense = 1").expect("written");
    let is_root = nix::unistd::geteuid().is_root();
    let line = if is_root {
        "chmod 700 . && exec setpriv --reuid=65534 --regid=65534 --clear-groups $RELAYCTL config show"
    } else {
        "chmod 000 . && exec $RELAYCTL config show"
    };
    let shown = Command::new("sh")
        .args(["-c", line])
        .current_dir(&theirs)
        .env_remove("RELAYD_CONFIG")
        .env("RELAYCTL", &program)
        .output()
        .expect("sh starts");
    fs::set_permissions(&theirs, fs::Permissions::from_mode(0o700)).expect("ours again");
    assert_eq!(shown.status.code(), Some(0), "{shown:?}");
}
