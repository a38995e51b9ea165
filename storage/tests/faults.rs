//! Faults of the database are errors to callers and a health state, and pass by themselves.

#![expect(clippy::expect_used, reason = "tests stop at what they did not expect")]

mod common;

use std::sync::Arc;

use common::{AddBook, Bed, PATIENCE, count, statement};
use relay_storage::{
    Database, DatabaseUrl, Failure, Fault, StorageOptions, Store, Unit, Unobserved, WriteError,
};
use relay_testkit::{Postgres, SmallDisk};
use sea_orm::{ConnectionTrait, DatabaseTransaction};

struct Blob(usize);

impl Unit for Blob {
    type Output = ();

    async fn run(&self, tx: &DatabaseTransaction) -> Result<(), Failure<()>> {
        let backend = tx.get_database_backend();
        tx.execute_unprepared(
            "INSERT INTO notes_book (id, name) VALUES (1, 'one') ON CONFLICT DO NOTHING",
        )
        .await?;
        let sql = "INSERT INTO notes_a_entry (book, body) VALUES (1, ?)";
        tx.execute_raw(statement(backend, sql, vec![vec![7_u8; self.0].into()]))
            .await?;
        Ok(())
    }

    fn weight(&self) -> usize {
        self.0
    }
}

fn remount(disk: &SmallDisk, mode: &str) {
    let status = std::process::Command::new("mount")
        .args(["-o", &format!("remount,{mode}")])
        .arg(disk.path())
        .status();
    assert!(status.expect("mount runs").success());
}

async fn healthy_again(store: &Store) {
    let mut health = store.health();
    let recovered = health.wait_for(Option::is_none);
    tokio::time::timeout(PATIENCE, recovered)
        .await
        .expect("recovers by itself")
        .expect("store lives");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_writes_keeps_the_rest_and_passes() {
    let Some(disk) = SmallDisk::mount(24 << 20) else {
        return;
    };
    let dir = tempfile::tempdir().expect("temporary directory");
    let bed = Bed::open(DatabaseUrl::Sqlite(disk.path().join("test.db")), dir).await;
    let store = bed.start();
    store.write(Blob(200_000)).await.expect("written");
    disk.fill();
    let mut kept = 1;
    let error = loop {
        match store.write(Blob(200_000)).await {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 100, "the disk must fill up");
    };
    assert!(
        matches!(error, WriteError::Unavailable(Fault::DiskFull)),
        "{error:?}"
    );
    assert_eq!(*store.health().borrow(), Some(Fault::DiskFull));
    assert_eq!(
        count(store.read(), "notes_a_entry").await,
        kept,
        "reading goes on, nothing acknowledged is lost"
    );
    disk.relieve();
    healthy_again(&store).await;
    store.write(Blob(200_000)).await.expect("writes again");
    assert_eq!(count(store.read(), "notes_a_entry").await, kept + 1);
    assert!(
        store
            .database()
            .check_integrity()
            .await
            .expect("checks")
            .is_empty()
    );
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_gone_read_only_is_named_and_passes() {
    let Some(disk) = SmallDisk::mount(16 << 20) else {
        return;
    };
    let dir = tempfile::tempdir().expect("temporary directory");
    let bed = Bed::open(DatabaseUrl::Sqlite(disk.path().join("test.db")), dir).await;
    // With the files closed the remount is allowed; then open what is there.
    bed.database.close().await;
    remount(&disk, "ro");
    let error = Database::open(bed.database.options().clone())
        .await
        .expect_err("cannot be written");
    assert!(error.to_string().contains("cannot open"), "{error}");
    remount(&disk, "rw");
    let database = Database::open(bed.database.options().clone())
        .await
        .expect("opens again");
    let store = Store::start(database, Arc::new(Unobserved));
    store.write(AddBook("a".into())).await.expect("writes");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_file_that_was_moved_away_takes_no_more_writes() {
    let bed = Bed::sqlite().await;
    let store = bed.start();
    store
        .write(AddBook("before".into()))
        .await
        .expect("written");
    let (path, aside) = (
        bed.dir.path().join("test.db"),
        bed.dir.path().join("aside.db"),
    );
    std::fs::rename(&path, &aside).expect("renamed");
    let error = store
        .write(AddBook("lost?".into()))
        .await
        .expect_err("must not be acknowledged");
    assert!(
        matches!(error, WriteError::Unavailable(Fault::Replaced)),
        "{error:?}"
    );
    std::fs::rename(&aside, &path).expect("put back");
    healthy_again(&store).await;
    store.write(AddBook("after".into())).await.expect("written");
    assert_eq!(count(store.read(), "notes_book").await, 2);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_held_by_another_program_is_waited_for_then_named() {
    let bed = Bed::sqlite().await;
    let path = bed.dir.path().join("test.db");
    bed.database.close().await;
    let options = StorageOptions {
        connect_timeout: relay_config::Span::millis(100),
        ..bed.database.options().clone()
    };
    let database = Database::open(options).await.expect("opens");
    let store = Store::start(database, Arc::new(Unobserved));
    let other = sea_orm::sqlx::SqlitePool::connect(&format!("sqlite:{}", path.display()))
        .await
        .expect("connects");
    let lock = other.begin_with("BEGIN IMMEDIATE").await.expect("locks");
    let error = store.write(AddBook("a".into())).await.expect_err("locked");
    assert!(
        matches!(error, WriteError::Unavailable(Fault::Busy)),
        "{error:?}"
    );
    lock.rollback().await.expect("unlocks");
    healthy_again(&store).await;
    store.write(AddBook("a".into())).await.expect("writes");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_stopped_and_started_again_is_survived() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let dir = tempfile::tempdir().expect("temporary directory");
    let bed = Bed::open(DatabaseUrl::Postgres(server.database()), dir).await;
    let store = bed.start();
    store
        .write(AddBook("before".into()))
        .await
        .expect("written");
    server.stop();
    let error = store
        .write(AddBook("while away".into()))
        .await
        .expect_err("cannot be written");
    assert!(
        matches!(error, WriteError::Unavailable(Fault::Unreachable)),
        "{error:?}"
    );
    assert_eq!(*store.health().borrow(), Some(Fault::Unreachable));
    server.start_again();
    healthy_again(&store).await;
    store.write(AddBook("after".into())).await.expect("written");
    assert_eq!(count(store.read(), "notes_book").await, 2);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_killed_under_load_loses_nothing_acknowledged() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let dir = tempfile::tempdir().expect("temporary directory");
    let bed = Bed::open(DatabaseUrl::Postgres(server.database()), dir).await;
    let store = bed.start();
    let writers = (0..8).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            for n in 0.. {
                let name = format!("{writer}/{n}");
                match store.write(AddBook(name.clone())).await {
                    Ok(_) => acknowledged.push(name),
                    Err(_) => return acknowledged,
                }
            }
            acknowledged
        })
    });
    let writers: Vec<_> = writers.collect();
    while count(store.read(), "notes_book").await < 200 {}
    server.kill9();
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.expect("no panic"));
    }
    server.start_again();
    healthy_again(&store).await;
    assert!(acknowledged.len() >= 200);
    for name in acknowledged {
        assert_eq!(
            count(store.read(), &format!("notes_book WHERE name = '{name}'")).await,
            1,
            "{name}"
        );
    }
    store.close().await;
}
