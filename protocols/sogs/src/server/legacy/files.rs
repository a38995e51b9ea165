//! Files, as base64 in JSON.

use axum::body::Bytes;

use super::{Outcome, Request, of_store, ok};
use crate::domain::permissions::Need;
use crate::files::{ReceiveError, Room as Space};
use crate::store::files::NewFile;
use crate::store::{Actor, FileId, Room};
use crate::wire::onion::MAX_BODY;
use crate::wire::{Base64, Refusal, legacy};

impl<P> Request<'_, P> {
    pub(super) async fn upload(&self) -> Outcome {
        let (who, room) = self.allowed(Need::Upload).await?;
        let result = self.keep(&who.actor, &room).await?;
        ok(legacy::Upload { result })
    }

    /// Keeps the file in the body. It stays as long as one that a message shows: messages of this
    /// API do not say which files they show.
    pub(super) async fn keep(&self, actor: &Actor, room: &Room) -> Result<i64, Refusal> {
        let (config, now) = (&self.config, self.call.now);
        let max_size = config.max_file_size_in(&room.token).get();
        let most = usize::try_from(max_size).unwrap_or(usize::MAX);
        let file = legacy::parse_file(&self.call.body, most)?;
        let space = Space {
            max_size,
            keep_free: config.files.keep_free.get(),
        };
        let received = self.legacy.files.receive_bytes(file.into(), space).await;
        let placed = received.map_err(of_disk)?.place().await.map_err(of_disk)?;
        let row = NewFile {
            size: placed.size(),
            filename: None,
            path: placed.path().to_string(),
            uploaded: now,
            expiry: config.lifetimes_in(&room.token).attached_until(now),
        };
        let added = self.legacy.tables.add_file(actor, room.id, row);
        let id = added.await.map_err(of_store)?;
        placed.keep();
        Ok(id.0)
    }

    pub(super) async fn download(&self, id: i64) -> Outcome {
        let (_, room) = self.allowed(Need::Read).await?;
        let old = self.legacy.tables.imported_file(room.id, FileId(id)).await;
        let id = old.map_err(of_store)?.unwrap_or(FileId(id));
        let bytes = self.bytes(&room, id).await?;
        ok(legacy::Download {
            result: Base64(bytes.into()),
        })
    }

    /// What is in a file of a room.
    pub(super) async fn bytes(&self, room: &Room, id: FileId) -> Result<Bytes, Refusal> {
        let file = self.legacy.tables.file(room.id, id, self.call.now).await;
        let file = file.map_err(of_store)?.ok_or(Refusal::NotFound)?;
        let path = file.path.parse().map_err(|_| Refusal::NotFound)?;
        let download = self.legacy.files.read(&path).await;
        let bytes = download.map_err(|_| Refusal::NotFound)?;
        let most = u64::try_from(MAX_BODY).unwrap_or(u64::MAX);
        let bytes = bytes.into_bytes(most).await;
        bytes.map_err(|_| Refusal::Unavailable)
    }
}

fn of_disk(error: ReceiveError) -> Refusal {
    match error {
        ReceiveError::TooLarge => Refusal::TooLarge,
        ReceiveError::Broken => Refusal::Malformed,
        ReceiveError::NoSpace | ReceiveError::Disk(_) => Refusal::Unavailable,
    }
}
