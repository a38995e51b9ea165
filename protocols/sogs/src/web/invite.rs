//! The link to join a room, as a QR code.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use relay_pages::QrCode;

use super::{Source, Web};

pub(super) async fn svg<S: Source>(
    State(web): State<Arc<Web<S>>>,
    Path(token): Path<String>,
) -> Response {
    web.invitation(&token, "image/svg+xml", |code| code.svg().into_bytes())
        .await
}

/// 512 by 512, as the reference has it.
pub(super) async fn png<S: Source>(
    State(web): State<Arc<Web<S>>>,
    Path(token): Path<String>,
) -> Response {
    web.invitation(&token, "image/png", QrCode::png).await
}

impl<S: Source> Web<S> {
    async fn invitation(
        &self,
        token: &str,
        content_type: &'static str,
        draw: impl FnOnce(&QrCode) -> Vec<u8>,
    ) -> Response {
        let config = self.config.get();
        let room = match self.readable(&config, token).await {
            Ok(room) => room,
            Err(problem) => return self.problem(problem),
        };
        match QrCode::of(&self.join_url(&config, &room)) {
            Ok(code) => ([(CONTENT_TYPE, content_type)], draw(&code)).into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}
