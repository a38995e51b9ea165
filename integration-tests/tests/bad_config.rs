//! What cannot work is refused at start: one line that helps, the right exit code, and nothing
//! left behind.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use integration_tests::{Bed, Kind, PATIENCE, see};
use relay_testkit::{Daemon, Exit, Postgres, Relayd, Signal};
use sea_orm::ConnectionTrait;

const USAGE: i32 = 64;
const UNAVAILABLE: i32 = 69;

/// It ends with `code` and one line, in which every one of `needles` is.
fn refused(daemon: &Daemon, code: i32, needles: &[&str]) -> Exit {
    let exit = daemon.wait(PATIENCE);
    assert_eq!(exit.code, Some(code), "{exit:?}");
    assert_eq!(exit.stderr.lines().count(), 1, "one line: {exit:?}");
    assert!(exit.stderr.starts_with("relayd: "), "{exit:?}");
    assert_eq!(exit.stdout, "", "nothing is announced");
    for needle in needles {
        assert!(
            exit.stderr.contains(needle),
            "{needle:?} in {}",
            exit.stderr
        );
    }
    exit
}

/// A configuration file of these words is refused.
fn refused_config(text: &str, needles: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let relayd = Relayd::new(dir.path()).config(text);
    refused(&relayd.spawn(), USAGE, needles);
    refused(&relayd.clone().arg("--check").spawn(), USAGE, needles);
    assert!(!dir.path().join("relay-data").exists(), "nothing was made");
}

fn stop(daemon: &Daemon) {
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.wait(PATIENCE).code, Some(0));
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn an_unknown_key_and_the_nearest_one() {
    let text = "[metrics]\n\nlistn = '127.0.0.1:1'\n";
    refused_config(
        text,
        &["relayd.toml:3", "metrics.listn", "`metrics.listen`"],
    );
}

#[test]
fn an_unknown_section_and_the_nearest_one() {
    refused_config(
        "[sosg]\nenabled = true\n",
        &["relayd.toml:1", "`sosg`", "`sogs`"],
    );
}

#[test]
fn an_unknown_key_in_the_environment() {
    let dir = tempfile::tempdir().unwrap();
    let relayd = Relayd::new(dir.path());
    let misspelt = relayd.clone().env("RELAYD__METRICS__LISTN", "127.0.0.1:1");
    let names = ["RELAYD__METRICS__LISTN", "`RELAYD__METRICS__LISTEN`"];
    refused(&misspelt.spawn(), USAGE, &names);
    let no_text = OsStr::from_bytes(b"RELAYD__METRICS__\xff");
    refused(
        &relayd.clone().env(no_text, "1").spawn(),
        USAGE,
        &["RELAYD__METRICS__"],
    );
    let single = relayd.env("RELAYD_METRICS_LISTEN", "127.0.0.1:1");
    let names = ["RELAYD_METRICS_LISTEN", "RELAYD__METRICS__LISTEN"];
    refused(&single.spawn(), USAGE, &names);
}

#[test]
fn several_problems_are_one_line() {
    let text = "[metrics]\nlistn = 1\nlisten = '127.0.0.1:99999'\n[log]\nlevel = 7\n";
    refused_config(text, &["relayd.toml:", "more problem"]);
}

#[test]
fn a_bad_port() {
    for listen in ["127.0.0.1:99999", "127.0.0.1:http", "127.0.0.1"] {
        let text = format!("[metrics]\nlisten = '{listen}'\n");
        refused_config(&text, &["relayd.toml:2", "metrics.listen", listen, "port"]);
    }
}

#[test]
fn a_bad_type() {
    let text = "drain_timeout = '30s'\n[limits]\nmax_connections = 'many'\n";
    refused_config(text, &["relayd.toml:3", "limits.max_connections"]);
    refused_config(
        "drain_timeout = true\n",
        &["relayd.toml:1", "drain_timeout"],
    );
    let text = "[storage]\ndurability = 'forever'\n";
    refused_config(
        text,
        &["relayd.toml:2", "storage.durability", "power", "process"],
    );
}

#[test]
fn what_is_no_toml() {
    refused_config("[metrics]\nlisten = \n", &["relayd.toml:2:"]);
}

#[test]
fn a_bad_log_level() {
    refused_config(
        "[log]\nlevel = 'loud'\n",
        &["relayd.toml:2", "log.level", "`loud`", "debug"],
    );
}

#[test]
fn what_a_value_holds_cannot_make_a_second_line_or_move_the_cursor() {
    let level = "[log]\nlevel = \"a\\nb\\u001b[31m\"\n";
    refused_config(level, &["log.level", r"a\nb\u{1b}[31m"]);
    let room = "[sogs.rooms.\"a\\nb\"]\n";
    refused_config(room, &["sogs.rooms", r"a\nb"]);
}

