//! Housekeeping: what was deleted is gone from the disk, and nobody is held up for it.
#![expect(clippy::expect_used, reason = "tests stop at what they did not expect")]

mod common;

use std::fs;
use std::path::Path;

use common::{Bed, statement};
use relay_storage::{Failure, Unit};
use sea_orm::{ConnectionTrait, DatabaseTransaction, TransactionTrait};

const MARK: &[u8] = b"what a client wanted to be forgotten";

/// A book whose entry is long enough to need pages of its own.
struct Write;

impl Unit for Write {
    type Output = ();

    async fn run(&self, tx: &DatabaseTransaction) -> Result<(), Failure<()>> {
        let backend = tx.get_database_backend();
        tx.execute_unprepared("INSERT INTO notes_book (id, name) VALUES (1, 'one')")
            .await?;
        let sql = "INSERT INTO notes_a_entry (book, body) VALUES (1, ?)";
        tx.execute_raw(statement(backend, sql, vec![MARK.repeat(2000).into()]))
            .await?;
        Ok(())
    }
}

struct Forget;

impl Unit for Forget {
    type Output = ();

    async fn run(&self, tx: &DatabaseTransaction) -> Result<(), Failure<()>> {
        tx.execute_unprepared("DELETE FROM notes_a_entry").await?;
        Ok(())
    }
}

fn is_on_disk(dir: &Path) -> bool {
    let files = fs::read_dir(dir).expect("readable").flatten();
    let mut contents = files.map(|file| fs::read(file.path()).expect("readable"));
    contents.any(|content| content.windows(MARK.len()).any(|window| window == MARK))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_deleted_is_gone_from_the_disk() {
    let bed = Bed::sqlite().await;
    let store = bed.start();
    store.write(Write).await.expect("written");
    store.maintain().await.expect("maintained");
    assert!(
        is_on_disk(bed.dir.path()),
        "the test looks at the right files"
    );
    store.write(Forget).await.expect("deleted");
    let done = store.maintain().await.expect("maintained");
    assert!(done.log_emptied);
    assert!(!is_on_disk(bed.dir.path()));
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_reader_keeps_the_log_and_holds_up_nobody() {
    let bed = Bed::sqlite().await;
    let store = bed.start();
    store.write(Write).await.expect("written");
    let reader = store.read().begin().await.expect("begun");
    common::count(&reader, "notes_book").await;
    store
        .write(Forget)
        .await
        .expect("written beside the reader");
    let (done, written) = tokio::join!(store.maintain(), store.write(Forget));
    assert!(
        !done.expect("maintained").log_emptied,
        "the reader still needs it"
    );
    written.expect("written beside the reader");
    assert_eq!(
        common::count(&reader, "notes_a_entry").await,
        1,
        "it sees what it saw"
    );
    reader.rollback().await.expect("ended");
    assert!(store.maintain().await.expect("maintained").log_emptied);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_call_serves_every_database() {
    for bed in Bed::each().await {
        let store = bed.start();
        store.maintain().await.expect("maintained");
        store.close().await;
    }
}
