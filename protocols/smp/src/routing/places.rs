//! How many messages of one client are on their way at the same time, in all and to each relay,
//! so that a relay that does not answer does not take all of them.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::session::Session;

/// Relays remembered before those are forgotten to which nothing is on its way.
const SMALL: usize = 64;

/// One client's places.
pub(super) struct Places {
    all: Arc<Semaphore>,
    share: usize,
    by_relay: HashMap<Box<[u8]>, Arc<Semaphore>>,
    full_at: usize,
}

/// A message's place; given back when dropped.
pub(super) struct Place {
    _of_relay: Option<OwnedSemaphorePermit>,
    _of_all: Option<OwnedSemaphorePermit>,
}

impl Places {
    /// So many, of which three quarters for one relay.
    pub(super) fn new(places: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(places)),
            share: (places - places / 4).max(1),
            by_relay: HashMap::new(),
            full_at: SMALL,
        }
    }

    /// Waits for a place.
    pub(super) fn enter(&mut self, session: &Session) -> impl Future<Output = Place> + use<> {
        self.enter_of(session.id())
    }

    fn enter_of(&mut self, relay: &[u8]) -> impl Future<Output = Place> + use<> {
        let (of_relay, all) = (self.share_of(relay), Arc::clone(&self.all));
        // In this order: others wait for what is scarcest. Neither is ever closed.
        async move {
            Place {
                _of_relay: of_relay.acquire_owned().await.ok(),
                _of_all: all.acquire_owned().await.ok(),
            }
        }
    }

    fn share_of(&mut self, relay: &[u8]) -> Arc<Semaphore> {
        if let Some(places) = self.by_relay.get(relay) {
            return Arc::clone(places);
        }
        if self.by_relay.len() >= self.full_at {
            self.by_relay
                .retain(|_, places| Arc::strong_count(places) > 1);
            self.full_at = (self.by_relay.len() * 2).max(SMALL);
        }
        let places = Arc::new(Semaphore::new(self.share));
        self.by_relay.insert(relay.into(), Arc::clone(&places));
        places
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn one_relay_does_not_take_all() {
        let mut places = Places::new(4);
        let mut enter = |relay: &[u8]| places.enter_of(relay).now_or_never();
        let held: Vec<_> = (0..3).map(|_| enter(b"silent").unwrap()).collect();
        assert!(enter(b"silent").is_none(), "its share is three quarters");
        let last = enter(b"other").unwrap();
        assert!(enter(b"third").is_none(), "all are taken");
        drop(last);
        assert!(enter(b"third").is_some());
        drop(held);
        assert!(enter(b"silent").is_some());
    }

    #[test]
    fn one_place_is_for_any_relay() {
        let mut places = Places::new(1);
        assert!(places.enter_of(b"a").now_or_never().is_some());
        assert!(places.enter_of(b"b").now_or_never().is_some());
    }

    #[test]
    fn relays_are_forgotten() {
        let mut places = Places::new(4);
        for n in 0..10_000_u32 {
            drop(places.enter_of(&n.to_be_bytes()));
        }
        assert!(places.by_relay.len() <= SMALL + 1);
    }
}
