//! Backups of a serving store: consistent, verified, restored whole, and never over anything.

#![expect(clippy::expect_used, reason = "tests stop at what they did not expect")]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use common::{AddBook, Bed, OWNERS, count, eventually, statement};
use relay_storage::backup::{self, BackupError, Plan, Target};
use relay_storage::{Database, DatabaseUrl, Failure, StorageOptions, Store, Unit};
use relay_testkit::Postgres;
use sea_orm::{ConnectionTrait, DatabaseTransaction};

fn plan(bed: &Bed, target: &Path) -> Plan {
    Plan {
        target: target.to_owned(),
        owners: OWNERS.to_vec(),
        data_dir: bed.dir.path().to_owned(),
        files: vec![PathBuf::from("keys"), PathBuf::from("not-there")],
        relayd: "0.0.0-test".into(),
        now: 1_800_000_000,
    }
}

fn add_key(bed: &Bed) {
    fs::create_dir_all(bed.dir.path().join("keys/deep")).expect("created");
    fs::write(bed.dir.path().join("keys/deep/secret"), [1, 2, 3]).expect("written");
}

/// Where a bed's backup is restored to: a database of the same kind, and an empty directory.
fn elsewhere(bed: &Bed, dir: &Path) -> Target {
    let url = match bed.database.url() {
        DatabaseUrl::Sqlite(_) => DatabaseUrl::Sqlite(dir.join("restored/test.db")),
        DatabaseUrl::Postgres(_) => {
            DatabaseUrl::Postgres(Postgres::shared().expect("it runs").database())
        }
    };
    let options = StorageOptions {
        url,
        ..StorageOptions::default()
    };
    Target {
        data_dir: dir.join("restored"),
        options,
        owners: OWNERS.to_vec(),
    }
}

/// One book and one entry, always together: a torn backup would show a difference.
struct Pair(u64);

impl Unit for Pair {
    type Output = ();

    async fn run(&self, tx: &DatabaseTransaction) -> Result<(), Failure<()>> {
        let backend = tx.get_database_backend();
        AddBook(self.0.to_string())
            .run(tx)
            .await
            .map_err(|failure| match failure {
                Failure::Db(error) => Failure::Db(error),
                Failure::Undo(_) => Failure::Undo(()),
            })?;
        let sql = "INSERT INTO notes_a_entry (book, text, body) SELECT id, ?, ? FROM notes_book WHERE name = ?";
        let text = "tab\there, line\nthere, back\\slash, \u{1f980}";
        let values = vec![
            text.into(),
            vec![0_u8, 255, b'\n', b'\\'].into(),
            self.0.to_string().into(),
        ];
        tx.execute_raw(statement(backend, sql, values)).await?;
        Ok(())
    }
}

