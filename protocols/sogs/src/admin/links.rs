//! Links to join rooms with.

use axum::Json;
use axum::extract::State;
use relay_pages::QrCode;

use super::types::{Link, Links};
use super::{Shared, Shown};
use crate::server::Server;

pub(super) async fn list(State(server): Shared) -> Shown<Links> {
    let base_url = server.config.get().public_url();
    let rooms = server.tables.rooms().await?;
    let link = |token: &String| {
        let url = server.link(token);
        Link {
            token: token.clone(),
            qr: QrCode::of(&url).map_or_else(|_| String::new(), |code| code.text()),
            url,
        }
    };
    Ok(Json(Links {
        public_key: server.key.public_hex(),
        warning: base_url.warning(),
        base_url: base_url.to_string(),
        rooms: rooms.iter().map(|room| link(&room.token)).collect(),
    }))
}

impl Server {
    pub(super) fn link(&self, token: &str) -> String {
        let (base_url, key) = (self.config.get().public_url(), self.key.public_hex());
        format!("{base_url}/{token}?public_key={key}")
    }
}
