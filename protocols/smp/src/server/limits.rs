//! What one address may use of what all share: places for handshakes, and new queues.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use relay_core::net::LimitKey;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::session::Rate;

const MINUTE: Duration = Duration::from_mins(1);
/// One address takes at most this part of the places for handshakes, however slow it is.
const SHARE: usize = 8;

/// Places for handshakes in progress. Who finds none waits, and each address waits for its own.
#[derive(Debug)]
pub(crate) struct Places {
    all: Semaphore,
    share: usize,
    by_address: Mutex<HashMap<LimitKey, Share>>,
}

/// One address' part.
#[derive(Debug)]
struct Share {
    places: Arc<Semaphore>,
    users: usize,
}

/// A place, given back when dropped.
#[derive(Debug)]
pub(crate) struct Place<'p> {
    // In this order: others wait for what is scarcest.
    _among_all: SemaphorePermit<'p>,
    _of_address: Option<AddressPlace<'p>>,
}

#[derive(Debug)]
struct AddressPlace<'p> {
    _permit: OwnedSemaphorePermit,
    _user: User<'p>,
}

/// Keeps an address' share in the table.
#[derive(Debug)]
struct User<'p> {
    places: &'p Places,
    key: LimitKey,
}

impl Places {
    /// So many for all.
    pub(crate) fn new(places: usize) -> Self {
        Self {
            all: Semaphore::new(places.min(Semaphore::MAX_PERMITS)),
            share: places.div_ceil(SHARE),
            by_address: Mutex::default(),
        }
    }

    /// Waits for a place. Nothing when there will be none, which does not happen.
    pub(crate) async fn enter(&self, key: Option<LimitKey>) -> Option<Place<'_>> {
        let of_address = match key {
            None => None,
            Some(key) => Some(self.enter_share(key).await?),
        };
        Some(Place {
            _among_all: self.all.acquire().await.ok()?,
            _of_address: of_address,
        })
    }

    async fn enter_share(&self, key: LimitKey) -> Option<AddressPlace<'_>> {
        let places = self.use_share(key);
        let user = User { places: self, key };
        Some(AddressPlace {
            _permit: places.acquire_owned().await.ok()?,
            _user: user,
        })
    }

    fn use_share(&self, key: LimitKey) -> Arc<Semaphore> {
        let mut table = self.lock();
        let share = table.entry(key).or_insert_with(|| Share {
            places: Arc::new(Semaphore::new(self.share)),
            users: 0,
        });
        share.users += 1;
        Arc::clone(&share.places)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<LimitKey, Share>> {
        self.by_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for User<'_> {
    fn drop(&mut self) {
        let mut table = self.places.lock();
        if let Some(share) = table.get_mut(&self.key) {
            share.users -= 1;
            if share.users == 0 {
                table.remove(&self.key);
            }
        }
    }
}

/// How fast each address creates queues.
#[derive(Debug, Default)]
pub(crate) struct NewQueues {
    rates: Mutex<Rates>,
}

#[derive(Debug, Default)]
struct Rates {
    by_address: HashMap<LimitKey, Rate>,
    /// The size at which what is settled is forgotten.
    full_at: usize,
}

impl NewQueues {
    /// Counts `count` new queues; gives how long to wait before they are created.
    pub(crate) fn take(
        &self,
        key: LimitKey,
        count: u32,
        per_minute: u32,
        now: Instant,
    ) -> Duration {
        if per_minute == 0 || count == 0 {
            return Duration::ZERO;
        }
        let mut rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        rates.forget_settled(now);
        let rate = rates.by_address.entry(key).or_insert(Rate::new(now));
        rate.take(now, count, MINUTE / per_minute, per_minute)
    }
}

impl Rates {
    const SMALL: usize = 1024;

    /// Looks through the table each time it has doubled: constant cost for each entry.
    fn forget_settled(&mut self, now: Instant) {
        if self.by_address.len() < self.full_at.max(Self::SMALL) {
            return;
        }
        self.by_address.retain(|_, rate| !rate.is_settled(now));
        self.by_address.shrink_to(self.by_address.len() * 2);
        self.full_at = self.by_address.len() * 2;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use relay_core::net::Peer;

    use super::*;

    fn key(last: u8) -> LimitKey {
        Peer::tcp(([192, 0, 2, last], 1).into()).limit_key()
    }

    #[test]
    fn one_address_does_not_take_all_places() {
        let places = Places::new(16);
        let enter = |key| places.enter(key).now_or_never().flatten();
        let held: Vec<_> = (0..2).map(|_| enter(Some(key(1))).unwrap()).collect();
        assert!(enter(Some(key(1))).is_none(), "its share is an eighth");
        assert!(enter(Some(key(2))).is_some(), "others have theirs");
        assert!(enter(None).is_some());
        drop(held);
        assert!(enter(Some(key(1))).is_some());
        assert!(places.lock().is_empty(), "nobody is remembered");
    }

    #[test]
    fn all_together_take_no_more_than_there_are() {
        let places = Places::new(4);
        let enter = |last| places.enter(Some(key(last))).now_or_never().flatten();
        let held: Vec<_> = (1..=4).map(|last| enter(last).unwrap()).collect();
        assert!(enter(5).is_none());
        drop(held);
        assert!(enter(5).is_some());
    }

    #[test]
    fn an_address_that_creates_too_fast_waits_and_no_other() {
        let (queues, now) = (NewQueues::default(), Instant::now());
        assert_eq!(queues.take(key(1), 60, 60, now), Duration::ZERO);
        assert_eq!(queues.take(key(1), 2, 60, now), Duration::from_secs(2));
        assert_eq!(queues.take(key(2), 60, 60, now), Duration::ZERO);
        assert_eq!(
            queues.take(key(1), 1000, 0, now),
            Duration::ZERO,
            "no limit"
        );
    }

    #[test]
    fn addresses_are_forgotten() {
        let (queues, now) = (NewQueues::default(), Instant::now());
        let address = |n: u16| {
            let [high, low] = n.to_be_bytes();
            Peer::tcp(([10, 0, high, low], 1).into()).limit_key()
        };
        for n in 0..1024 {
            queues.take(address(n), 1, 60, now);
        }
        queues.take(key(1), 1, 60, now + MINUTE);
        let rates = queues.rates.lock().unwrap();
        assert_eq!(rates.by_address.len(), 1);
    }
}
