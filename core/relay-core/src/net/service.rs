//! What serves connections, and how it is told to stop.
//!
//! Stopping has two steps. When a drain is *requested*, a service finishes what is in flight and takes nothing new.
//! When it has *ended*, time is up: a service is polled once more, to say goodbye without waiting, and then dropped.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::Conn;

/// Serves connections of one kind.
pub trait Service: Send + Sync + 'static {
    /// Serves one connection to its end. Runs in a task of its own, whose panic ends this connection only.
    fn serve(&self, conn: Conn, drain: Drain) -> BoxFuture<'static, ()>;
}

impl<S: Service + ?Sized> Service for Arc<S> {
    fn serve(&self, conn: Conn, drain: Drain) -> BoxFuture<'static, ()> {
        (**self).serve(conn, drain)
    }
}

/// The side that says stop.
#[derive(Clone, Debug, Default)]
pub struct Drainer(Drain);

impl Drainer {
    /// Nothing asked yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The side that listens.
    pub fn drain(&self) -> Drain {
        self.0.clone()
    }

    /// Finish what is in flight.
    pub fn request(&self) {
        self.0.requested.cancel();
    }

    /// Time is up. Implies [`Self::request`].
    pub fn end(&self) {
        self.0.requested.cancel();
        self.0.ended.cancel();
    }
}

/// The side that is told to stop. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct Drain {
    requested: CancellationToken,
    ended: CancellationToken,
}

impl Drain {
    /// Resolves when no new work may be taken.
    pub async fn requested(&self) {
        self.requested.cancelled().await;
    }

    /// Resolves when time is up.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }

    /// Whether no new work may be taken.
    pub fn is_requested(&self) -> bool {
        self.requested.is_cancelled()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn first_requested_then_ended() {
        let drainer = Drainer::new();
        let drain = drainer.drain();
        assert!(drain.requested().now_or_never().is_none());
        drainer.request();
        assert!(drain.is_requested());
        assert!(drain.requested().now_or_never().is_some());
        assert!(drain.ended().now_or_never().is_none());
        drainer.end();
        assert!(drain.ended().now_or_never().is_some());
    }

    #[test]
    fn an_end_is_also_a_request() {
        let drainer = Drainer::new();
        drainer.end();
        assert!(drainer.drain().is_requested());
    }
}
