//! Background workers: named jobs on a schedule, which an operator can see, trigger and pause.
//!
//! Promises: a job never runs twice at the same time; its panic or error is recorded and it
//! runs again at its next time; a paused job runs only when triggered.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::clock::{SharedClock, UnixTime};
use crate::panics;
use crate::tasks::Tasks;

/// What a worker does. The text says what was done ("removed 12 messages").
pub trait Job: Send + Sync + 'static {
    /// Does it once.
    fn run(&self) -> BoxFuture<'_, JobOutcome>;
}

/// What a run came to: what was done, or why not.
pub type JobOutcome = Result<String, Box<dyn std::error::Error + Send + Sync>>;

impl<F> Job for F
where
    F: Fn() -> BoxFuture<'static, JobOutcome> + Send + Sync + 'static,
{
    fn run(&self) -> BoxFuture<'_, JobOutcome> {
        self()
    }
}

/// A worker as its owner declares it.
#[derive(Clone)]
pub struct Worker {
    /// Its name, such as `smp.expiry`.
    pub name: &'static str,
    /// How long from the end of a run to the next.
    pub every: Duration,
    /// What it does.
    pub job: Arc<dyn Job>,
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("name", &self.name)
            .field("every", &self.every)
            .finish_non_exhaustive()
    }
}

/// What is known of a worker.
#[derive(Clone, Debug)]
pub struct WorkerStatus {
    /// Its name.
    pub name: &'static str,
    /// How long from the end of a run to the next.
    pub every: Duration,
    /// What it is doing.
    pub state: WorkerState,
    /// Its last run, if it ran.
    pub last: Option<LastRun>,
    /// Runs since start, and how many of them failed.
    pub runs: u64,
    /// Failed runs since start.
    pub failures: u64,
}

/// What a worker is doing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WorkerState {
    /// Waiting to be resumed.
    Paused,
    /// At work.
    Running,
    /// Waiting for its time.
    Waiting,
}

/// A run that ended.
#[derive(Clone, Debug)]
pub struct LastRun {
    /// When it began.
    pub at: UnixTime,
    /// How long it took.
    pub took: Duration,
    /// What was done, or why not.
    pub outcome: Result<String, String>,
}

/// No worker has this name.
#[derive(Debug, thiserror::Error)]
#[error("there is no worker `{0}`")]
pub struct NoSuchWorker(pub String);

/// All workers of the daemon.
#[derive(Clone, Debug)]
pub struct Workers {
    handles: Arc<Mutex<Vec<Handle>>>,
    clock: SharedClock,
}

#[derive(Clone, Debug)]
struct Handle {
    name: &'static str,
    orders: mpsc::Sender<oneshot::Sender<LastRun>>,
    paused: watch::Sender<bool>,
    status: Arc<Mutex<WorkerStatus>>,
}

impl Workers {
    /// None yet.
    pub fn new(clock: SharedClock) -> Self {
        Self {
            handles: Arc::default(),
            clock,
        }
    }

    /// Starts a worker; its first run is one interval from now.
    pub fn start(&self, worker: Worker, tasks: &Tasks) {
        let (orders, inbox) = mpsc::channel(16);
        let paused = watch::Sender::new(false);
        let status = WorkerStatus {
            name: worker.name,
            every: worker.every,
            state: WorkerState::Waiting,
            last: None,
            runs: 0,
            failures: 0,
        };
        let status = Arc::new(Mutex::new(status));
        let running = Running {
            worker: worker.clone(),
            clock: Arc::clone(&self.clock),
            inbox,
            paused: paused.subscribe(),
            status: Arc::clone(&status),
        };
        tasks.spawn(worker.name, running.serve());
        self.lock().push(Handle {
            name: worker.name,
            orders,
            paused,
            status,
        });
    }

    /// What is known of every worker, by name.
    pub fn list(&self) -> Vec<WorkerStatus> {
        let mut all: Vec<_> = self.lock().iter().map(Handle::status).collect();
        all.sort_by_key(|status| status.name);
        all
    }

    /// Runs a worker now, paused or not, and waits for the outcome. If it is at work already,
    /// it runs once more after that.
    pub async fn run(&self, name: &str) -> Result<LastRun, NoSuchWorker> {
        let handle = self.find(name)?;
        let (reply, outcome) = oneshot::channel();
        let gone = |_| NoSuchWorker(name.to_owned());
        handle
            .orders
            .send(reply)
            .await
            .map_err(|_| NoSuchWorker(name.to_owned()))?;
        outcome.await.map_err(gone)
    }

    /// Stops or resumes the schedule of a worker, until the daemon is restarted.
    pub fn pause(&self, name: &str, paused: bool) -> Result<WorkerStatus, NoSuchWorker> {
        let handle = self.find(name)?;
        handle.paused.send_replace(paused);
        let mut status = handle.status.lock().unwrap_or_else(PoisonError::into_inner);
        if status.state != WorkerState::Running {
            status.state = if paused {
                WorkerState::Paused
            } else {
                WorkerState::Waiting
            };
        }
        Ok(status.clone())
    }

