//! Panics kept inside the connection that caused them.
//!
//! [`catch`] ends a panicking future with a [`Panicked`] that knows the place in the source and nothing else: a
//! panic's message may hold what the peer sent, so it is dropped unread. While a guarded future is polled the
//! process' panic hook stays silent; panics elsewhere reach the hook that was there before.

use std::{
    cell::{Cell, RefCell},
    fmt,
    panic::{self, AssertUnwindSafe, PanicHookInfo},
    pin::Pin,
    sync::Once,
    task::{Context, Poll},
};

static HOOK: Once = Once::new();

thread_local! {
    /// Guarded futures being polled on this thread, each inside the former.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `future`; its panic becomes an error.
///
/// The future is boxed: a guard then costs a pointer where it stands, in tasks that live as long as a connection.
pub fn catch<F: Future>(future: F) -> Catch<F> {
    HOOK.call_once(install_hook);
    Catch(Box::pin(future))
}

/// See [`catch`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Catch<F>(Pin<Box<F>>);

impl<F: Future> Future for Catch<F> {
    type Output = Result<F::Output, Panicked>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match guarded(|| self.0.as_mut().poll(context)) {
            Ok(poll) => poll.map(Ok),
            Err(panicked) => Poll::Ready(Err(panicked)),
        }
    }
}

fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    DEPTH.set(DEPTH.get() + 1);
    let outcome = panic::catch_unwind(AssertUnwindSafe(work));
    DEPTH.set(DEPTH.get() - 1);
    outcome.map_err(|_payload| Panicked {
        place: PLACE
            .take()
            .unwrap_or_else(|| "an unknown place".to_owned()),
    })
}

fn install_hook() {
    let former = panic::take_hook();
    panic::set_hook(Box::new(move |info| match DEPTH.get() {
        0 => former(info),
        _ => remember(info),
    }));
}

fn remember(info: &PanicHookInfo<'_>) {
    PLACE.set(info.location().map(ToString::to_string));
}

/// A future panicked. Displays as the place in the source.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub struct Panicked {
    place: String,
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_place_is_known_and_the_message_is_not() {
        let line = line!() + 1;
        let panicked = catch(async { panic!("the peer sent 42") })
            .await
            .unwrap_err();
        assert!(
            panicked.to_string().contains(&format!("panics.rs:{line}:")),
            "{panicked}"
        );
        assert!(!format!("{panicked:?}").contains("42"));
    }

    #[tokio::test]
    async fn a_guard_inside_a_guard_catches_first() {
        let outcome = catch(async { catch(async { panic!() }).await.is_err() }).await;
        assert_eq!(outcome, Ok(true));
        assert_eq!(DEPTH.get(), 0);
    }

    #[tokio::test]
    async fn what_does_not_panic_passes() {
        let outcome = catch(async {
            tokio::task::yield_now().await;
            7
        });
        assert_eq!(outcome.await, Ok(7));
    }
}
