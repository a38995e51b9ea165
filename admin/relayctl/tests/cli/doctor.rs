//! `relayctl doctor`: finds what is wrong, and nothing where nothing is.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use relay_testkit::daemon::Finished;
use sea_orm::{ConnectionTrait as _, Database};

use crate::support::{House, done};

/// Findings of one level, as `section: found → advice`.
fn findings(house: &House, doctor: &Finished, level: &str) -> Vec<String> {
    let report = doctor.json();
    let findings = report["findings"].as_array().into_iter().flatten();
    let of_level = findings.filter(|finding| finding["level"] == level);
    let line = |finding: &serde_json::Value| {
        let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        format!(
            "{}: {} → {}",
            text("section"),
            text("found"),
            text("advice")
        )
    };
    of_level
        .map(|finding| house.steady(&line(finding)))
        .collect()
}

/// Its problems; they alone decide about the exit code.
#[track_caller]
fn problems(house: &House) -> Vec<String> {
    let doctor = house.ctl(["doctor", "--json"]);
    let problems = findings(house, &doctor, "problem");
    let code = i32::from(!problems.is_empty());
    assert_eq!((doctor.code, &*doctor.stderr), (Some(code), ""));
    problems
}

#[test]
fn a_fresh_daemon_is_healthy() {
    let house = House::new();
    let _daemon = house.start();
    let doctor = house.ctl(["doctor", "--deep", "--json"]);
    assert_eq!(doctor.code, Some(0), "{doctor:?}");
    let mut warnings = findings(&house, &doctor, "warning");
    // Those of the machine the test runs on.
    let ours =
        |warning: &String| !warning.starts_with("disk: ") && !warning.contains("time servers");
    warnings.retain(ours);
    assert_eq!(warnings, [""; 0]);
    let text = done(house.ctl(["doctor"]));
    assert!(text.contains("is held by the running daemon"), "{text}");
    assert!(text.contains("\n\nno problems, "), "{text}");
}

#[test]
fn before_the_first_start_nothing_is_wrong() {
    let house = House::new();
    assert_eq!(problems(&house), [""; 0]);
    assert!(!house.relayd.data_dir().exists());
}