#[test]
fn a_database_of_another_kind() {
    refused_config(
        "[storage]\nurl = 'mysql://h/db'\n",
        &["relayd.toml:2", "storage.url"],
    );
}

#[test]
fn two_listeners_on_one_port() {
    let text = "[metrics]\nlisten = '127.0.0.1:4001'\n[sogs]\nenabled = true\nlisten = ':4001'\n";
    let keys = ["relayd.toml:5", "sogs.listen", "metrics.listen", "4001"];
    refused_config(text, &keys);
    let text =
        "[smp]\nenabled = true\nlisten = ':4001'\n[sogs]\nenabled = true\nlisten = ':4001'\n";
    refused_config(text, &["smp.listen", "sogs.listen"]);
}

#[test]
fn a_certificate_without_its_key() {
    let text = "[metrics]\ntls_certificate = '/x.crt'\n";
    refused_config(
        text,
        &[
            "relayd.toml:2",
            "metrics.tls_certificate",
            "metrics.tls_key",
        ],
    );
    let text = "[metrics]\ntls_key = '/x.key'\n";
    refused_config(text, &["metrics.tls_key", "metrics.tls_certificate"]);
}

#[test]
fn a_certificate_that_is_not_there() {
    let text = "[metrics]\ntls_certificate = '/nowhere/x.crt'\ntls_key = '/nowhere/x.key'\n";
    refused_config(text, &["/nowhere/x.crt"]);
}

#[test]
fn a_file_that_is_named_and_missing() {
    let dir = tempfile::tempdir().unwrap();
    let relayd = Relayd::new(dir.path());
    let flag = relayd.clone().arg("--config").arg("elsewhere.toml");
    refused(&flag.spawn(), USAGE, &["elsewhere.toml", "--config"]);
    let variable = relayd.env("RELAYD_CONFIG", "elsewhere.toml");
    refused(
        &variable.spawn(),
        USAGE,
        &["elsewhere.toml", "RELAYD_CONFIG"],
    );
}

#[test]
fn a_flag_that_does_not_exist() {
    let dir = tempfile::tempdir().unwrap();
    let relayd = Relayd::new(dir.path());
    refused(
        &relayd.clone().arg("--frobnicate").spawn(),
        USAGE,
        &["--frobnicate", "--help"],
    );
    refused(
        &relayd.arg("--config").spawn(),
        USAGE,
        &["--config", "--help"],
    );
}

#[test]
fn a_check_says_what_it_found_and_makes_nothing() {
    let bed = Bed::new().with_sogs();
    let config = bed.write();
    let check = Relayd::new(bed.dir()).arg("--check");
    let exit = check.spawn().wait(PATIENCE);
    assert_eq!((exit.code, &*exit.stderr), (Some(0), ""), "{exit:?}");
    assert!(exit.stdout.contains(config.to_str().unwrap()), "{exit:?}");
    assert!(exit.stdout.contains("sogs"), "{exit:?}");
    let around = fs::read_dir(bed.dir()).unwrap().count();
    assert_eq!(around, 1, "nothing but the configuration is there");
    // What is running is no problem of the configuration.
    let _daemon = bed.start();
    assert_eq!(check.spawn().wait(PATIENCE).code, Some(0));
}

#[test]
fn a_busy_port() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let bed = Bed::new().with("metrics.listen", &*addr);
    let keys = [&*addr, "in use", "metrics.listen"];
    refused(&bed.relayd().spawn(), UNAVAILABLE, &keys);
    // Also at the second attempt, when everything else is there.
    refused(&bed.relayd().spawn(), UNAVAILABLE, &keys);
}

#[test]
fn a_busy_admin_socket_is_not_taken_away() {
    let first = Bed::new();
    let daemon = first.start();
    let socket = daemon.how().admin_socket();
    let second = Bed::new().with("admin.socket", socket.to_str().unwrap());
    let keys = [socket.to_str().unwrap(), "in use", "admin.socket"];
    refused(&second.relayd().spawn(), UNAVAILABLE, &keys);
    see::serving(&daemon);
}

#[test]
fn an_address_of_another_machine() {
    let bed = Bed::new().with("metrics.listen", "192.0.2.1:4001");
    refused(
        &bed.relayd().spawn(),
        UNAVAILABLE,
        &["192.0.2.1:4001", "metrics.listen"],
    );
}

#[test]
fn a_data_dir_that_cannot_be_made() {
    let bed = Bed::new().with("data_dir", "file/below");
    fs::write(bed.dir().join("file"), "").unwrap();
    refused(
        &bed.relayd().spawn(),
        UNAVAILABLE,
        &["data_dir", "file/below"],
    );
}

#[test]
fn a_file_in_the_place_of_the_data_dir() {
    let bed = Bed::new().with("data_dir", "file");
    fs::write(bed.dir().join("file"), "").unwrap();
    refused(
        &bed.relayd().spawn(),
        UNAVAILABLE,
        &["file is no directory", "data_dir"],
    );
}

