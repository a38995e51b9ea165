//! Nonces of requests that change nothing: remembered for minutes, in bounded memory.
//!
//! Replaying a read changes nothing and is answered to the same sealed key, so these nonces need
//! no disk. When memory is full the oldest are forgotten early.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use relay_core::clock::UnixTime;

use crate::crypto::SessionId;
use crate::private::private_debug;

/// The nonces seen lately. Of each there is a hash under a key nobody knows: two are the same once
/// in 2⁶⁴ times, and nobody can see to it that they are.
#[derive(Default)]
pub struct NonceWindow {
    hasher: RandomState,
    seen: HashSet<u64>,
    /// In the order they were seen.
    order: VecDeque<(UnixTime, u64)>,
}

/// How much is remembered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Memory {
    /// So many nonces.
    pub capacity: usize,
    /// For so long.
    pub life: Duration,
}

impl NonceWindow {
    /// Remembers a nonce; `false` if it is remembered already.
    pub fn insert(
        &mut self,
        id: &SessionId,
        nonce: &[u8; 16],
        now: UnixTime,
        memory: Memory,
    ) -> bool {
        self.forget(now, memory);
        if memory.capacity == 0 {
            return true;
        }
        let key = self.hasher.hash_one((id, nonce));
        if !self.seen.insert(key) {
            return false;
        }
        self.order.push_back((now, key));
        true
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    fn forget(&mut self, now: UnixTime, memory: Memory) {
        let oldest = now.minus(memory.life);
        while let Some((at, key)) = self.order.front() {
            if *at >= oldest && self.order.len() < memory.capacity {
                break;
            }
            self.seen.remove(key);
            self.order.pop_front();
        }
    }
}

private_debug!(NonceWindow);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::crypto::IdKind;

    fn id(user: u8) -> SessionId {
        SessionId::new(IdKind::Blinded15, &[user; 32])
    }

    fn at(secs: i64) -> UnixTime {
        UnixTime::from_secs(secs)
    }

    #[test]
    fn nonces_are_of_one_user_and_for_a_while() {
        let mut window = NonceWindow::default();
        let memory = Memory {
            capacity: 100,
            life: Duration::from_mins(1),
        };
        let mut insert = |user, at| window.insert(&id(user), &[1; 16], at, memory);
        assert!(insert(1, at(0)));
        assert!(!insert(1, at(60)));
        assert!(insert(2, at(60)));
        assert!(insert(1, at(61)));
    }

    proptest! {
        #[test]
        fn memory_is_bounded_and_the_last_ones_are_refused(
            uses in prop::collection::vec((any::<u8>(), 0..3_i64), 0..200),
            capacity in 0..20_usize,
        ) {
            let mut window = NonceWindow::default();
            let memory = Memory {
                capacity,
                life: Duration::from_mins(1),
            };
            let mut now = 0;
            for (nonce, wait) in uses {
                now += wait;
                window.insert(&id(1), &[nonce; 16], at(now), memory);
                prop_assert!(window.len() <= capacity);
                prop_assert_eq!(window.len(), window.seen.len());
                if capacity > 1 {
                    prop_assert!(!window.insert(&id(1), &[nonce; 16], at(now), memory));
                }
            }
        }
    }
}
