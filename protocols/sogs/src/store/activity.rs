//! Who was seen where. Noted in memory, written together and not again for a while for each user
//! and room: polls would otherwise write more than everything else.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use relay_core::clock::UnixTime;

use super::change::{Actor, Change, Halt, Tx};
use super::sql::values;
use super::{RoomId, StoreError, Tables, UserId};

/// More than this is not remembered; who is forgotten is noted at their next poll.
const MAX_NOTES: usize = 200_000;
/// How many are written in one unit.
const STEP: usize = 500;

/// In a room, or at all.
type Place = (Option<RoomId>, UserId);

/// What is not written yet, and when what was written was.
#[derive(Default)]
pub(crate) struct Activity {
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    unwritten: HashMap<Place, UnixTime>,
    written: HashMap<Place, Written>,
}

/// When something was written, and until when it is not written again.
struct Written {
    at: UnixTime,
    until: UnixTime,
}

impl fmt::Debug for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Activity(…)")
    }
}

impl Activity {
    fn lock(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, place: Place, now: UnixTime) {
        let mut notes = self.lock();
        let lately = notes.written.get(&place);
        // A clock that was put back does not keep anybody from being noted.
        let lately = lately.is_some_and(|written| written.at <= now && now < written.until);
        if !lately && notes.unwritten.len() < MAX_NOTES {
            notes.unwritten.insert(place, now);
        }
    }

    fn take(&self, now: UnixTime) -> Vec<(Place, UnixTime)> {
        let mut notes = self.lock();
        notes.written.retain(|_, written| now < written.until);
        let some: Vec<_> = notes.unwritten.keys().take(STEP).copied().collect();
        let take = |place| notes.unwritten.remove(&place).map(|at| (place, at));
        some.into_iter().filter_map(take).collect()
    }

    fn wrote(&self, places: &[(Place, UnixTime)], every: Duration) {
        let mut notes = self.lock();
        if notes.written.len() < MAX_NOTES {
            let written = places.iter().map(|&(place, at)| {
                let until = at.plus(every);
                (place, Written { at, until })
            });
            notes.written.extend(written);
        }
    }
}

impl Tables {
    /// Somebody has signed a request.
    pub fn saw(&self, user: UserId, now: UnixTime) {
        self.inner.activity.note((None, user), now);
    }

    /// Somebody has read in a room.
    pub fn saw_in(&self, room: RoomId, user: UserId, now: UnixTime) {
        self.inner.activity.note((Some(room), user), now);
    }

    /// Writes who was seen; gives how many notes that were. The same is not written again until
    /// `every` is over.
    pub async fn write_activity(&self, now: UnixTime, every: Duration) -> Result<u64, StoreError> {
        let mut written = 0;
        loop {
            let seen = self.inner.activity.take(now);
            if seen.is_empty() {
                return Ok(written);
            }
            written += seen.len() as u64;
            self.change(&Actor::system(), Seen(seen.clone())).await?;
            self.inner.activity.wrote(&seen, every);
        }
    }
}

struct Seen(Vec<(Place, UnixTime)>);

impl Change for Seen {
    type Done = ();

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<(), Halt> {
        for ((room, user), at) in &self.0 {
            match room {
                // A room may be gone, or its user banned, since they were seen.
                Some(room) => {
                    tx.execute(
                        "INSERT INTO sogs_room_user (room_id, user_id, last_active) \
                         SELECT r.id, u.id, ? FROM sogs_room r CROSS JOIN sogs_user u \
                         WHERE r.id = ? AND u.id = ? AND NOT EXISTS (SELECT 1 \
                         FROM sogs_override o WHERE o.room_id = r.id AND o.user_id = u.id \
                         AND o.banned) ON CONFLICT (room_id, user_id) DO UPDATE \
                         SET last_active = excluded.last_active",
                        values![at.millis(), *room, *user],
                    )
                    .await?
                }
                None => {
                    tx.execute(
                        "UPDATE sogs_user SET last_active = ? WHERE id = ?",
                        values![at.millis(), *user],
                    )
                    .await?
                }
            };
        }
        Ok(())
    }
}