/// A key file that is `spoilt` is refused, and still there afterwards.
fn a_bad_key_file(spoil: impl Fn(&Path), needles: &[&str]) {
    let bed = Bed::new().with_sogs();
    stop(&bed.start());
    let key = bed.data().join("sogs/key_x25519");
    spoil(&key);
    let again = bed.relayd().spawn();
    refused(
        &again,
        UNAVAILABLE,
        &[&[key.file_name().unwrap().to_str().unwrap()], needles].concat(),
    );
    assert!(key.exists(), "a key is never replaced");
    // The port is free, and the daemon goes on where it was, once the key is right again.
    let _ = fs::remove_dir(&key);
    let _ = fs::remove_file(&key);
    fs::write(&key, [7; 32]).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    stop(&bed.start());
}

#[test]
fn a_key_file_of_the_wrong_size() {
    a_bad_key_file(
        |key| fs::write(key, "short").unwrap(),
        &["32 bytes", "backup"],
    );
}

#[test]
fn a_directory_in_the_place_of_a_key_file() {
    let spoil = |key: &Path| {
        fs::remove_file(key).unwrap();
        fs::create_dir(key).unwrap();
    };
    a_bad_key_file(spoil, &["cannot be read"]);
}

#[test]
fn a_key_file_that_may_not_be_read() {
    // Root may read everything.
    if !is_root() {
        let spoil = |key: &Path| {
            fs::set_permissions(key, fs::Permissions::from_mode(0o000)).unwrap();
        };
        a_bad_key_file(spoil, &["cannot be read", "0600"]);
    }
}

/// The mark that a newer relayd would leave.
const NEWER: &str =
    "INSERT INTO core_migrations (version, applied_at) VALUES ('core_9999_later', 1)";

fn execute_on_sqlite(file: &Path, sql: &str) {
    let url = format!("sqlite:{}?mode=rw", file.display());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let database = sea_orm::Database::connect(url).await.unwrap();
        database.execute_unprepared(sql).await.unwrap();
        database.close().await.unwrap();
    });
}

fn a_newer_database(bed: &Bed, make_newer: impl Fn(&str), undo: impl Fn(&str)) {
    stop(&bed.start());
    make_newer(NEWER);
    refused(
        &bed.relayd().spawn(),
        UNAVAILABLE,
        &["newer", "core_9999_later", "install", "backup"],
    );
    undo("DELETE FROM core_migrations WHERE version = 'core_9999_later'");
    stop(&bed.start());
}

#[test]
fn a_database_newer_than_the_binary_on_sqlite() {
    let bed = Bed::new();
    let file = bed.data().join("relayd.db");
    let execute = |sql: &str| execute_on_sqlite(&file, sql);
    a_newer_database(&bed, execute, execute);
}

#[test]
fn a_database_newer_than_the_binary_on_postgres() {
    let Some(postgres) = Postgres::shared() else {
        return;
    };
    let url = postgres.database();
    let bed = Bed::new().with("storage.url", &*url);
    let execute = |sql: &str| drop(postgres.psql(&url, sql));
    a_newer_database(&bed, execute, execute);
}

#[test]
fn a_file_that_is_no_database() {
    let bed = Bed::new();
    fs::create_dir(bed.data()).unwrap();
    let file = bed.data().join("relayd.db");
    let content = "a letter, not a database. ".repeat(1000);
    fs::write(&file, &content).unwrap();
    refused(
        &bed.relayd().spawn(),
        UNAVAILABLE,
        &["relayd.db", "restore a backup"],
    );
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        content,
        "it is left as it was"
    );
}

#[test]
fn a_directory_in_the_place_of_the_database() {
    let bed = Bed::new();
    fs::create_dir_all(bed.data().join("relayd.db")).unwrap();
    refused(&bed.relayd().spawn(), UNAVAILABLE, &["relayd.db"]);
}

#[test]
fn a_postgres_that_cannot_be_reached() {
    let nobody = Relayd::free_address();
    let url = format!("postgres://relay:tulip-hidden@{nobody}/relay");
    let bed = Bed::new()
        .with("storage.url", &*url)
        .with("storage.connect_timeout", "2s");
    let exit = refused(
        &bed.relayd().spawn(),
        UNAVAILABLE,
        &[&nobody.to_string(), "reached"],
    );
    assert!(
        !exit.stderr.contains("tulip-hidden"),
        "a password: {exit:?}"
    );
}

#[test]
fn a_postgres_database_that_does_not_exist() {
    let Some(bed) = Bed::on(Kind::Postgres) else {
        return;
    };
    let url = Postgres::shared().unwrap().database() + "_not";
    refused(
        &bed.with("storage.url", &*url).relayd().spawn(),
        UNAVAILABLE,
        &["_not", "exist"],
    );
}
