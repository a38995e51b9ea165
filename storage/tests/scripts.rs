//! Units told as text: on SQLite many go in one trip, and nobody can tell but by the speed.

#![expect(clippy::expect_used, reason = "tests stop at what they did not expect")]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use common::{AddBook, Bed, count, statement};
use futures_util::future::join_all;
use relay_storage::{Failure, Script, Store, Unit, Violation, WriteError};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, QueryResult};

/// What [`Put`]s have seen.
#[derive(Default)]
struct Seen {
    run: AtomicUsize,
    committed: Mutex<Vec<Option<i64>>>,
}

/// Puts an entry into a book unless there is one like it; gives its id.
struct Put {
    book: i64,
    body: Vec<u8>,
    seen: Arc<Seen>,
}

impl Unit for Put {
    type Output = Option<i64>;

    async fn run(&self, tx: &DatabaseTransaction) -> Result<Self::Output, Failure<Self::Output>> {
        self.seen.run.fetch_add(1, Ordering::Relaxed);
        let sql = "INSERT INTO notes_a_entry (book, body) SELECT ?, ? \
                   WHERE NOT EXISTS (SELECT 1 FROM notes_a_entry WHERE body = ?) RETURNING id";
        let values = vec![
            self.book.into(),
            self.body.clone().into(),
            self.body.clone().into(),
        ];
        let insert = statement(tx.get_database_backend(), sql, values);
        let row = tx.query_one_raw(insert).await?;
        Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
    }

    fn script(&self, tag: i64) -> Option<Script> {
        Some(Script {
            sql: "INSERT INTO notes_a_entry (book, body) SELECT ?, ? WHERE ? IS NOT NULL \
                  AND NOT EXISTS (SELECT 1 FROM notes_a_entry WHERE body = ?) RETURNING ?, id;",
            values: vec![
                self.book.into(),
                self.body[..].into(),
                self.book.into(),
                self.body[..].into(),
                tag.into(),
            ],
        })
    }

    fn scripted(&self, rows: Vec<QueryResult>) -> Result<Option<Self::Output>, DbErr> {
        let id = rows
            .first()
            .map(|row| row.try_get_by_index(1))
            .transpose()?;
        Ok(id.map(Some))
    }

    fn committed(&self, id: &Self::Output) {
        self.seen.committed.lock().expect("not poisoned").push(*id);
    }
}

/// A store with one book in it, the first.
async fn book(bed: &Bed) -> Store {
    let store = bed.start();
    store.write(AddBook("one".into())).await.expect("a book");
    store
}

/// All at once: every one of them waits before the writer sees the first.
async fn put(
    store: &Store,
    seen: &Arc<Seen>,
    entries: impl IntoIterator<Item = (i64, u8)>,
) -> Vec<Result<Option<i64>, WriteError>> {
    let units = entries.into_iter().map(|(book, body)| {
        store.write(Put {
            book,
            body: vec![body],
            seen: Arc::clone(seen),
        })
    });
    join_all(units).await
}

#[tokio::test]
async fn many_go_together_and_each_gets_its_own_answer() {
    for bed in Bed::each().await {
        let store = book(&bed).await;
        let seen = Arc::default();
        let answers = put(&store, &seen, (0..200).map(|body| (1, body))).await;

        let ids: Vec<i64> = answers
            .into_iter()
            .filter_map(|id| id.expect("put"))
            .collect();
        for (body, id) in ids.iter().enumerate() {
            let sql = "SELECT body FROM notes_a_entry WHERE id = ?";
            let select = statement(bed.database.backend(), sql, vec![(*id).into()]);
            let row = store.read().query_one_raw(select).await.expect("reads");
            let stored: Vec<u8> = row.expect("a row").try_get_by_index(0).expect("bytes");
            assert_eq!([u8::try_from(body).expect("small")], *stored);
        }
        assert_eq!(200, ids.len());
        let committed: Vec<i64> = seen
            .committed
            .lock()
            .expect("seen")
            .iter()
            .flatten()
            .copied()
            .collect();
        assert!(
            committed.is_sorted(),
            "told in the order of the commits: {committed:?}"
        );
        let by_hand = if bed.database.backend() == DbBackend::Sqlite {
            0
        } else {
            200
        };
        assert_eq!(by_hand, seen.run.load(Ordering::Relaxed));
    }
}

#[tokio::test]
async fn who_changed_nothing_is_run_and_finds_out_why() {
    for bed in Bed::each().await {
        let store = book(&bed).await;
        let seen = Arc::default();
        let answers = put(&store, &seen, [(1, 7), (1, 8), (1, 7), (1, 7), (1, 9)]).await;

        let put: Vec<bool> = answers.iter().map(|id| matches!(id, Ok(Some(_)))).collect();
        assert_eq!([true, true, false, false, true], *put);
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        assert_eq!(3, count(store.read(), "notes_a_entry").await);
        // Whoever was not answered by the text came after those who were.
        let committed = seen.committed.lock().expect("seen").len();
        assert_eq!(5, committed);
    }
}

#[tokio::test]
async fn a_refused_statement_is_refused_for_its_own_caller_only() {
    for bed in Bed::each().await {
        let store = book(&bed).await;
        let seen = Arc::default();
        let answers = put(&store, &seen, [(1, 1), (1, 2), (99, 3), (1, 4)]).await;

        let kept: Vec<bool> = answers.iter().map(Result::is_ok).collect();
        assert_eq!([true, true, false, true], *kept, "{answers:?}");
        assert!(
            matches!(answers[2], Err(WriteError::Refused(Violation::ForeignKey))),
            "{answers:?}"
        );
        assert_eq!(3, count(store.read(), "notes_a_entry").await);
        assert_eq!(3, seen.committed.lock().expect("seen").len());

        // The connection is as it was.
        let more = put(&store, &seen, [(1, 5), (1, 6)]).await;
        assert!(more.iter().all(|id| matches!(id, Ok(Some(_)))), "{more:?}");
    }
}

#[tokio::test]
async fn others_between_them_keep_their_place() {
    for bed in Bed::each().await {
        let store = book(&bed).await;
        let seen = Arc::default();
        let before = put(&store, &seen, [(1, 1), (1, 2)]);
        let other = store.write(AddBook("two".into()));
        // What comes after refers to the book that is added between.
        let after = put(&store, &seen, [(2, 3), (2, 4)]);
        let (before, other, after) = tokio::join!(before, other, after);
        assert!(
            before
                .iter()
                .chain(&after)
                .all(|id| matches!(id, Ok(Some(_))))
        );
        assert_eq!(Ok(1), other.map_err(|error| error.to_string()));
    }
}
