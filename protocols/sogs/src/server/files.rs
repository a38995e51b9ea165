//! Files of a room: uploads and downloads.

use axum::body::Body;
use axum::http::header::{ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_RANGE, DATE, ETAG, EXPIRES};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use relay_core::clock::UnixTime;
use relay_storage::WriteError;
use serde::Serialize;

use super::entrance::At;
use super::pipeline::answer::{Answer, Content};
use super::{Answered, Ask, Server, Signed};
use crate::config::SogsConfig;
use crate::domain::files::clean_name;
use crate::domain::permissions::Need;
use crate::files::{Asked, Download, Placed, Room as Space};
use crate::store::files::{File, NewFile};
use crate::store::{FileId, StoreError};
use crate::wire::{Refusal, disposition};

/// The answer to an upload.
#[derive(Serialize)]
struct Uploaded {
    id: FileId,
}

impl Server {
    /// Takes a file: first its bytes are safe, then there is a row that names them.
    pub(super) async fn upload(&self, at: &At, mut ask: Ask) -> Answered {
        let (caller, config) = (ask.caller.clone(), self.config.get());
        let signed = caller.user()?;
        at.need(Need::Upload, Refusal::Denied)?;
        self.limits.upload(at, signed, &config, ask.now)?;
        let received = match ask.upload.take() {
            Some(received) => received,
            None => {
                let space = self.space(&at.room.token);
                self.files.receive_bytes(ask.body.clone(), space).await?
            }
        };
        let placed = received.place().await?;
        let file = new_file(&placed, at, &ask, &config);
        let id = self.add_file(at, signed, placed, file).await?;
        Ok(Answer::created(&Uploaded { id }))
    }

    /// How much may be uploaded to a room.
    pub(super) fn space(&self, token: &str) -> Space {
        let config = self.config.get();
        Space {
            max_size: config.max_file_size_in(token).get(),
            keep_free: config.files.keep_free.get(),
        }
    }

    /// Writes the row. The bytes go again only if it is certain that there is none: if nobody knows,
    /// or the caller does not wait for it, they stay, and are found and removed later.
    pub(super) async fn add_file(
        &self,
        at: &At,
        signed: &Signed,
        placed: Placed,
        file: NewFile,
    ) -> Result<FileId, Refusal> {
        let (size, path) = (placed.size(), placed.path().clone());
        placed.keep();
        let added = self.tables.add_file(&signed.actor, at.id(), file).await;
        match &added {
            Ok(_) => {
                self.metrics.uploads.inc();
                self.metrics.uploaded_bytes.inc_by(size);
            }
            Err(StoreError::Write(WriteError::OutcomeUnknown(_))) => {}
            // What cannot be removed now is found when orphans are swept.
            Err(_) => drop(self.files.delete(&path).await),
        }
        Ok(added?)
    }

    /// Gives a file, or a part of it.
    pub(super) async fn download(&self, at: &At, id: i64, ask: &Ask) -> Answered {
        at.may_read()?;
        let file = self.find_file(at, FileId(id), ask.now).await?;
        let path = file.path.parse().map_err(|_| Refusal::NotFound)?;
        let download = self.files.read(&path).await.map_err(|error| {
            tracing::warn!("the bytes of a file cannot be read: {error}");
            Refusal::NotFound
        })?;
        self.metrics.downloads.inc();
        sent(&file, download, &ask.headers).await
    }

    /// A file by its number; in imported rooms also by the one it had before.
    async fn find_file(&self, at: &At, id: FileId, now: UnixTime) -> Result<File, Refusal> {
        if let Some(file) = self.tables.file(at.id(), id, now).await? {
            return Ok(file);
        }
        let moved = self.tables.imported_file(at.id(), id).await?;
        let moved = moved.ok_or(Refusal::NotFound)?;
        let file = self.tables.file(at.id(), moved, now).await?;
        file.ok_or(Refusal::NotFound)
    }
}

fn new_file(placed: &Placed, at: &At, ask: &Ask, config: &SogsConfig) -> NewFile {
    let disposition = ask.headers.get(CONTENT_DISPOSITION);
    // Names beyond ASCII may come as they are.
    let disposition = disposition.map(|value| String::from_utf8_lossy(value.as_bytes()));
    let name = disposition.and_then(|value| disposition::filename(&value));
    NewFile {
        size: placed.size(),
        filename: name.map(|name| clean_name(&name)),
        path: placed.path().as_str().to_owned(),
        uploaded: ask.now,
        expiry: Some(config.lifetimes_in(&at.room.token).on_upload(ask.now)),
    }
}

async fn sent(file: &File, download: Download, asked: &HeaderMap) -> Answered {
    let (etag, size) = (format!("\"{}\"", file.id.0), download.size());
    let (status, range, download) = match Asked::of(asked, size, &etag) {
        Asked::Whole => (StatusCode::OK, None, Some(download)),
        Asked::Part(part) => {
            let range = format!("bytes {}-{}/{size}", part.start(), part.end());
            let download = download.part(part).await;
            let download = download.map_err(|_| Refusal::Unavailable)?;
            (StatusCode::PARTIAL_CONTENT, Some(range), Some(download))
        }
        Asked::Nothing => {
            let range = format!("bytes */{size}");
            (StatusCode::RANGE_NOT_SATISFIABLE, Some(range), None)
        }
    };
    let mut answer = download.map_or_else(|| Answer::empty(status), answer_of);
    answer.status = status;
    answer.headers.extend(headers(file, &etag, range));
    Ok(answer)
}

fn answer_of(download: Download) -> Answer {
    let len = download.len();
    let body = Body::from_stream(download.into_stream());
    Answer::octets(Content::Stream { len, body })
}

fn headers(
    file: &File,
    etag: &str,
    range: Option<String>,
) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let name = disposition::attachment(file.filename.as_deref());
    let texts = [
        (ACCEPT_RANGES, Some("bytes".to_owned())),
        (CONTENT_DISPOSITION, Some(name)),
        (CONTENT_RANGE, range),
        (DATE, http_date(file.uploaded)),
        (ETAG, Some(etag.to_owned())),
        (EXPIRES, file.expiry.and_then(http_date)),
    ];
    let value = |text: String| HeaderValue::from_str(&text).ok();
    texts
        .into_iter()
        .filter_map(move |(name, text)| Some((name, value(text?)?)))
}

fn http_date(time: UnixTime) -> Option<String> {
    let time = Timestamp::from_millisecond(time.millis()).ok()?;
    DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&time)
        .ok()
}
