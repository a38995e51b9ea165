//! Files, as base64 in JSON.

use axum::body::Bytes;

use super::{Request, ok};
use crate::domain::permissions::Need;
use crate::files::Room as Space;
use crate::server::entrance::At;
use crate::server::{Answered, Signed};
use crate::store::files::NewFile;
use crate::store::{FileId, RoomId};
use crate::wire::onion::MAX_BODY;
use crate::wire::{Base64, Refusal, legacy};

impl Request<'_> {
    pub(super) async fn upload(&self) -> Answered {
        let (signed, at) = self.allowed(Need::Upload).await?;
        let result = self.keep(&signed, &at).await?;
        ok(legacy::Upload { result })
    }

    /// Keeps the file in the body. It stays as long as one that a message shows: messages of this
    /// API do not say which files they show.
    pub(super) async fn keep(&self, signed: &Signed, at: &At) -> Result<i64, Refusal> {
        let (config, now, server) = (&self.config, self.ask.now, self.server);
        let max_size = config.max_file_size_in(&at.room.token).get();
        let most = usize::try_from(max_size).unwrap_or(usize::MAX);
        let file = legacy::parse_file(&self.ask.body, most)?;
        server.limits.upload(at, signed, config, now)?;
        let space = Space {
            max_size,
            keep_free: config.files.keep_free.get(),
        };
        let received = server.files.receive_bytes(file.into(), space).await?;
        let placed = received.place().await?;
        let row = NewFile {
            size: placed.size(),
            filename: None,
            path: placed.path().to_string(),
            uploaded: now,
            expiry: config.lifetimes_in(&at.room.token).attached_until(now),
        };
        let id = server.add_file(at, signed, placed, row).await?;
        Ok(id.0)
    }

    pub(super) async fn download(&self, id: i64) -> Answered {
        let (_, at) = self.allowed(Need::Read).await?;
        let old = self
            .server
            .tables
            .imported_file(at.id(), FileId(id))
            .await?;
        let bytes = self.bytes(at.id(), old.unwrap_or(FileId(id))).await?;
        ok(legacy::Download {
            result: Base64(bytes.into()),
        })
    }

    /// What is in a file of a room.
    pub(super) async fn bytes(&self, room: RoomId, id: FileId) -> Result<Bytes, Refusal> {
        let file = self.server.tables.file(room, id, self.ask.now).await?;
        let path = file.and_then(|file| file.path.parse().ok());
        let download = self
            .server
            .files
            .read(&path.ok_or(Refusal::NotFound)?)
            .await;
        let download = download.map_err(|_| Refusal::NotFound)?;
        let most = u64::try_from(MAX_BODY).unwrap_or(u64::MAX);
        let bytes = download.into_bytes(most).await;
        bytes.map_err(|_| Refusal::Unavailable)
    }
}
