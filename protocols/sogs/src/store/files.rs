//! Files as rows. Their bytes are elsewhere: they are there before the row is, and go after it.

use relay_core::clock::UnixTime;
use sea_orm::DbErr;

use super::change::{Actor, Change, Halt, Tx};
use super::overrides::standing;
use super::posting::Posting;
use super::sql::{self, Columns, values};
use super::users::nothing_returned;
use super::{FileId, MessageId, RoomId, StoreError, Tables, UserId};
use crate::domain::files::Upload;
use crate::domain::permissions::Need;
use crate::private::private_debug;
use crate::wire::Refusal;

/// More files than this no message shows.
const MAX_ATTACHED: usize = 64;

/// A file about to be known.
#[derive(Clone, Eq, PartialEq)]
pub struct NewFile {
    /// Its length in bytes.
    pub size: u64,
    /// As its uploader calls it.
    pub filename: Option<String>,
    /// Where its bytes are, below the files' folder.
    pub path: String,
    /// When it was uploaded.
    pub uploaded: UnixTime,
    /// When it will be forgotten, unless a message shows it.
    pub expiry: Option<UnixTime>,
}

/// A file that is known.
#[derive(Clone, Eq, PartialEq)]
pub struct File {
    /// Its number.
    pub id: FileId,
    /// Its length in bytes.
    pub size: u64,
    /// As its uploader calls it.
    pub filename: Option<String>,
    /// Where its bytes are, below the files' folder.
    pub path: String,
    /// When it was uploaded.
    pub uploaded: UnixTime,
    /// When it will be forgotten; `None` is never.
    pub expiry: Option<UnixTime>,
}

private_debug!(File, NewFile);

impl Tables {
    /// Makes a file known whose bytes are on the disk. When this is refused or fails, they have
    /// to go again.
    pub async fn add_file(
        &self,
        actor: &Actor,
        room: RoomId,
        file: NewFile,
    ) -> Result<FileId, StoreError> {
        let change = Add {
            room,
            uploader: actor.user,
            file,
        };
        self.change(actor, change).await
    }

    /// A file of a room, unless it has expired.
    pub async fn file(
        &self,
        room: RoomId,
        id: FileId,
        now: UnixTime,
    ) -> Result<Option<File>, StoreError> {
        let row = sql::one(
            self.reads(),
            "SELECT id, size, filename, path, uploaded, expiry FROM sogs_file \
             WHERE id = ? AND room_id = ? AND (expiry IS NULL OR expiry > ?)",
            values![id, room, now.millis()],
        );
        self.heard(row.await.and_then(|row| row.map(read).transpose()))
    }

    /// What a file of an imported room is called now that had this number before.
    pub async fn imported_file(
        &self,
        room: RoomId,
        old: FileId,
    ) -> Result<Option<FileId>, StoreError> {
        let row = sql::one(
            self.reads(),
            "SELECT file_id FROM sogs_import_file WHERE room_id = ? AND old_file_id = ?",
            values![room, old],
        );
        let row = self.heard(row.await)?;
        self.heard(row.map(|mut row| row.next().map(FileId)).transpose())
    }

    /// How numbers of an imported room's messages have moved: up to which, and by how much.
    pub async fn imported_messages(
        &self,
        room: RoomId,
    ) -> Result<Option<(MessageId, i64)>, StoreError> {
        let row = sql::one(
            self.reads(),
            "SELECT old_message_id_max, message_id_offset FROM sogs_import_room \
             WHERE room_id = ?",
            values![room],
        );
        let row = self.heard(row.await)?;
        let read = |mut row: Columns| Ok((MessageId(row.next()?), row.next()?));
        self.heard(row.map(read).transpose())
    }

