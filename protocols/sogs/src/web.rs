//! The pages for people with browsers: the list of rooms, and for each room its link, its code and
//! its recent messages.
//!
//! Promises: what a page shows is what everybody may read without asking; names and messages are
//! text and never markup; nothing is loaded from elsewhere, and browsers are told to refuse it;
//! without script everything works but new messages coming in by themselves. The pages know nothing
//! of the database: they ask a [`Source`].
//!
//! | Path | |
//! |---|---|
//! | `/`, `/r` | the rooms |
//! | `/r/TOKEN/` | a room; `/r/TOKEN` and join links (`/TOKEN?public_key=…`) lead there |
//! | `/r/TOKEN/messages` | its recent messages, as JSON for the page's script |
//! | `/r/TOKEN/invite.svg`, `invite.png` | its link as a QR code |
//! | `/r/TOKEN/image` | its image |
//! | `/static/…`, `/robots.txt` | |

pub mod claims;
mod image;
mod index;
mod invite;
mod messages;
mod pages;
mod problem;
mod room;
mod source;
mod theme;
mod time;

use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::extract::State;
use axum::middleware::map_response_with_state;
use axum::response::Response;
use axum::routing::get;
use relay_pages::{Robots, Theme, secure};

pub use self::messages::Note;
pub use self::source::{RoomCard, Source, Unavailable};
pub use self::theme::load as load_theme;
use crate::config::Current;

/// What all pages stand on.
#[derive(Debug)]
pub struct Web<S> {
    source: S,
    config: Current,
    public_key: String,
    theme: RwLock<Arc<Theme>>,
}

impl<S: Source> Web<S> {
    /// Pages of a server with this public key, in hex.
    pub fn new(source: S, config: Current, public_key: String, theme: Theme) -> Arc<Self> {
        Arc::new(Self {
            source,
            config,
            public_key,
            theme: RwLock::new(Arc::new(theme)),
        })
    }

    /// Shows pages in another theme from now on.
    pub fn set_theme(&self, theme: Theme) {
        *self.theme.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(theme);
    }

    /// Everything that is answered to browsers, `404` included. The routes of the API come before.
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/", get(index::list::<S>))
            .route("/r", get(index::list::<S>))
            .route("/r/{token}", get(room::slash::<S>))
            .route("/r/{token}/", get(room::page::<S>))
            .route("/r/{token}/messages", get(messages::list::<S>))
            .route("/r/{token}/invite.svg", get(invite::svg::<S>))
            .route("/r/{token}/invite.png", get(invite::png::<S>))
            .route("/r/{token}/image", get(image::show::<S>))
            .route("/static/{file}", get(theme::asset::<S>))
            .route("/robots.txt", get(index::robots::<S>))
            .route("/{token}", get(room::join_link::<S>))
            .fallback(problem::not_found::<S>)
            .layer(map_response_with_state(
                Arc::clone(self),
                keep_to_itself::<S>,
            ))
            .with_state(Arc::clone(self))
    }

    fn robots(&self) -> Robots {
        Robots::hidden(self.config.get().web.hide_from_search_engines)
    }

    fn theme(&self) -> Arc<Theme> {
        Arc::clone(&self.theme.read().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn keep_to_itself<S: Source>(
    State(web): State<Arc<Web<S>>>,
    mut response: Response,
) -> Response {
    secure(&mut response, web.robots());
    response
}

#[cfg(test)]
mod tests;
