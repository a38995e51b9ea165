//! Who may ask: over the unix socket whoever could connect, over TCP whoever shows the token.
//!
//! The token cannot be guessed; who tries nevertheless is not even listened to after some failures,
//! so that guessing costs us nothing and shows in the metrics. Nobody is locked out by the failures
//! of others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use relay_core::clock::UnixTime;
use relay_core::core::Core;
use relay_core::net::{LimitKey, Peer};

use super::problem::Refusal;

/// So many from one address within [`PERIOD`].
const FAILURES: u32 = 10;
const PERIOD: Duration = Duration::from_mins(1);
/// Addresses remembered at a time.
const ADDRESSES: usize = 4096;

/// Lets in who may ask.
#[derive(Debug)]
pub(super) struct Guard {
    core: Arc<Core>,
    failures: Mutex<HashMap<LimitKey, Failures>>,
}

/// Those of one address.
#[derive(Clone, Copy, Debug)]
struct Failures {
    since: UnixTime,
    count: u32,
}

impl Guard {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self {
            core,
            failures: Mutex::default(),
        }
    }

    fn admit(&self, peer: &Peer, headers: &HeaderMap) -> Result<(), Refusal> {
        if peer.is_unix() {
            return Ok(());
        }
        let (from, now) = (peer.limit_key(), self.core.clock.now());
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let known = failures
            .get(&from)
            .filter(|known| !known.are_over(now))
            .copied();
        if known.is_some_and(|known| known.count >= FAILURES) {
            self.core.admin_refused();
            return Err(Refusal::TooMany(
                "too many requests without the right token; wait a minute".to_owned(),
            ));
        }
        if self.is_right(headers) {
            failures.remove(&from);
            return Ok(());
        }
        self.core.admin_refused();
        make_room(&mut failures, now);
        let before = known.unwrap_or(Failures {
            since: now,
            count: 0,
        });
        let count = before.count + 1;
        failures.insert(from, Failures { count, ..before });
        Err(Refusal::Unauthorized(
            "this is not the token of this relayd; send that of its admin.token_file as `Authorization: Bearer …`".to_owned(),
        ))
    }

    fn is_right(&self, headers: &HeaderMap) -> bool {
        let shown = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let token = self.core.admin_token.as_ref();
        token
            .zip(shown)
            .is_some_and(|(token, (_, shown))| token.is(shown.trim()))
    }
}

impl Failures {
    fn are_over(&self, now: UnixTime) -> bool {
        now.since(self.since) >= PERIOD
    }
}

/// Forgets what is over; and all, when that is not enough: who is refused is refused anyway.
fn make_room(failures: &mut HashMap<LimitKey, Failures>, now: UnixTime) {
    if failures.len() >= ADDRESSES {
        failures.retain(|_, known| !known.are_over(now));
    }
    if failures.len() >= ADDRESSES {
        failures.clear();
    }
}

/// The middleware.
pub(super) async fn required(
    State(guard): State<Arc<Guard>>,
    request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<Peer>();
    let admitted = match peer {
        Some(peer) => guard.admit(peer, request.headers()),
        None => Err(Refusal::Unauthorized("nobody asks".to_owned())),
    };
    match admitted {
        Ok(()) => next.run(request).await,
        Err(refusal) => refused(refusal),
    }
}

fn refused(refusal: Refusal) -> Response {
    let (name, value) = match refusal {
        Refusal::TooMany(_) => (RETRY_AFTER, HeaderValue::from(PERIOD.as_secs())),
        _ => (WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
    };
    let mut response = refusal.into_response();
    response.headers_mut().insert(name, value);
    response
}