    /// Where the bytes of files are, in the order of their numbers: so many after one. For the
    /// search for bytes that nobody knows.
    pub async fn file_paths(
        &self,
        after: FileId,
        limit: u32,
    ) -> Result<Vec<(FileId, String)>, StoreError> {
        let rows = sql::all(
            self.reads(),
            "SELECT id, path FROM sogs_file WHERE id > ? ORDER BY id LIMIT ?",
            values![after, i64::from(limit)],
        );
        let read = |mut row: Columns| Ok((FileId(row.next()?), row.next()?));
        let rows = self.heard(rows.await)?;
        self.heard(rows.into_iter().map(read).collect())
    }

    /// Forgets some files that have expired; gives where their bytes are, which have to go now.
    pub async fn take_expired_files(
        &self,
        now: UnixTime,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        self.change(&Actor::system(), TakeExpired { now, limit })
            .await
    }
}

fn read(mut row: Columns) -> Result<File, DbErr> {
    Ok(File {
        id: FileId(row.next()?),
        size: u64::try_from(row.next::<i64>()?).unwrap_or(0),
        filename: row.next()?,
        path: row.next()?,
        uploaded: row.time()?,
        expiry: row.maybe_time()?,
    })
}

struct Add {
    room: RoomId,
    uploader: UserId,
    file: NewFile,
}

impl Change for Add {
    type Done = FileId;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<FileId, Halt> {
        let standing = standing(tx, self.room, self.uploader).await?;
        if !standing.permissions.allow(Need::Upload) {
            return Err(Refusal::Denied.into());
        }
        let file = &self.file;
        let row = tx.returning(
            "INSERT INTO sogs_file (room_id, uploader_id, size, uploaded, expiry, filename, \
             path) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
            values![
                self.room,
                self.uploader,
                i64::try_from(file.size).unwrap_or(i64::MAX),
                file.uploaded.millis(),
                file.expiry.map(UnixTime::millis),
                file.filename.clone(),
                file.path.as_str()
            ],
        );
        let mut row = row.await?.ok_or_else(nothing_returned)?;
        Ok(FileId(row.next()?))
    }
}

/// Lets a message show those of some files that it may, for ever if it is pinned. The others are
/// left as they are.
pub(crate) async fn attach(
    tx: &mut Tx<'_>,
    message: MessageId,
    room: RoomId,
    author: UserId,
    files: &[i64],
    posting: &Posting,
) -> Result<(), DbErr> {
    for file in files.iter().take(MAX_ATTACHED) {
        let row = tx.one(
            "SELECT room_id, uploader_id, message_id, uploaded, expiry FROM sogs_file \
             WHERE id = ?",
            values![*file],
        );
        let Some(mut row) = row.await? else { continue };
        let upload = Upload {
            room: row.next()?,
            uploader: row.next()?,
            message: row.next()?,
            uploaded: row.time()?,
            expiry: row.maybe_time()?,
        };
        if upload.may_attach(room.0, author.0, posting.now, posting.lifetimes) {
            let until = posting.lifetimes.attached_until(posting.now);
            tx.execute(
                "UPDATE sogs_file SET message_id = ?, expiry = CASE WHEN EXISTS \
                 (SELECT 1 FROM sogs_pin WHERE message_id = ?) THEN NULL ELSE ? END \
                 WHERE id = ?",
                values![message, message, until.map(UnixTime::millis), *file],
            )
            .await?;
        }
    }
    Ok(())
}

struct TakeExpired {
    now: UnixTime,
    limit: u32,
}

impl Change for TakeExpired {
    type Done = Vec<String>;

    async fn apply(&self, tx: &mut Tx<'_>) -> Result<Vec<String>, Halt> {
        let rows = tx.all(
            "SELECT id, path FROM sogs_file WHERE expiry <= ? ORDER BY expiry LIMIT ?",
            values![self.now.millis(), i64::from(self.limit)],
        );
        let mut paths = Vec::new();
        for mut row in rows.await? {
            let id: i64 = row.next()?;
            tx.execute("DELETE FROM sogs_file WHERE id = ?", values![id])
                .await?;
            paths.push(row.next()?);
        }
        Ok(paths)
    }
}
