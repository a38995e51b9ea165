//! Many callers, one commit: each unit is whole or not there, and nobody pays for a neighbour.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{AddBook, Bed, count, eventually, statement};
use relay_storage::{Failure, StorageOptions, Store, Unit, Unobserved, Violation, WriteError};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Two statements of which the second may violate a constraint.
struct BookWithEntry {
    name: String,
    text: &'static str,
}

impl Unit for BookWithEntry {
    type Output = ();

    async fn run(&self, tx: &DatabaseTransaction) -> Result<(), Failure<()>> {
        let backend = tx.get_database_backend();
        tx.execute_raw(statement(
            backend,
            "INSERT INTO notes_book (name) VALUES (?)",
            vec![self.name.clone().into()],
        ))
        .await?;
        let sql =
            "INSERT INTO notes_a_entry (book, text) SELECT id, ? FROM notes_book WHERE name = ?";
        tx.execute_raw(statement(
            backend,
            sql,
            vec![self.text.into(), self.name.clone().into()],
        ))
        .await?;
        Ok(())
    }
}

/// Holds the transaction open until told to go on, so that others can join it.
struct Gate {
    entered: Arc<Notify>,
    go: Arc<Notify>,
    inner: AddBook,
}

impl Unit for Gate {
    type Output = u64;

    async fn run(&self, tx: &DatabaseTransaction) -> Result<u64, Failure<u64>> {
        self.entered.notify_one();
        self.go.notified().await;
        self.go.notify_one(); // pass the next time too
        self.inner.run(tx).await
    }
}

/// A transaction that a [`Gate`] holds open, for others to join.
struct Held {
    go: Arc<Notify>,
    first: JoinHandle<Result<u64, WriteError>>,
}

impl Held {
    async fn by(store: &Store) -> Self {
        let (entered, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let gate = Gate {
            entered: Arc::clone(&entered),
            go: Arc::clone(&go),
            inner: AddBook("gate".into()),
        };
        let first = write(store, gate);
        entered.notified().await;
        Self { go, first }
    }

    async fn release(self) {
        self.go.notify_one();
        assert!(matches!(self.first.await, Ok(Ok(1))));
    }
}

fn write<U: Unit>(store: &Store, unit: U) -> JoinHandle<Result<U::Output, WriteError>> {
    let store = store.clone();
    tokio::spawn(async move { store.write(unit).await })
}

struct Panics;

impl Unit for Panics {
    type Output = ();

