//! The writer: the only task that changes the database.
//!
//! It takes one unit, lets others join its transaction while it runs, commits once, and only
//! then answers. A caller that stops waiting before its unit was started is not served.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::batch::{Batch, Outcome};
use crate::express::{Express, Lane};
use crate::health::StoreHealth;
use crate::job::Job;
use crate::queue::Arrivals;
use crate::{Database, Observer, WriteError};

/// Writes what arrives.
pub(crate) struct Writer {
    pub(crate) database: Database,
    pub(crate) arrivals: Arrivals,
    pub(crate) health: Arc<StoreHealth>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) lane: Lane,
}

impl Writer {
    /// Serves until `closing`, and then until the queue is empty.
    pub(crate) async fn run(mut self, closing: CancellationToken) {
        loop {
            tokio::select! {
                biased;
                job = self.arrivals.wait() => match job {
                    Some(job) => self.serve(job).await,
                    None => return,
                },
                () = closing.cancelled(), if !self.arrivals.is_closed() => self.arrivals.close(),
            }
        }
    }

    async fn serve(&mut self, first: Box<dyn Job>) {
        let left = match Express::gather(&self.database, first, &mut self.arrivals).await {
            Err(first) => vec![first],
            Ok(express) => {
                let arrived = express.commit(&self.database, &mut self.lane).await;
                if let Some(outcome) = arrived.outcome {
                    self.conclude(outcome);
                }
                arrived.left
            }
        };
        if !left.is_empty() {
            self.lane.leave();
            let batch = Batch::new(&self.database);
            let outcome = batch.commit(left, &mut self.arrivals).await;
            self.conclude(outcome);
        }
    }

    fn conclude(&mut self, outcome: Outcome) {
        self.observer
            .batch(outcome.units, outcome.bytes, outcome.took);
        match outcome.fault {
            None => self.health.recovered(),
            Some(fault) => {
                self.health.failed(fault);
                self.arrivals.turn_away(&WriteError::Unavailable(fault));
            }
        }
        outcome.answer();
    }
}
