//! Pages that say why there is no other.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::{Source, Unavailable, Web};

/// Why there is no page.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Problem {
    /// There is nothing here, or nothing that everybody may know of.
    NotFound,
    /// A room not everybody may read.
    Private,
    /// The operator does not want the rooms listed.
    NoIndex,
    /// The store does not answer.
    Unavailable,
}

impl Problem {
    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Private | Self::NoIndex => StatusCode::FORBIDDEN,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::NotFound => ("Nothing here", "There is no page at this address."),
            Self::Private => (
                "A private room",
                "Not everybody may read this room. Whoever invited you can tell you how to join.",
            ),
            Self::NoIndex => (
                "A server of communities",
                "Its rooms are not listed. To join one, ask for its link.",
            ),
            Self::Unavailable => (
                "Not now",
                "The server has a problem with its database. Please try again in a minute.",
            ),
        }
    }
}

impl From<Unavailable> for Problem {
    fn from(_: Unavailable) -> Self {
        Self::Unavailable
    }
}

impl<S: Source> Web<S> {
    pub(super) fn problem(&self, problem: Problem) -> Response {
        let (heading, text) = problem.words();
        let frame = self.frame(&self.config.get());
        relay_pages::Problem { heading, text }.answer(frame, problem.status())
    }
}

pub(super) async fn not_found<S: Source>(State(web): State<Arc<Web<S>>>) -> Response {
    web.problem(Problem::NotFound)
}
