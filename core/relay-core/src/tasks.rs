//! Supervised tasks: every spawned future has a name, is counted, and is waited for at the end.
//! A panic ends its own task, is logged by place and counted; the daemon goes on.

use std::future::Future;

use prometheus::IntCounterVec;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::panics;
use crate::telemetry::metrics::Metrics;

/// Spawns tasks and ends them. Every clone is the same set.
#[derive(Clone, Debug)]
pub struct Tasks {
    tracker: TaskTracker,
    ended: CancellationToken,
    panics: IntCounterVec,
}

impl Tasks {
    /// An empty set.
    pub fn new(metrics: &Metrics) -> Self {
        let panics = metrics.counters(
            "relayd_task_panics_total",
            "Background tasks that panicked.",
            &["task"],
        );
        Self {
            tracker: TaskTracker::new(),
            ended: CancellationToken::new(),
            panics,
        }
    }

    /// An empty set that nobody measures.
    #[cfg(test)]
    pub(crate) fn for_tests() -> Self {
        Self::new(&Metrics::new())
    }

    /// Runs `task` until it is done or the set is ended.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let (ended, panics) = (self.ended.clone(), self.panics.clone());
        self.tracker.spawn(async move {
            if let Some(Err(place)) = ended.run_until_cancelled(panics::catch(task)).await {
                tracing::error!(task = name, "background task panicked at {place}");
                panics.with_label_values(&[name]).inc();
            }
        });
    }

    /// Ends every task at its next await and waits until all are gone.
    pub async fn end(&self) {
        self.ended.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_counted_and_the_others_go_on() {
        let tasks = Tasks::for_tests();
        tasks.spawn("bad", async { panic!("on purpose") });
        let (done, waiting) = tokio::sync::oneshot::channel();
        tasks.spawn("good", async move { done.send(()).expect("awaited") });
        waiting.await.expect("done");
        tasks.spawn("endless", std::future::pending());
        tasks.end().await;
        assert_eq!(tasks.panics.with_label_values(&["bad"]).get(), 1);
    }
}
