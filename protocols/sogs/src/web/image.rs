//! The image of a room, under the type that it is: files have none.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use super::{Source, Web};

/// Its address changes with it.
const FOR_LONG: &str = "public, max-age=604800, immutable";

pub(super) async fn show<S: Source>(
    State(web): State<Arc<Web<S>>>,
    Path(token): Path<String>,
) -> Response {
    let image = web.image(&token).await;
    image.unwrap_or_else(|problem| problem.status().into_response())
}

impl<S: Source> Web<S> {
    async fn image(&self, token: &str) -> Result<Response, Problem> {
        let room = self.readable(&self.config.get(), token).await?;
        let bytes = self.source.image(&room).await?.ok_or(Problem::NotFound)?;
        let content_type = kind(&bytes).ok_or(Problem::NotFound)?;
        let headers = [(CONTENT_TYPE, content_type), (CACHE_CONTROL, FOR_LONG)];
        Ok((StatusCode::OK, headers, bytes).into_response())
    }
}

/// Of images that cannot do anything but be looked at.
fn kind(bytes: &[u8]) -> Option<&'static str> {
    let known: [(&[u8], _); 4] = [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF8", "image/gif"),
        (b"RIFF", "image/webp"),
    ];
    let (_, kind) = known
        .into_iter()
        .find(|(start, _)| bytes.starts_with(start))?;
    let webp = bytes.get(8..12) == Some(b"WEBP");
    (kind != "image/webp" || webp).then_some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_images_are_images() {
        assert_eq!(kind(b"\x89PNG\r\n\x1a\n..."), Some("image/png"));
        assert_eq!(kind(b"\xff\xd8\xff\xe0"), Some("image/jpeg"));
        assert_eq!(kind(b"RIFF\0\0\0\0WEBPVP8 "), Some("image/webp"));
        for other in [&b"RIFF\0\0\0\0WAVE"[..], b"<svg onload=x>", b"<html>", b""] {
            assert_eq!(kind(other), None);
        }
    }
}
