//! The queue of units that wait for the writer, bounded in number and bytes: whoever comes when
//! it is full waits, and hears "overloaded" after a while.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use crate::job::{Job, Waiting};
use crate::{StorageOptions, Unit, WriteError};

/// Most units in the queue, whatever their size.
const QUEUE_UNITS: usize = 16_384;

/// Both ends of a queue.
pub(crate) fn queue(options: &StorageOptions) -> (Queue, Arrivals) {
    let capacity = usize::try_from(options.queue_bytes.get())
        .unwrap_or(usize::MAX)
        .clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
    let (sender, jobs) = mpsc::channel(QUEUE_UNITS);
    let queue = Queue {
        jobs: sender,
        bytes: Arc::new(Semaphore::new(capacity)),
        capacity,
        patience: options.queue_timeout.get(),
    };
    (queue, Arrivals { jobs, held: None })
}

/// The callers' end of the queue.
#[derive(Debug)]
pub(crate) struct Queue {
    jobs: mpsc::Sender<Box<dyn Job>>,
    bytes: Arc<Semaphore>,
    capacity: usize,
    patience: Duration,
}

impl Queue {
    pub(crate) async fn write<U: Unit>(&self, unit: U) -> Result<U::Output, WriteError> {
        let place = self.place(unit.weight()).await?;
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Waiting::new(unit, reply, place));
        match timeout(self.patience, self.jobs.send(job)).await {
            Ok(Ok(())) => answer.await.unwrap_or(Err(WriteError::Closed)),
            Ok(Err(_)) => Err(WriteError::Closed),
            Err(_) => Err(WriteError::Overloaded),
        }
    }

    async fn place(&self, weight: usize) -> Result<OwnedSemaphorePermit, WriteError> {
        // A unit heavier than the whole queue may still pass, alone.
        let permits = u32::try_from(weight.clamp(1, self.capacity)).unwrap_or(u32::MAX);
        if let Ok(place) = Arc::clone(&self.bytes).try_acquire_many_owned(permits) {
            return Ok(place);
        }
        match timeout(
            self.patience,
            Arc::clone(&self.bytes).acquire_many_owned(permits),
        )
        .await
        {
            Ok(place) => place.map_err(|_| WriteError::Closed),
            Err(_) => Err(WriteError::Overloaded),
        }
    }

    /// Units waiting now.
    pub(crate) fn depth(&self) -> usize {
        self.jobs.max_capacity() - self.jobs.capacity()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.bytes.is_closed()
    }

    /// Refuses new units; those already in the queue are still served.
    pub(crate) fn close(&self) {
        self.bytes.close();
    }
}

/// The writer's end: units that have arrived and wait to be written.
pub(crate) struct Arrivals {
    jobs: mpsc::Receiver<Box<dyn Job>>,
    /// Taken out and put back.
    held: Option<Box<dyn Job>>,
}

impl Arrivals {
    /// The next unit that is there already, giving callers just answered one chance to come
    /// back before the answer is "none".
    pub(crate) async fn next(&mut self) -> Option<Box<dyn Job>> {
        let job = self.now();
        if job.is_some() {
            return job;
        }
        tokio::task::yield_now().await;
        self.now()
    }

    /// It will be the next.
    pub(crate) fn put_back(&mut self, job: Box<dyn Job>) {
        self.held = Some(job);
    }

    fn now(&mut self) -> Option<Box<dyn Job>> {
        if self.held.is_some() {
            return self.held.take();
        }
        while let Ok(job) = self.jobs.try_recv() {
            if !job.abandoned() {
                return Some(job);
            }
        }
        None
    }

    /// Waits for the next unit that somebody waits for; `None` when there will be no more.
    pub(crate) async fn wait(&mut self) -> Option<Box<dyn Job>> {
        if self.held.is_some() {
            return self.held.take();
        }
        loop {
            let job = self.jobs.recv().await?;
            if !job.abandoned() {
                return Some(job);
            }
        }
    }

    /// Takes nothing new; what is there can still be taken out.
    pub(crate) fn close(&mut self) {
        self.jobs.close();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.jobs.is_closed()
    }

    /// Whoever waits behind a fault hears of it now, not one slow attempt after the other.
    pub(crate) fn turn_away(&mut self, error: &WriteError) {
        for _ in 0..self.jobs.len() {
            match self.jobs.try_recv() {
                Ok(job) => job.answer(Err(error.clone())),
                Err(_) => return,
            }
        }
    }
}
