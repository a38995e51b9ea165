//! A backup made under write load is one consistent moment: restored into an empty place, a
//! daemon starts from it and has all that was acknowledged before the backup began.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::fs;
use std::path::Path;

use integration_tests::notes::{Writers, assert_kept, newest, noted};
use integration_tests::{Bed, Kind, see};
use relay_storage::backup::{self, BackupError, Target};
use relay_storage::{DatabaseUrl, StorageOptions};
use relay_testkit::http::Response;
use relay_testkit::{Daemon, Postgres, Signal};
use serde_json::json;

fn back_up(daemon: &Daemon, path: &Path) -> Response {
    let body = json!({ "path": path.to_str().unwrap() });
    daemon.admin().post("/v1/backups", &body).unwrap()
}

/// What `relayctl backup restore` does, for a data dir that `bed` will use.
fn restore(path: &Path, bed: &Bed, url: &str) -> Result<(), BackupError> {
    let url: DatabaseUrl = url.parse().unwrap();
    let target = Target {
        data_dir: bed.data(),
        options: StorageOptions {
            url: url.below(&bed.data()),
            ..StorageOptions::default()
        },
        owners: relay_core::lifecycle::owners(&relayd::protocols()),
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        backup::verify(path).await?;
        backup::restore(path, target).await.map(drop)
    })
}

fn url_of_another(kind: Kind) -> String {
    match kind {
        Kind::Postgres => Postgres::shared().unwrap().database(),
        Kind::SqlitePower | Kind::SqliteProcess => "sqlite:relayd.db".to_owned(),
    }
}

fn made_under_load_it_restores(kind: Kind, name: &str) {
    let Some(bed) = Bed::on(kind) else {
        return;
    };
    let bed = bed.with_sogs();
    let daemon = bed.start();
    let path = bed.dir().join(name);
    let writers = Writers::start(&daemon.how().admin_socket(), 4);
    writers.wait_for(100);

    let before = writers.so_far();
    let answer = back_up(&daemon, &path);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let after = writers.so_far().len();
    writers.wait_for(after + 20);
    let all = writers.stop();
    assert!(all.len() > before.len());
    let told = answer.json();
    assert_eq!(told["path"], path.to_str().unwrap());
    assert_eq!(
        see::mode(&path) & 0o077,
        0,
        "a backup is for its owner only"
    );

    let url = url_of_another(kind);
    let restored = Bed::new().with_sogs().with("storage.url", &*url);
    restore(&path, &restored, &url).unwrap();
    let key = "sogs/key_x25519";
    let (old, new) = (bed.data().join(key), restored.data().join(key));
    assert_eq!(
        fs::read(old).unwrap(),
        fs::read(&new).unwrap(),
        "the identity"
    );
    assert_eq!(see::mode(&new), 0o600);
    let again = restored.start();
    assert_kept(&again.admin(), &before);
    assert!(newest(&again.admin(), 10_000).len() < all.len() + 10);
    see::run_worker(&again, "store.integrity");
    // Numbers go on where they were: the log of the restored one is not torn.
    let id = noted(&again.admin(), "after the restore");
    assert!(before.keys().all(|earlier| *earlier < id));
    // What it was made from goes on undisturbed.
    assert_kept(&daemon.admin(), &all);
    daemon.signal(Signal::TERM);
}

#[test]
fn made_under_load_it_restores_on_sqlite_as_a_directory() {
    made_under_load_it_restores(Kind::SqlitePower, "backup");
}

#[test]
fn made_under_load_it_restores_on_sqlite_as_a_file() {
    made_under_load_it_restores(Kind::SqliteProcess, "backup.tar");
}

#[test]
fn made_under_load_it_restores_on_postgres_as_a_directory() {
    made_under_load_it_restores(Kind::Postgres, "backup");
}

#[test]
fn made_under_load_it_restores_on_postgres_as_a_file() {
    made_under_load_it_restores(Kind::Postgres, "backup.tar");
}

#[test]
fn nothing_that_exists_is_overwritten() {
    let bed = Bed::new();
    let daemon = bed.start();
    for name in ["backup", "backup.tar"] {
        let path = bed.dir().join(name);
        assert_eq!(back_up(&daemon, &path).status, 200);
        let listed = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
        let before = listed(&path);
        let answer = back_up(&daemon, &path);
        assert_eq!(answer.status, 409, "{}", answer.text());
        let reason = answer.json()["detail"].to_string();
        assert!(
            reason.contains(name) && reason.contains("exists"),
            "{reason}"
        );
        assert_eq!(listed(&path), before);
        // Neither is the data dir of a daemon that ran.
        let refused = restore(&path, &bed, "sqlite:relayd.db").unwrap_err();
        assert!(matches!(refused, BackupError::InTheWay { .. }), "{refused}");
    }
    see::readyz(&daemon, 200);
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let bed = Bed::new();
    let daemon = bed.start();
    fs::write(bed.dir().join("file"), "").unwrap();
    let below_a_file = bed.dir().join("file/backup");
    let answer = back_up(&daemon, &below_a_file);
    assert_eq!(answer.status, 409, "{}", answer.text());
    assert!(answer.text().contains("file/backup"), "{}", answer.text());
    let answer = back_up(&daemon, Path::new("relative/backup"));
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert!(answer.text().contains("absolute"), "{}", answer.text());
    let outcomes: Vec<_> = newest(&daemon.admin(), 2);
    assert!(
        outcomes.iter().all(|entry| entry["outcome"] != "done"),
        "{outcomes:?}"
    );
    see::readyz(&daemon, 200);
}

#[test]
fn a_damaged_backup_is_not_restored() {
    let bed = Bed::new();
    let daemon = bed.start();
    noted(&daemon.admin(), "worth keeping");
    let path = bed.dir().join("backup.tar");
    assert_eq!(back_up(&daemon, &path).status, 200);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    let empty = Bed::new();
    let refused = restore(&path, &empty, "sqlite:relayd.db").unwrap_err();
    assert!(matches!(refused, BackupError::Damaged { .. }), "{refused}");
    assert!(!empty.data().join("relayd.db").exists());
}