    async fn run(&self, tx: &DatabaseTransaction) -> Result<(), Failure<()>> {
        AddBook("written before the panic".into())
            .run(tx)
            .await
            .ok();
        panic!("on purpose")
    }
}

struct WantsUndo(&'static str);

impl Unit for WantsUndo {
    type Output = &'static str;

    async fn run(&self, tx: &DatabaseTransaction) -> Result<&'static str, Failure<&'static str>> {
        AddBook("to be undone".into())
            .run(tx)
            .await
            .map_err(|_| Failure::Undo("failed"))?;
        Err(Failure::Undo(self.0))
    }

    fn committed(&self, _: &&'static str) {
        panic!("an undone unit has not been committed");
    }
}

struct WrongSql;

impl Unit for WrongSql {
    type Output = ();

    async fn run(&self, tx: &DatabaseTransaction) -> Result<(), Failure<()>> {
        tx.execute_unprepared("INSERT INTO no_such_table VALUES (1)")
            .await?;
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_caller_hears_back_after_the_commit() {
    for bed in Bed::each().await {
        let store = bed.start();
        let callers = (0..200).map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                store
                    .write(AddBook(format!("book {n}")))
                    .await
                    .expect("written");
                // Read through another connection: it is there, so it was committed.
                count(store.read(), &format!("notes_book WHERE name = 'book {n}'")).await
            })
        });
        for caller in callers.collect::<Vec<_>>() {
            assert_eq!(caller.await.expect("no panic"), 1);
        }
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn units_that_fail_in_any_way_fail_alone() {
    for bed in Bed::each().await {
        let store = bed.start();
        store.write(AddBook("taken".into())).await.expect("written");

        // All of these share one transaction.
        let held = Held::by(&store).await;
        let good = write(&store, AddBook("good".into()));
        let taken = write(&store, AddBook("taken".into()));
        let torn = write(
            &store,
            BookWithEntry {
                name: "half".into(),
                text: "forbidden",
            },
        );
        let panics = write(&store, Panics);
        let undo = write(&store, WantsUndo("no"));
        let wrong = write(&store, WrongSql);
        let last = write(&store, AddBook("last".into()));
        eventually("all are queued", || store.queue_depth() >= 7).await;
        held.release().await;

        assert!(matches!(good.await.unwrap(), Ok(1)));
        assert!(matches!(
            taken.await.unwrap(),
            Err(WriteError::Refused(Violation::Unique))
        ));
        assert!(matches!(
            torn.await.unwrap(),
            Err(WriteError::Refused(Violation::Check))
        ));
        assert!(matches!(panics.await.unwrap(), Err(WriteError::Panicked)));
        assert!(matches!(undo.await.unwrap(), Ok("no")));
        assert!(matches!(wrong.await.unwrap(), Err(WriteError::Failed(_))));
        assert!(matches!(last.await.unwrap(), Ok(1)));
        assert_eq!(
            count(store.read(), "notes_book").await,
            4,
            "taken, gate, good, last"
        );
        assert_eq!(count(store.read(), "notes_a_entry").await, 0);
        assert_eq!(
            *store.health().borrow(),
            None,
            "a failing unit is no fault of the store"
        );
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commit_hooks_run_once_and_in_commit_order() {
    struct Numbered {
        number: usize,
        seen: Arc<std::sync::Mutex<Vec<usize>>>,
    }
    impl Unit for Numbered {
        type Output = usize;
        async fn run(&self, tx: &DatabaseTransaction) -> Result<usize, Failure<usize>> {
            // Every fifth is refused, so that batches are run again.
            let name = if self.number.is_multiple_of(5) {
                "same".to_owned()
            } else {
                self.number.to_string()
            };
            AddBook(name)
                .run(tx)
                .await
                .map_err(|failure| match failure {
                    Failure::Db(error) => Failure::Db(error),
                    Failure::Undo(_) => Failure::Undo(0),
                })?;
            let sql = "SELECT count(*) FROM notes_book";
            let row = tx
                .query_one_raw(statement(tx.get_database_backend(), sql, vec![]))
                .await?
                .expect("a row");
            Ok(usize::try_from(row.try_get_by_index::<i64>(0)?).expect("positive"))
        }
        fn committed(&self, order: &usize) {
            self.seen.lock().expect("not poisoned").push(*order);
        }
    }
    for bed in Bed::each().await {
        let store = bed.start();
        let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
        let units = (0..100).map(|number| {
            let (store, seen) = (store.clone(), seen.clone());
            tokio::spawn(async move { store.write(Numbered { number, seen }).await.is_ok() })
        });
        let mut kept = 0;
        for unit in units.collect::<Vec<_>>() {
            kept += usize::from(unit.await.expect("no panic"));
        }
        assert_eq!(kept, 81, "80 distinct ones and the first of the equal ones");
        assert_eq!(
            *seen.lock().expect("not poisoned"),
            (1..=81).collect::<Vec<_>>()
        );
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_makes_callers_wait_and_then_says_overloaded() {
    struct Heavy(AddBook);
    impl Unit for Heavy {
        type Output = u64;
        async fn run(&self, tx: &DatabaseTransaction) -> Result<u64, Failure<u64>> {
            self.0.run(tx).await
        }
        fn weight(&self) -> usize {
            600
        }
    }
    let bed = Bed::sqlite().await;
    let options = StorageOptions {
        queue_bytes: relay_config::ByteSize::bytes(1000),
        queue_timeout: relay_config::Span::millis(50),
        ..bed.database.options().clone()
    };
    bed.database.close().await;
    let database = relay_storage::Database::open(options).await.expect("opens");
    let store = Store::start(database, Arc::new(Unobserved));
    let held = Held::by(&store).await;
    let fits = write(&store, Heavy(AddBook("a".into())));
    eventually("the second is queued", || store.queue_depth() >= 1).await;
    let refused = store.write(Heavy(AddBook("b".into()))).await;
    assert!(
        matches!(refused, Err(WriteError::Overloaded)),
        "{refused:?}"
    );
    held.release().await;
    assert!(matches!(fits.await, Ok(Ok(1))));
    assert!(
        store.write(Heavy(AddBook("c".into()))).await.is_ok(),
        "room again"
    );
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_left_before_its_turn_is_not_served() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    struct Counted;
    impl Unit for Counted {
        type Output = ();
        async fn run(&self, _: &DatabaseTransaction) -> Result<(), Failure<()>> {
            RUNS.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
    }
    let bed = Bed::sqlite().await;
    let store = bed.start();
    let held = Held::by(&store).await;
    let leaves = write(&store, Counted);
    eventually("it is queued", || store.queue_depth() == 1).await;
    leaves.abort();
    assert!(leaves.await.is_err());
    held.release().await;
    store.write(AddBook("after".into())).await.expect("written");
    assert_eq!(RUNS.load(Ordering::SeqCst), 0);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_serves_who_waits_and_refuses_who_comes() {
    for bed in Bed::each().await {
        let store = bed.start();
        let held = Held::by(&store).await;
        let waiting = write(&store, AddBook("waits".into()));
        eventually("it is queued", || store.queue_depth() == 1).await;
        let closing = tokio::spawn({
            let store = store.clone();
            async move { store.close().await }
        });
        eventually("closed for newcomers", || store.is_closed()).await;
        assert!(matches!(
            store.write(AddBook("late".into())).await,
            Err(WriteError::Closed)
        ));
        held.release().await;
        assert!(matches!(waiting.await, Ok(Ok(1))));
        closing.await.expect("closes");
    }
}
