//! Rooms as they are: what they tell about themselves, their rosters and pins.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use relay_core::clock::UnixTime;
use sea_orm::{ConnectionTrait, DbErr};

use super::change::Tx;
use super::overrides::{
    self, DEFAULT_COLUMNS, ROLE_COLUMNS, read_defaults, read_override, read_role,
};
use super::sql::{self, Columns, values};
use super::touch::Touch;
use super::{FileId, RoomId, StoreError, Tables};
use crate::domain::counters::RoomCounters;
use crate::domain::permissions::{Need, Permissions};
use crate::domain::roster::Roster;
use crate::private::private_debug;
use crate::wire::json::{Seconds, WholeSeconds};
use crate::wire::rooms::{Defaults, InfoUpdates, Pin, RoomInfo};

/// A room, as of the last commit when it was asked for.
pub struct Room {
    /// Its number.
    pub id: RoomId,
    /// As it was written when the room was made.
    pub token: String,
    /// Its name.
    pub name: String,
    /// What it is about.
    pub description: Option<String>,
    /// The file that is its image.
    pub image: Option<FileId>,
    /// When it was made.
    pub created: UnixTime,
    /// Changes with everything but messages.
    pub info_updates: i64,
    /// Users seen lately, as last counted.
    pub active_users: i64,
    /// What everybody may do.
    pub defaults: Defaults,
    /// How long messages stay, if not for ever.
    pub retention: Option<Duration>,
    /// How long users wait between two posts, if at all.
    pub slow_mode: Option<Duration>,
    /// Everybody who moderates it.
    pub roster: Roster,
    /// In the order they were pinned.
    pub pins: Vec<Pin>,
    message_sequence: AtomicI64,
}

private_debug!(Room);

impl Room {
    /// The last number of its messages.
    pub fn message_sequence(&self) -> i64 {
        self.message_sequence.load(Ordering::Acquire)
    }

    /// Both counters.
    pub fn counters(&self) -> RoomCounters {
        RoomCounters {
            message_sequence: self.message_sequence(),
            info_updates: self.info_updates,
        }
    }

    /// As a caller sees it. Active are those seen within `cutoff`.
    pub fn info(&self, caller: &Permissions, cutoff: Duration) -> RoomInfo {
        let roster = self.roster.clone().seen_by(caller.moderates());
        RoomInfo {
            token: self.token.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            image_id: self.image.map(|image| image.0),
            info_updates: self.info_updates,
            message_sequence: self.message_sequence(),
            created: Seconds(self.created),
            active_users: self.active_users,
            active_users_cutoff: i64::try_from(cutoff.as_secs()).unwrap_or(i64::MAX),
            pinned_messages: self.pins.clone(),
            moderators: roster.moderators,
            admins: roster.admins,
            hidden_moderators: roster.hidden_moderators,
            hidden_admins: roster.hidden_admins,
            caller: caller.shown(),
            explicit: false,
        }
    }

    /// Messages up to this number are committed.
    pub(crate) fn advance(&self, sequence: i64) {
        self.message_sequence.fetch_max(sequence, Ordering::AcqRel);
    }
}

/// Which rooms there are.
pub(crate) struct RoomList {
    /// In the order of their tokens.
    ids: Vec<RoomId>,
    by_token: HashMap<String, RoomId>,
}

impl Tables {
    /// A room by its token, however that is written.
    pub async fn room(&self, token: &str) -> Result<Option<Arc<Room>>, StoreError> {
        let list = self.room_list().await?;
        match list.by_token.get(&token.to_ascii_lowercase()) {
            Some(id) => self.room_by_id(*id).await,
            None => Ok(None),
        }
    }

    /// A room by number.
    pub async fn room_by_id(&self, id: RoomId) -> Result<Option<Arc<Room>>, StoreError> {
        match self.inner.cache.rooms.get_value_or_guard_async(&id).await {
            Ok(room) => Ok(Some(room)),
            Err(place) => {
                let room = self
                    .heard(load(self.reads(), id).boxed().await)?
                    .map(Arc::new);
                if let Some(room) = &room {
                    // If the place is gone, a commit has changed the room meanwhile.
                    let _ = place.insert(Arc::clone(room));
                }
                Ok(room)
            }
        }
    }

    /// Every room, by token.
    pub async fn rooms(&self) -> Result<Vec<Arc<Room>>, StoreError> {
        let list = self.room_list().await?;
        let mut rooms = Vec::with_capacity(list.ids.len());
        for id in &list.ids {
            rooms.extend(self.room_by_id(*id).await?);
        }
        Ok(rooms)
    }

    async fn room_list(&self) -> Result<Arc<RoomList>, StoreError> {
        match self.inner.cache.list.get_value_or_guard_async(&()).await {
            Ok(list) => Ok(list),
            Err(place) => {
                let list = Arc::new(self.heard(list(self.reads()).boxed().await)?);
                let _ = place.insert(Arc::clone(&list));
                Ok(list)
            }
        }
    }
}