#[test]
fn open_files_are_found() {
    let house = House::new();
    let data_dir = house.relayd.data_dir();
    fs::create_dir_all(data_dir.join("sogs")).expect("made");
    fs::write(data_dir.join("sogs/key_x25519"), [7; 32]).expect("written");
    let open = |mode| {
        fs::set_permissions(
            data_dir.join("sogs/key_x25519"),
            Permissions::from_mode(mode),
        )
    };
    open(0o644).expect("opened");
    insta::assert_debug_snapshot!(problems(&house), @r#"
    [
        "files: HERE/relay-data/sogs/key_x25519 can be read by others (mode 0644) → chmod 0600 HERE/relay-data/sogs/key_x25519",
    ]
    "#);
    open(0o600).expect("closed");
    assert_eq!(problems(&house), [""; 0]);
}

#[test]
fn keys_of_the_wrong_size_are_found() {
    let house = House::new();
    let data_dir = house.relayd.data_dir();
    fs::create_dir_all(data_dir.join("smp")).expect("made");
    fs::create_dir_all(data_dir.join("sogs")).expect("made");
    for key in ["sogs/key_x25519", "smp/ca.key"] {
        fs::write(data_dir.join(key), "short").expect("written");
        let private = Permissions::from_mode(0o600);
        fs::set_permissions(data_dir.join(key), private).expect("closed");
    }
    let relayd = house.relayd.clone().env("RELAYD__SOGS__ENABLED", "true");
    let doctor = relayd
        .env("RELAYD__SMP__ENABLED", "true")
        .relayctl(["doctor", "--json"]);
    insta::assert_debug_snapshot!(findings(&house, &doctor, "problem"), @r#"
    [
        "keys: HERE/relay-data/sogs/key_x25519 has 5 bytes instead of 32 → restore it from a backup; without it clients do not recognise the relay",
        "keys: HERE/relay-data/smp/ca.crt: this file is missing while others of this server's identity are here → restore it from a backup, or remove them all to get a new identity under a new address",
    ]
    "#);
}

#[test]
fn a_stranger_on_a_port_is_named() {
    let house = House::new();
    let address = house.relayd.listen("metrics").expect("configured");
    let _stranger = TcpListener::bind(address).expect("free");
    let problems = problems(&house);
    let [problem] = &problems[..] else {
        panic!("{problems:?}");
    };
    let start = format!("ports: {address} (metrics.listen) is taken by ");
    assert!(problem.starts_with(&start), "{problem}");
    assert!(problem.ends_with(", or change metrics.listen"), "{problem}");
}

#[test]
fn a_newer_database_is_found() {
    let house = House::new();
    drop(house.start());
    let file = house.relayd.data_dir().join("relayd.db");
    write(
        &format!("sqlite:{}", file.display()),
        "INSERT INTO core_migrations (version, applied_at) VALUES ('core_9999_future', 0)",
    );
    insta::assert_debug_snapshot!(problems(&house), @r#"
    [
        "database: the database is newer than this relayd: it has core migration `core_9999_future`, which this binary does not know → install the relayd that wrote it, or restore a backup from before the upgrade",
    ]
    "#);
}

#[test]
fn a_file_that_is_no_database_is_found() {
    let house = House::new();
    fs::create_dir_all(house.relayd.data_dir()).expect("made");
    let file = house.relayd.data_dir().join("relayd.db");
    fs::write(&file, "not a database, by no means").expect("written");
    fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("closed");
    let problems = problems(&house);
    assert!(
        problems[0].starts_with("database: cannot open sqlite:HERE"),
        "{problems:?}"
    );
}

#[test]
fn a_wrong_configuration_does_not_end_the_examination() {
    let house = House::new();
    let config = "[smp]\nenabld = true\ncreate_password = 7\n";
    let doctor = house
        .relayd
        .clone()
        .config(config)
        .relayctl(["doctor", "--json"]);
    assert_eq!(doctor.code, Some(1), "{doctor:?}");
    insta::assert_debug_snapshot!(findings(&house, &doctor, "problem"), @r#"
    [
        "configuration: HERE/relayd.toml:2: unknown key `smp.enabld` → did you mean `smp.enabled`?",
        "configuration: HERE/relayd.toml:3: smp.create_password: this value does not fit; it is secret and not shown → for example `create_password = \"correct-horse-battery-staple\"`",
    ]
    "#);
    assert!(
        findings(&house, &doctor, "ok")
            .iter()
            .any(|ok| ok.starts_with("disk: "))
    );
}

#[test]
fn a_readable_secret_and_a_value_not_in_force_are_found() {
    let house = House::new();
    let _daemon = house.start();
    let config = house.path().join("relayd.toml");
    let text = fs::read_to_string(&config).expect("there");
    fs::write(
        &config,
        format!("{text}[admin]\nmode = \"0600\"\n")
            .replace("[smp]\n", "[smp]\ncreate_password = \"x\"\n"),
    )
    .expect("written");
    fs::set_permissions(&config, Permissions::from_mode(0o644)).expect("opened");
    let doctor = house.ctl(["doctor", "--json"]);
    insta::assert_debug_snapshot!(findings(&house, &doctor, "problem"), @r#"
    [
        "configuration: HERE/relayd.toml holds smp.create_password and everybody can read it → chmod o-rwx HERE/relayd.toml, and set a new smp.create_password",
    ]
    "#);
    insta::assert_debug_snapshot!(findings(&house, &doctor, "warning"), @r#"
    [
        "configuration: the running daemon was started with other values: admin.mode → restart relayd to bring them into force, or correct the file; `relayctl config show --running` shows what it has",
        "files: HERE/relay-data/admin.sock has mode 0660, not 0600 as admin.mode says → restart relayd",
    ]
    "#);
}

#[test]
fn a_clock_before_the_newest_data_is_found() {
    let house = House::new();
    drop(house.start());
    let file = fs::File::options()
        .write(true)
        .open(house.relayd.data_dir().join("relayd.db"));
    let later = std::time::UNIX_EPOCH + std::time::Duration::from_secs(4_000_000_000);
    file.expect("there").set_modified(later).expect("set");
    let problems = problems(&house);
    assert!(
        problems[0].contains("but the database is from DATE TIME"),
        "{problems:?}"
    );
}

#[expect(
    clippy::expect_used,
    reason = "a test that cannot be set up has to fail"
)]
fn write(url: &str, sql: &str) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let database = Database::connect(url).await.expect("opened");
        database.execute_unprepared(sql).await.expect("written");
        database.close().await.expect("closed");
    });
}
