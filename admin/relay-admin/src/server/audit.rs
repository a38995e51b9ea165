//! Writes every change made through the admin API to the audit log.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::Method;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use nix::unistd::{Uid, User};
use relay_core::audit::Event;
use relay_core::core::Core;
use relay_core::net::Peer;

use super::problem::Refusal;

/// What a request was about, without secrets; put it into a response's extensions.
#[derive(Clone, Debug)]
pub struct Detail(pub String);

impl Detail {
    /// Puts it beside an answer.
    pub fn with<R>(self, answer: R) -> (axum::Extension<Self>, R) {
        (axum::Extension(self), answer)
    }
}

/// Says that a handler has written its own entry.
#[derive(Clone, Copy, Debug)]
pub struct Recorded;

/// Who asks, for handlers that write their own entry.
#[derive(Clone, Debug)]
pub struct Actor(pub String);

impl<S: Sync> FromRequestParts<S> for Actor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(
            parts.extensions.get::<Peer>().map_or_else(unknown, actor),
        ))
    }
}

/// The middleware.
pub(super) async fn record(
    State(core): State<Arc<Core>>,
    request: Request,
    next: Next,
) -> Response {
    if request.method() == Method::GET || request.method() == Method::HEAD {
        return next.run(request).await;
    }
    let actor = request
        .extensions()
        .get::<Peer>()
        .map_or_else(unknown, actor);
    let action = action(&request);
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    let extensions = response.extensions();
    if extensions.get::<Recorded>().is_some() {
        return response;
    }
    let detail = extensions
        .get::<Detail>()
        .map_or(path, |detail| detail.0.clone());
    let outcome = match extensions.get::<Refusal>() {
        Some(refusal) => refusal.to_string(),
        None if response.status().is_success() => "done".to_owned(),
        None => response.status().to_string(),
    };
    // An operator must be able to act while the database cannot be written.
    if let Err(error) = core
        .audit
        .record(Event {
            actor,
            action,
            detail,
            outcome,
        })
        .await
    {
        tracing::warn!("the audit log cannot be written: {error}");
    }
    response
}

/// `PUT /v1/log/level` is `put log.level`.
fn action(request: &Request) -> String {
    let path = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("", MatchedPath::as_str);
    let words = path
        .trim_start_matches("/v1/")
        .split('/')
        .filter(|word| !word.starts_with('{'));
    let verb = request.method().as_str().to_ascii_lowercase();
    format!("{verb} {}", words.collect::<Vec<_>>().join("."))
}

/// Whom the kernel vouches for, or who showed the token.
fn actor(peer: &Peer) -> String {
    let Some(credentials) = peer.credentials() else {
        return if peer.is_unix() {
            unknown()
        } else {
            "token".to_owned()
        };
    };
    let uid = credentials.uid();
    let name = User::from_uid(Uid::from_raw(uid))
        .ok()
        .flatten()
        .map(|user| user.name);
    match name {
        Some(name) => format!("{name} ({uid})"),
        None => format!("uid {uid}"),
    }
}

fn unknown() -> String {
    "unknown".to_owned()
}