    fn find(&self, name: &str) -> Result<Handle, NoSuchWorker> {
        let found = self
            .lock()
            .iter()
            .find(|handle| handle.name == name)
            .cloned();
        found.ok_or_else(|| NoSuchWorker(name.to_owned()))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Handle>> {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handle {
    fn status(&self) -> WorkerStatus {
        self.status
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// A worker's own task.
struct Running {
    worker: Worker,
    clock: SharedClock,
    inbox: mpsc::Receiver<oneshot::Sender<LastRun>>,
    paused: watch::Receiver<bool>,
    status: Arc<Mutex<WorkerStatus>>,
}

impl Running {
    async fn serve(mut self) {
        loop {
            let due = self.clock.sleep(self.worker.every);
            tokio::pin!(due);
            let order = loop {
                tokio::select! {
                    // In this order, so that a pause counts from the moment it is asked for.
                    biased;
                    changed = self.paused.changed() => if changed.is_err() { return },
                    order = self.inbox.recv() => match order {
                        Some(order) => break Some(order),
                        None => return,
                    },
                    () = &mut due, if !*self.paused.borrow() => break None,
                }
            };
            let last = self.run_once().await;
            if let Some(order) = order {
                let _ = order.send(last);
            }
        }
    }

    async fn run_once(&self) -> LastRun {
        self.update(|status| status.state = WorkerState::Running);
        let (at, started) = (self.clock.now(), Instant::now());
        let outcome = match panics::catch(self.worker.job.run()).await {
            Ok(outcome) => outcome.map_err(|error| error.to_string()),
            Err(place) => Err(format!("panicked at {place}")),
        };
        let last = LastRun {
            at,
            took: started.elapsed(),
            outcome,
        };
        self.record(&last);
        last
    }

    fn record(&self, last: &LastRun) {
        let name = self.worker.name;
        match &last.outcome {
            Ok(done) => {
                tracing::debug!(worker = name, took = ?last.took, "{done}");
            }
            Err(error) => {
                tracing::warn!(worker = name, took = ?last.took, "worker failed: {error}");
            }
        }
        let paused = *self.paused.borrow();
        self.update(|status| {
            status.runs += 1;
            status.failures += u64::from(last.outcome.is_err());
            status.last = Some(last.clone());
            status.state = if paused {
                WorkerState::Paused
            } else {
                WorkerState::Waiting
            };
        });
    }

    fn update(&self, change: impl FnOnce(&mut WorkerStatus)) {
        change(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use futures_util::FutureExt;

    use super::*;
    use crate::clock::TestClock;

    struct Bed {
        clock: TestClock,
        workers: Workers,
        runs: Arc<AtomicU64>,
    }

    fn bed(job: impl Fn(u64) -> JobOutcome + Send + Sync + 'static) -> Bed {
        let clock = TestClock::at(UnixTime::from_secs(1000));
        let workers = Workers::new(Arc::new(clock.clone()));
        let runs = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&runs);
        let job = Arc::new(job);
        let run = move || {
            let (counted, job) = (Arc::clone(&counted), Arc::clone(&job));
            async move { job(counted.fetch_add(1, Ordering::SeqCst)) }.boxed()
        };
        let worker = Worker {
            name: "test.job",
            every: Duration::from_mins(1),
            job: Arc::new(run),
        };
        workers.start(worker, &Tasks::for_tests());
        Bed {
            clock,
            workers,
            runs,
        }
    }

    async fn settled(bed: &Bed, runs: u64) -> WorkerStatus {
        loop {
            let status = bed.workers.list().remove(0);
            if status.runs == runs
                && status.state != WorkerState::Running
                && bed.clock.sleepers() == 1
            {
                return status;
            }
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn runs_when_its_time_has_come() {
        let bed = bed(|n| Ok(format!("did {n}")));
        settled(&bed, 0).await;
        bed.clock.advance(Duration::from_secs(59));
        assert_eq!(bed.clock.sleepers(), 1);
        bed.clock.advance(Duration::from_secs(1));
        let last = settled(&bed, 1).await.last.expect("ran");
        assert_eq!(
            (last.at, last.outcome),
            (UnixTime::from_secs(1060), Ok("did 0".into()))
        );
    }

    #[tokio::test]
    async fn a_panic_or_an_error_is_recorded_and_it_runs_again() {
        let bed = bed(|n| match n {
            0 => panic!("on purpose"),
            1 => Err("no luck".into()),
            _ => Ok("fine".into()),
        });
        let outcome = async |bed: &Bed| bed.workers.run("test.job").await.expect("exists").outcome;
        assert!(
            outcome(&bed)
                .await
                .is_err_and(|error| error.starts_with("panicked at "))
        );
        assert_eq!(outcome(&bed).await, Err("no luck".into()));
        assert_eq!(outcome(&bed).await, Ok("fine".into()));
        assert_eq!(settled(&bed, 3).await.failures, 2);
    }

    #[tokio::test]
    async fn a_paused_worker_runs_only_when_told_to() {
        let bed = bed(|_| Ok(String::new()));
        settled(&bed, 0).await;
        assert_eq!(
            bed.workers.pause("test.job", true).expect("exists").state,
            WorkerState::Paused
        );
        bed.clock.advance(Duration::from_mins(10));
        bed.workers.run("test.job").await.expect("exists");
        assert_eq!(settled(&bed, 1).await.state, WorkerState::Paused);
        bed.workers.pause("test.job", false).expect("exists");
        bed.clock.advance(Duration::from_mins(1));
        settled(&bed, 2).await;
        assert_eq!(bed.runs.load(Ordering::SeqCst), 2);
        assert!(bed.workers.run("other").await.is_err());
    }
}