async fn list(db: &impl ConnectionTrait) -> Result<RoomList, DbErr> {
    let rows = sql::all(
        db,
        "SELECT id, token_folded FROM sogs_room ORDER BY token_folded",
        values![],
    );
    let mut list = RoomList {
        ids: Vec::new(),
        by_token: HashMap::new(),
    };
    for mut row in rows.await? {
        let id = RoomId(row.next()?);
        list.ids.push(id);
        list.by_token.insert(row.next()?, id);
    }
    Ok(list)
}

/// The counters are read first: who is told of too few updates asks again.
async fn load(db: &impl ConnectionTrait, id: RoomId) -> Result<Option<Room>, DbErr> {
    let sql = format!(
        "SELECT r.token, r.name, r.description, r.image_id, r.created, r.message_sequence, \
         r.info_updates, r.active_users, r.retention, r.slow_mode, {DEFAULT_COLUMNS} \
         FROM sogs_room r WHERE r.id = ?"
    );
    let Some(mut row) = sql::one(db, &sql, values![id]).await? else {
        return Ok(None);
    };
    Ok(Some(Room {
        id,
        token: row.next()?,
        name: row.next()?,
        description: row.next()?,
        image: row.next::<Option<i64>>()?.map(FileId),
        created: row.time()?,
        message_sequence: AtomicI64::new(row.next()?),
        info_updates: row.next()?,
        active_users: row.next()?,
        retention: span(&mut row)?,
        slow_mode: span(&mut row)?,
        defaults: read_defaults(&mut row)?,
        roster: roster(db, id).await?,
        pins: pins(db, id).await?,
    }))
}

fn span(row: &mut Columns) -> Result<Option<Duration>, DbErr> {
    let millis: Option<i64> = row.next()?;
    let millis = millis.and_then(|millis| u64::try_from(millis).ok());
    Ok(millis.map(Duration::from_millis))
}

async fn roster(db: &impl ConnectionTrait, room: RoomId) -> Result<Roster, DbErr> {
    let sql = format!(
        "SELECT u.session_id, {ROLE_COLUMNS}, {} FROM sogs_user u \
         LEFT JOIN sogs_override o ON o.user_id = u.id AND o.room_id = ? \
         WHERE u.moderator OR u.id IN \
         (SELECT m.user_id FROM sogs_override m WHERE m.room_id = ? AND m.moderator)",
        overrides::COLUMNS
    );
    let rows = sql::all(db, &sql, values![room, room]).await?;
    let read = |mut row: Columns| {
        let id: String = row.next()?;
        Ok((id, read_role(&mut row)?, read_override(&mut row)?))
    };
    let people: Vec<_> = rows.into_iter().map(read).collect::<Result<_, DbErr>>()?;
    let people = people.iter();
    Ok(Roster::of(
        people.map(|(id, user, room)| (id.as_str(), *user, *room)),
    ))
}

async fn pins(db: &impl ConnectionTrait, room: RoomId) -> Result<Vec<Pin>, DbErr> {
    let rows = sql::all(
        db,
        "SELECT p.message_id, p.pinned_at, u.session_id FROM sogs_pin p \
         JOIN sogs_user u ON u.id = p.pinned_by WHERE p.room_id = ? \
         ORDER BY p.pinned_at, p.message_id",
        values![room],
    );
    let read = |mut row: Columns| {
        Ok(Pin {
            id: row.next()?,
            pinned_at: WholeSeconds(row.time()?),
            pinned_by: row.next()?,
        })
    };
    rows.await?.into_iter().map(read).collect()
}

/// Something about a room has changed, so many times; gives the new count.
pub(crate) async fn info_changed(
    tx: &mut Tx<'_>,
    room: RoomId,
    times: u64,
) -> Result<InfoUpdates, DbErr> {
    let times = i64::try_from(times).unwrap_or(i64::MAX);
    tx.touch(Touch::Room(room));
    let row = tx.returning(
        "UPDATE sogs_room SET info_updates = info_updates + ? WHERE id = ? \
         RETURNING info_updates",
        values![times, room],
    );
    let mut row = row.await?.ok_or_else(super::users::nothing_returned)?;
    Ok(InfoUpdates {
        info_updates: row.next()?,
    })
}

/// Draws so many numbers for messages of a room, and gives the last.
pub(crate) async fn draw(tx: &mut Tx<'_>, room: RoomId, count: i64) -> Result<i64, DbErr> {
    let row = tx.returning(
        "UPDATE sogs_room SET message_sequence = message_sequence + ? WHERE id = ? \
         RETURNING message_sequence",
        values![count, room],
    );
    row.await?
        .ok_or_else(super::users::nothing_returned)?
        .next()
}

/// Whether a room is listed to somebody. The banned are not told; who moderates a closed room is.
pub fn is_listed(caller: &Permissions) -> bool {
    caller.allow(Need::Access)
}
