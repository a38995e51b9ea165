//! Whether the store works, known without waiting for the next caller.
//!
//! A fault noticed by a write marks the store unhealthy. While it is, a probe writes a small
//! row again and again until that succeeds; while it is healthy, a reader asks now and then
//! for a sign of life. So readiness comes back by itself when the fault is gone.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::postgres::LastOutage;
use crate::queue::Queue;
use crate::{Database, Failure, Fault, Observer, Unit};

const WHILE_HEALTHY: Duration = Duration::from_secs(5);
const WHILE_FAULTY: Duration = Duration::from_millis(500);
/// A sign of life that takes longer than this is none.
const PATIENCE: Duration = Duration::from_secs(10);
/// Large enough that a disk on which it fits has room for a message too.
const PROBE_BYTES: usize = 65_536;

/// The fault the store has, if any.
pub(crate) struct StoreHealth {
    fault: watch::Sender<Option<Fault>>,
    observer: Arc<dyn Observer>,
    outage: LastOutage,
}

impl std::fmt::Debug for StoreHealth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("StoreHealth")
            .field(&*self.fault.borrow())
            .finish()
    }
}

impl StoreHealth {
    pub(crate) fn new(observer: Arc<dyn Observer>, outage: LastOutage) -> Self {
        Self {
            fault: watch::Sender::new(None),
            observer,
            outage,
        }
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Option<Fault>> {
        self.fault.subscribe()
    }

    pub(crate) fn failed(&self, fault: Fault) {
        if fault == Fault::Unreachable {
            self.outage.note();
        }
        self.become_state(Some(fault));
    }

    pub(crate) fn recovered(&self) {
        self.become_state(None);
    }

    fn become_state(&self, now: Option<Fault>) {
        let changed = self
            .fault
            .send_if_modified(|fault| std::mem::replace(fault, now) != now);
        if !changed {
            return;
        }
        self.observer.health(now);
        if let Some(fault) = now {
            tracing::error!(fault = fault.name(), "store: {fault}");
        } else {
            tracing::info!("store: works again");
        }
    }
}

/// Watches the store until cancelled.
pub(crate) async fn monitor(database: Database, queue: Arc<Queue>, health: Arc<StoreHealth>) {
    let mut fault = health.subscribe();
    loop {
        let faulty = fault.borrow_and_update().is_some();
        if faulty {
            sleep(WHILE_FAULTY).await;
            probe(&database, &queue, &health).await;
        } else {
            tokio::select! {
                () = sleep(WHILE_HEALTHY) => look(&database, &health).await,
                changed = fault.changed() => if changed.is_err() { return },
            }
        }
    }
}

async fn look(database: &Database, health: &StoreHealth) {
    match timeout(PATIENCE, database.ping()).await {
        Ok(Ok(())) => {}
        Ok(Err(fault)) => health.failed(fault),
        Err(_) => health.failed(Fault::Unreachable),
    }
}

/// A probe that is written marks the store healthy by having been committed, which the
/// writer reports itself; but not while the file is another one, or readers fail.
async fn probe(database: &Database, queue: &Queue, health: &StoreHealth) {
    if !database.in_place() {
        return health.failed(Fault::Replaced);
    }
    if queue.write(Probe { body: PROBE_BYTES }).await.is_ok() {
        let _ = queue.write(Probe { body: 0 }).await;
        look(database, health).await;
    }
}

struct Probe {
    body: usize,
}

impl Unit for Probe {
    type Output = ();

    async fn run(&self, tx: &DatabaseTransaction) -> Result<(), Failure<()>> {
        let backend = tx.get_database_backend();
        let mark = if backend == DbBackend::Postgres {
            "$1"
        } else {
            "?"
        };
        let sql = format!(
            "INSERT INTO store_probe (id, body) VALUES (1, {mark}) \
             ON CONFLICT (id) DO UPDATE SET body = excluded.body"
        );
        let body = vec![0xa5_u8; self.body];
        tx.execute_raw(Statement::from_sql_and_values(backend, sql, [body.into()]))
            .await?;
        Ok(())
    }

    fn weight(&self) -> usize {
        self.body
    }
}
