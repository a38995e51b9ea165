//! What operators look at: sizes and counts.

use std::time::Duration;

use relay_core::clock::UnixTime;
use sea_orm::DbErr;

use super::sql::{self, Columns, values};
use super::{RoomId, StoreError, Tables};
use crate::private::private_debug;

/// A room in figures.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct RoomStats {
    /// Messages that are there.
    pub messages: i64,
    /// Their bytes, with padding.
    pub message_bytes: i64,
    /// Files.
    pub files: i64,
    /// Their bytes.
    pub file_bytes: i64,
    /// Reactions.
    pub reactions: i64,
    /// The five most used, and how often.
    pub top_reactions: Vec<(String, i64)>,
    /// Users seen within 1, 7, 14 and 30 days.
    pub active: [i64; 4],
    /// Users banned from it.
    pub banned: i64,
}

/// The server in figures.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ServerStats {
    /// Rooms.
    pub rooms: i64,
    /// Users ever seen or named.
    pub users: i64,
    /// Users seen within 7 days.
    pub active_users: i64,
    /// Messages that are there.
    pub messages: i64,
    /// Files.
    pub files: i64,
    /// Their bytes.
    pub file_bytes: i64,
    /// Direct messages.
    pub direct_messages: i64,
    /// Rights that wait for their owners.
    pub pending: i64,
}

private_debug!(RoomStats);

const DAY: Duration = Duration::from_hours(24);

impl Tables {
    /// A room in figures. Reads all of it: not for polls.
    pub async fn room_stats(&self, room: RoomId, now: UnixTime) -> Result<RoomStats, StoreError> {
        self.heard(self.count_room(room, now).await)
    }

    async fn count_room(&self, room: RoomId, now: UnixTime) -> Result<RoomStats, DbErr> {
        let active = [1, 7, 14, 30].map(|days| now.minus(DAY * days).millis());
        let row = sql::one(
            self.reads(),
            "SELECT (SELECT count(*) FROM sogs_message WHERE room_id = ? AND data IS NOT NULL), \
             (SELECT CAST(coalesce(sum(data_size), 0) AS BIGINT) FROM sogs_message \
             WHERE room_id = ?), \
             (SELECT count(*) FROM sogs_file WHERE room_id = ?), \
             (SELECT CAST(coalesce(sum(size), 0) AS BIGINT) FROM sogs_file WHERE room_id = ?), \
             (SELECT count(*) FROM sogs_reaction r JOIN sogs_message m ON m.id = r.message_id \
             WHERE m.room_id = ?), \
             (SELECT count(*) FROM sogs_room_user WHERE room_id = ? AND last_active >= ?), \
             (SELECT count(*) FROM sogs_room_user WHERE room_id = ? AND last_active >= ?), \
             (SELECT count(*) FROM sogs_room_user WHERE room_id = ? AND last_active >= ?), \
             (SELECT count(*) FROM sogs_room_user WHERE room_id = ? AND last_active >= ?), \
             (SELECT count(*) FROM sogs_override WHERE room_id = ? AND banned)",
            values![
                room, room, room, room, room, room, active[0], room, active[1], room, active[2],
                room, active[3], room
            ],
        );
        let Some(mut row) = row.await? else {
            return Ok(RoomStats::default());
        };
        Ok(RoomStats {
            messages: row.next()?,
            message_bytes: row.next()?,
            files: row.next()?,
            file_bytes: row.next()?,
            reactions: row.next()?,
            active: [row.next()?, row.next()?, row.next()?, row.next()?],
            banned: row.next()?,
            top_reactions: self.top_reactions(room).await?,
        })
    }

    async fn top_reactions(&self, room: RoomId) -> Result<Vec<(String, i64)>, DbErr> {
        let rows = sql::all(
            self.reads(),
            "SELECT r.emoji, count(*) AS times FROM sogs_reaction r \
             JOIN sogs_message m ON m.id = r.message_id WHERE m.room_id = ? \
             GROUP BY r.emoji ORDER BY times DESC, r.emoji LIMIT 5",
            values![room],
        );
        let read = |mut row: Columns| Ok((row.next()?, row.next()?));
        rows.await?.into_iter().map(read).collect()
    }

    /// The server in figures. Reads all of it: not for polls.
    pub async fn server_stats(&self, now: UnixTime) -> Result<ServerStats, StoreError> {
        let row = sql::one(
            self.reads(),
            "SELECT (SELECT count(*) FROM sogs_room), \
             (SELECT count(*) FROM sogs_user WHERE id <> 0), \
             (SELECT count(DISTINCT user_id) FROM sogs_room_user WHERE last_active >= ?), \
             (SELECT count(*) FROM sogs_message WHERE data IS NOT NULL), \
             (SELECT count(*) FROM sogs_file), \
             (SELECT CAST(coalesce(sum(size), 0) AS BIGINT) FROM sogs_file), \
             (SELECT count(*) FROM sogs_inbox), (SELECT count(*) FROM sogs_pending)",
            values![now.minus(DAY * 7).millis()],
        );
        let read = |row: Option<Columns>| {
            let Some(mut row) = row else {
                return Ok(ServerStats::default());
            };
            Ok(ServerStats {
                rooms: row.next()?,
                users: row.next()?,
                active_users: row.next()?,
                messages: row.next()?,
                files: row.next()?,
                file_bytes: row.next()?,
                direct_messages: row.next()?,
                pending: row.next()?,
            })
        };
        self.heard(row.await.and_then(read))
    }
}
