//! Driving clients: when each begins its next operation, and what is counted.
//!
//! Latency counts from the moment an operation was *due*, not from when a client got round to it:
//! a server that stalls for a second cannot hide the operations that should have begun in it
//! (coordinated omission). What is due in the warm-up is done and not counted.

mod schedule;
mod tally;

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep, sleep_until, timeout};

pub(crate) use self::schedule::Pace;
use self::schedule::Schedule;
pub(crate) use self::tally::Outcome;
use self::tally::Tally;

/// An operation that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// After a failure a client without a rate waits, lest it only produces failures.
const BREATH: Duration = Duration::from_millis(50);
/// How often somebody who watches is told.
const GLANCE: Duration = Duration::from_millis(250);

/// A client of a server, with one operation that it does again and again.
pub(crate) trait Client: Send + 'static {
    /// Does it once. May be dropped halfway, and is then asked again.
    fn step(&mut self) -> impl Future<Output = Result<Traffic, Failure>> + Send;
}

/// The bodies that went over the wire, without what carries them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) sent: usize,
    pub(crate) received: usize,
}

/// Why an operation failed, in few different words: failures are counted by them.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failure(pub(crate) String);

impl Failure {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

/// How long to warm up and to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) warm_up: Duration,
    pub(crate) measure: Duration,
}

/// Is told at both ends of the measured time and in between.
pub(crate) trait Observer {
    /// The measured time begins.
    fn begin(&mut self) {}
    /// The last operation is done.
    fn end(&mut self) {}
    /// So many operations are done, and this part of the time is over.
    fn glance(&mut self, _operations: u64, _part: f64) {}
}

/// Drives all clients at once until the time is over and everything begun is done.
pub(crate) async fn drive<C: Client>(
    clients: Vec<C>,
    pace: Pace,
    span: Span,
    observer: &mut impl Observer,
) -> anyhow::Result<Outcome> {
    let start = Instant::now();
    let from = start + span.warm_up;
    let until = from + span.measure;
    let tally = Arc::new(Mutex::new(Tally::new(from, span.measure)?));
    let schedules = pace.schedules(clients.len(), start, until);
    let tasks = clients
        .into_iter()
        .zip(schedules)
        .map(|(client, schedule)| {
            let tally = Arc::clone(&tally);
            tokio::spawn(work(client, schedule, tally))
        });
    let tasks: Vec<_> = tasks.collect();
    sleep_until(from).await;
    observer.begin();
    let mut all = Box::pin(join_all(tasks));
    loop {
        tokio::select! {
            done = &mut all => {
                done.into_iter().collect::<Result<(), _>>()?;
                break;
            }
            () = sleep(GLANCE) => observer.glance(lock(&tally).operations(), part(start, until)),
        }
    }
    observer.end();
    let outcome = lock(&tally).outcome(Instant::now());
    Ok(outcome)
}

async fn work<C: Client>(mut client: C, mut schedule: Schedule, tally: Arc<Mutex<Tally>>) {
    while let Some(due) = schedule.next() {
        let late = wait_for(due).await;
        let result = match timeout(PATIENCE, client.step()).await {
            Ok(result) => result,
            Err(_) => Err(Failure::new("no answer in time")),
        };
        let failed = result.is_err();
        lock(&tally).record(due, late, Instant::now(), result);
        if failed && schedule.is_hungry() {
            sleep(BREATH).await;
        }
    }
}

/// How late the timer was, if there was anything to wait for. That is the generator's own fault.
async fn wait_for(due: Instant) -> Option<Duration> {
    let early = due > Instant::now();
    sleep_until(due).await;
    early.then(|| due.elapsed())
}

fn part(start: Instant, until: Instant) -> f64 {
    let whole = until.duration_since(start).as_secs_f64();
    if whole > 0.0 {
        start.elapsed().as_secs_f64() / whole
    } else {
        1.0
    }
}

fn lock(tally: &Mutex<Tally>) -> std::sync::MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
