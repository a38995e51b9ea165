//! Headers that keep pages to themselves.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};

/// Everything from this server, nothing within the page itself.
pub const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
    img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");
const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// What search engines are asked to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Robots {
    /// Anything.
    Welcome,
    /// Stay away.
    Away,
}

impl Robots {
    /// [`Self::Away`] for operators who hide from them.
    pub const fn hidden(hide: bool) -> Self {
        if hide { Self::Away } else { Self::Welcome }
    }
}

/// Adds to an answer what every answer to a browser has.
pub fn secure(response: &mut Response, robots: Robots) {
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (OPENER, "same-origin"),
        (RESOURCE, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if robots == Robots::Away {
        headers.insert(ROBOTS, HeaderValue::from_static("noindex, nofollow"));
    }
    cache(headers);
}

/// What says nothing else is asked for again every time.
fn cache(headers: &mut HeaderMap) {
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-cache"));
}

/// `/robots.txt`.
pub fn robots_txt(robots: Robots) -> Response {
    let rule = match robots {
        Robots::Welcome => "Disallow:",
        Robots::Away => "Disallow: /",
    };
    let text = format!("User-agent: *\n{rule}\n");
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
