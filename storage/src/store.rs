//! The store: a [`Database`] that serves. Reading through a pool, writing through one queue.

use std::sync::Arc;

use sea_orm::{DatabaseConnection, DbBackend};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::express::Lane;
use crate::health::{StoreHealth, monitor};
use crate::queue::{Queue, queue};
use crate::writer::Writer;
use crate::{Database, Fault, Observer, Unit, WriteError};

/// A cheap handle on the one store of the daemon. Every clone is the same store.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    database: Database,
    queue: Arc<Queue>,
    health: Arc<StoreHealth>,
    closing: CancellationToken,
    writer: tokio::sync::Mutex<Option<JoinHandle<()>>>,
    monitor: JoinHandle<()>,
}

impl Store {
    /// Starts serving from a database that has been opened and migrated.
    pub fn start(database: Database, observer: Arc<dyn Observer>) -> Self {
        let health = Arc::new(StoreHealth::new(
            Arc::clone(&observer),
            database.outage.clone(),
        ));
        let (queue, arrivals) = queue(&database.options);
        let queue = Arc::new(queue);
        let writer = Writer {
            database: database.clone(),
            arrivals,
            health: Arc::clone(&health),
            observer,
            lane: Lane::default(),
        };
        let closing = CancellationToken::new();
        let writer = tokio::spawn(writer.run(closing.clone()));
        let monitor = tokio::spawn(monitor(
            database.clone(),
            Arc::clone(&queue),
            Arc::clone(&health),
        ));
        let writer = tokio::sync::Mutex::new(Some(writer));
        Self {
            inner: Arc::new(Inner {
                database,
                queue,
                health,
                closing,
                writer,
                monitor,
            }),
        }
    }

    /// The pool for reading. It sees every write that was answered.
    pub fn read(&self) -> &DatabaseConnection {
        self.inner.database.read()
    }

    /// Writes a unit of work; when this returns `Ok`, it is committed as durably as
    /// `storage.durability` says.
    pub async fn write<U: Unit>(&self, unit: U) -> Result<U::Output, WriteError> {
        self.inner.queue.write(unit).await
    }

    /// The database below.
    pub fn database(&self) -> &Database {
        &self.inner.database
    }

    /// Which SQL is spoken.
    pub fn backend(&self) -> DbBackend {
        self.inner.database.backend()
    }

    /// The fault the store has now, and every change of it.
    pub fn health(&self) -> watch::Receiver<Option<Fault>> {
        self.inner.health.subscribe()
    }

    /// Tells the store that a read failed for a fault of its own.
    pub fn note_fault(&self, fault: Fault) {
        self.inner.health.failed(fault);
    }

    /// Units waiting for the writer.
    pub fn queue_depth(&self) -> usize {
        self.inner.queue.depth()
    }

    /// Whether the store takes no more units.
    pub fn is_closed(&self) -> bool {
        self.inner.queue.is_closed()
    }

    /// Takes no more units, serves those already waiting, and closes the database.
    pub async fn close(&self) {
        self.inner.queue.close();
        self.inner.closing.cancel();
        self.inner.monitor.abort();
        if let Some(writer) = self.inner.writer.lock().await.take() {
            let _ = writer.await;
        }
        self.inner.database.close().await;
    }
}
