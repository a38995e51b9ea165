//! The pages of links that apps make. All of a kind are the same page: what tells them apart is
//! behind the `#`, and that stays in the browser.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use relay_pages::Page;

use super::Web;

/// What a link is for, told by the first part of its path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// `/contact`, `/a`: somebody's address.
    Contact,
    /// `/invitation`, `/i`: works once.
    Invitation,
    /// `/c`.
    Channel,
    /// `/g`.
    Group,
    /// `/r`: a relay of channels.
    Relay,
}

/// What a page says of its kind.
#[derive(Debug)]
struct Words {
    heading: &'static str,
    lead: &'static str,
}

#[derive(Debug, Template)]
#[template(path = "link.html")]
struct LinkPage {
    words: Words,
}

/// With and without a slash at the end.
pub(super) const PATHS: [(&str, Kind); 14] = [
    ("/contact", Kind::Contact),
    ("/contact/", Kind::Contact),
    ("/a", Kind::Contact),
    ("/a/", Kind::Contact),
    ("/invitation", Kind::Invitation),
    ("/invitation/", Kind::Invitation),
    ("/i", Kind::Invitation),
    ("/i/", Kind::Invitation),
    ("/c", Kind::Channel),
    ("/c/", Kind::Channel),
    ("/g", Kind::Group),
    ("/g/", Kind::Group),
    ("/r", Kind::Relay),
    ("/r/", Kind::Relay),
];

pub(super) fn routes() -> Router<Web> {
    PATHS
        .into_iter()
        .fold(Router::new(), |router, (path, kind)| {
            let page = move |State(web): State<Web>| async move { web.link(path, kind) };
            router.route(path, get(page))
        })
}

impl Kind {
    const fn words(self) -> Words {
        let (heading, lead) = match self {
            Self::Contact => (
                "An address on SimpleX",
                "With this link you can write to whoever gave it to you, in a private messenger that knows no phone numbers and no accounts.",
            ),
            Self::Invitation => (
                "You are invited to talk on SimpleX",
                "This link works once, and is for you alone: whoever connects with it first has used it up.",
            ),
            Self::Channel => (
                "A channel on SimpleX",
                "With this link you can follow a channel, in a private messenger that knows no phone numbers and no accounts.",
            ),
            Self::Group => (
                "A group on SimpleX",
                "With this link you can join a group, in a private messenger that knows no phone numbers and no accounts.",
            ),
            Self::Relay => (
                "A relay for SimpleX channels",
                "With this link the owner of a channel can let this relay pass the channel's messages on.",
            ),
        };
        Words { heading, lead }
    }
}

impl Web {
    fn link(&self, path: &str, kind: Kind) -> Response {
        let words = kind.words();
        let page = Page {
            frame: self.frame(&self.settings.now(), path),
            name: words.heading.to_owned(),
            scripts: self.scripts(&["qr.js", "link.js", "copy.js"]),
            body: LinkPage { words },
        };
        page.answer(StatusCode::OK)
    }
}
