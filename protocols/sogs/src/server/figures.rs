//! Counting who is there, for the figures. Once a minute: nobody waits for it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use relay_core::worker::{Job, JobOutcome, Worker};

use super::Server;

const EVERY: Duration = Duration::from_mins(1);

struct Count(Arc<Server>);

/// The worker that counts.
pub(crate) fn worker(server: Arc<Server>) -> Worker {
    Worker {
        name: "sogs.figures",
        every: EVERY,
        job: Arc::new(Count(server)),
    }
}

impl Job for Count {
    fn run(&self) -> BoxFuture<'_, JobOutcome> {
        async {
            let (server, metrics) = (&self.0, &self.0.metrics);
            let within = server.config.get().activity.active_within.get();
            let since = server.clock.now().minus(within);
            let [rooms, users, active] = server.tables.population(since).await?;
            metrics.rooms.set(rooms);
            metrics.users.set(users);
            metrics.active_users.set(active);
            Ok(format!(
                "{rooms} rooms, {users} users, {active} of them active"
            ))
        }
        .boxed()
    }
}