async fn write_pairs(store: Store, stop: Arc<AtomicBool>, acknowledged: Arc<AtomicU64>) {
    for n in 0.. {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        store.write(Pair(n)).await.expect("written");
        acknowledged.store(n + 1, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_is_one_consistent_moment() {
    for bed in Bed::each().await {
        for name in ["backup-dir", "backup.tar"] {
            add_key(&bed);
            let store = bed.start();
            let dir = tempfile::tempdir().expect("temporary directory");
            let (stop, acknowledged) = (
                Arc::new(AtomicBool::new(false)),
                Arc::new(AtomicU64::new(0)),
            );
            store.write(Clear).await.expect("cleared");
            let load = tokio::spawn(write_pairs(
                store.clone(),
                stop.clone(),
                acknowledged.clone(),
            ));
            eventually("some load", || acknowledged.load(Ordering::SeqCst) > 50).await;
            let before = acknowledged.load(Ordering::SeqCst);
            let target = dir.path().join(name);
            let manifest = backup::create(&store.database().clone(), plan(&bed, &target))
                .await
                .expect("backs up");
            stop.store(true, Ordering::SeqCst);
            load.await.expect("no panic");
            assert!(
                manifest
                    .entries
                    .iter()
                    .any(|entry| entry.path == "files/keys/deep/secret")
            );
            backup::verify(&target).await.expect("sound");

            let to = elsewhere(&bed, dir.path());
            backup::restore(&target, to.clone())
                .await
                .expect("restores");
            let restored = Database::open(to.options).await.expect("opens");
            assert!(
                restored
                    .migrate(&OWNERS)
                    .await
                    .expect("migrates")
                    .is_empty(),
                "the schema is complete"
            );
            let (books, entries) = (
                count(restored.read(), "notes_book").await,
                count(restored.read(), "notes_a_entry").await,
            );
            assert_eq!(books, entries, "units are whole");
            assert!(
                books >= i64::try_from(before).expect("fits"),
                "everything acknowledged before is there"
            );
            let odd =
                "notes_a_entry WHERE text <> 'tab\there, line\nthere, back\\slash, \u{1f980}'";
            assert_eq!(
                count(restored.read(), odd).await,
                0,
                "text came back as it was"
            );
            assert!(restored.check_integrity().await.expect("checks").is_empty());
            // New rows get new ids: sequences were restored too.
            let store = Store::start(restored, Arc::new(relay_storage::Unobserved));
            store.write(Pair(u64::MAX)).await.expect("written");
            store.close().await;

            let key = to.data_dir.join("keys/deep/secret");
            assert_eq!(fs::read(&key).expect("restored"), [1, 2, 3]);
            assert_eq!(
                fs::metadata(&key).expect("there").permissions().mode() & 0o777,
                0o600
            );
            assert!(!to.data_dir.join(".restoring").exists());
        }
    }
}

struct Clear;

impl Unit for Clear {
    type Output = ();

    async fn run(&self, tx: &DatabaseTransaction) -> Result<(), Failure<()>> {
        tx.execute_unprepared("DELETE FROM notes_a_entry").await?;
        tx.execute_unprepared("DELETE FROM notes_book").await?;
        Ok(())
    }
}

#[tokio::test]
async fn nothing_is_ever_overwritten() {
    for bed in Bed::each().await {
        add_key(&bed);
        let dir = tempfile::tempdir().expect("temporary directory");
        let target = dir.path().join("backup.tar");
        backup::create(&bed.database, plan(&bed, &target))
            .await
            .expect("backs up");
        let error = backup::create(&bed.database, plan(&bed, &target))
            .await
            .expect_err("there already");
        assert!(
            error
                .to_string()
                .ends_with("exists already; name a new backup"),
            "{error}"
        );

        let to = elsewhere(&bed, dir.path());
        fs::create_dir_all(&to.data_dir).expect("created");
        fs::write(to.data_dir.join("something"), "x").expect("written");
        let error = backup::restore(&target, to.clone())
            .await
            .expect_err("not empty");
        assert!(error.to_string().contains("is not empty"), "{error}");
        fs::remove_file(to.data_dir.join("something")).expect("removed");

        // Into the very database it came from.
        let occupied = Target {
            options: bed.database.options().clone(),
            ..to
        };
        let error = backup::restore(&target, occupied)
            .await
            .expect_err("occupied");
        assert!(matches!(error, BackupError::InTheWay { .. }), "{error}");
    }
}

#[tokio::test]
async fn damage_of_every_kind_is_found() {
    for bed in Bed::each().await {
        add_key(&bed);
        let dir = tempfile::tempdir().expect("temporary directory");
        let target = dir.path().join("backup");
        let manifest = backup::create(&bed.database, plan(&bed, &target))
            .await
            .expect("backs up");
        let finding = async |target: &Path| match backup::verify(target).await {
            Err(BackupError::Damaged { finding, .. }) => finding,
            other => panic!("damage not found: {other:?}"),
        };
        for entry in &manifest.entries {
            let path = target.join(&entry.path);
            let content = fs::read(&path).expect("there");
            fs::remove_file(&path).expect("removed");
            assert_eq!(finding(&target).await, format!("{} is missing", entry.path));
            let mut changed = content.clone();
            match changed.last_mut() {
                Some(byte) => *byte ^= 1,
                None => changed.push(1),
            }
            fs::write(&path, changed).expect("written");
            assert_eq!(
                finding(&target).await,
                format!("{} was changed", entry.path)
            );
            fs::write(&path, content).expect("written");
        }
        fs::write(target.join("stray"), "x").expect("written");
        assert_eq!(finding(&target).await, "stray does not belong to it");
        fs::remove_file(target.join("stray")).expect("removed");
        backup::verify(&target).await.expect("sound again");
        fs::remove_file(target.join("manifest.json")).expect("removed");
        assert_eq!(finding(&target).await, "it has no manifest.json");

        let tar = dir.path().join("backup.tar");
        backup::create(&bed.database, plan(&bed, &tar))
            .await
            .expect("backs up");
        let whole = fs::read(&tar).expect("there");
        fs::write(&tar, &whole[..whole.len() / 2]).expect("cut");
        finding(&tar).await;
    }
}

#[tokio::test]
async fn a_tar_that_reaches_out_of_its_place_is_refused() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let path = dir.path().join("evil.tar");
    let mut tar = tar::Builder::new(fs::File::create(&path).expect("created"));
    let mut header = tar::Header::new_gnu();
    header.set_size(1);
    let name = b"../outside";
    header.as_mut_bytes()[..name.len()].copy_from_slice(name);
    header.set_cksum();
    tar.append(&header, &b"x"[..]).expect("appended");
    tar.finish().expect("finished");
    let error = backup::verify(&path).await.expect_err("refused");
    assert!(
        error.to_string().contains("it has a file named ../outside"),
        "{error}"
    );
}
