//! What every request to the shared web ports passes: the authority's challenge, the way to
//! HTTPS, and the site for its host.
//!
//! Requests without a host are refused, those for a host nobody serves are not found. Every
//! answer tells browsers not to guess what it is.

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;

use super::acme::Tokens;
use super::certificate::Certificates;
use super::host;
use super::settings::WebSettings;
use super::site::{Site, find};
use crate::net::ListenAddr;

const CHALLENGE: &str = "/.well-known/acme-challenge/";
const HTTPS: u16 = 443;

/// The way in, for all requests.
#[derive(Debug)]
pub(crate) struct Door {
    sites: ArcSwap<Vec<Site>>,
    policy: ArcSwap<Policy>,
    certificates: Option<Arc<Certificates>>,
    tokens: Option<Arc<Tokens>>,
}

/// What can be changed while serving.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    redirect: bool,
    https_port: u16,
    hsts: Option<HeaderValue>,
}

impl Policy {
    pub(crate) fn of(settings: &WebSettings) -> Self {
        let listened = settings
            .tls_listen
            .iter()
            .find_map(|address| match address {
                ListenAddr::Tcp(address) => Some(address.port()),
                ListenAddr::Unix(_) => None,
            });
        let hsts = settings.hsts.get().as_secs();
        let hsts = (hsts > 0).then(|| HeaderValue::try_from(format!("max-age={hsts}")).ok());
        Self {
            redirect: settings.redirect,
            https_port: settings.https_port.or(listened).unwrap_or(HTTPS),
            hsts: hsts.flatten(),
        }
    }
}

/// Which side of the door: over TLS, or in clear.
#[derive(Clone)]
struct Side {
    door: Arc<Door>,
    secure: bool,
}

impl Door {
    pub(crate) fn new(
        policy: Policy,
        certificates: Option<Arc<Certificates>>,
        tokens: Option<Arc<Tokens>>,
    ) -> Self {
        Self {
            sites: ArcSwap::default(),
            policy: ArcSwap::from_pointee(policy),
            certificates,
            tokens,
        }
    }

    pub(crate) fn replace(&self, sites: Vec<Site>, policy: Policy) {
        self.sites.store(Arc::new(sites));
        self.policy.store(Arc::new(policy));
    }

    /// What answers on this side.
    pub(crate) fn router(self: &Arc<Self>, secure: bool) -> Router {
        let door = Arc::clone(self);
        Router::new()
            .fallback(enter)
            .with_state(Side { door, secure })
    }

    /// What the authority asked for, if it is this.
    fn challenge(&self, uri: &Uri) -> Option<Response> {
        let tokens = self.tokens.as_ref()?;
        let token = uri.path().strip_prefix(CHALLENGE)?;
        let found = tokens.answer(token);
        let kind = [(header::CONTENT_TYPE, "application/octet-stream")];
        Some(found.map_or_else(not_found, |answer| (kind, answer).into_response()))
    }

    /// Where a browser is better off.
    fn elsewhere(&self, host: Option<&str>, site: &Site, request: &Request) -> Option<Response> {
        let (policy, host) = (self.policy.load(), host?);
        let asks = matches!(*request.method(), Method::GET | Method::HEAD);
        let stays = site.plain.is_some_and(|plain| plain(request.uri()));
        let believed = self.certificates.as_ref()?.are_believed_for(host);
        if !policy.redirect || !asks || stays || !believed {
            return None;
        }
        let path = request
            .uri()
            .path_and_query()
            .map_or("/", PathAndQuery::as_str);
        let location = match policy.https_port {
            HTTPS => format!("https://{host}{path}"),
            port => format!("https://{host}:{port}{path}"),
        };
        let location = HeaderValue::try_from(location).ok()?;
        let moved = StatusCode::PERMANENT_REDIRECT;
        Some((moved, [(header::LOCATION, location)]).into_response())
    }
}

async fn enter(State(side): State<Side>, request: Request) -> Response {
    let challenge = side.door.challenge(request.uri());
    let mut response = match challenge.filter(|_| !side.secure) {
        Some(answer) => answer,
        None => answer(&side, request).await,
    };
    let headers = response.headers_mut();
    headers
        .entry(header::X_CONTENT_TYPE_OPTIONS)
        .or_insert(HeaderValue::from_static("nosniff"));
    let hsts = side.door.policy.load().hsts.clone();
    if let Some(hsts) = hsts.filter(|_| side.secure) {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, hsts);
    }
    response
}

async fn answer(from: &Side, mut request: Request) -> Response {
    let bad = |what: &'static str| (StatusCode::BAD_REQUEST, what).into_response();
    let Ok(host) = host::of(&request) else {
        return bad("the request names no host, or more than one\n");
    };
    let Some(target) = request.uri().path_and_query().cloned() else {
        return bad("the request names no path\n");
    };
    // Whoever answers need not know that a client wrote all of the URL into the request line.
    *request.uri_mut() = Uri::from(target);
    let sites = from.door.sites.load_full();
    let Some(site) = find(&sites, host.as_deref(), request.uri()) else {
        return not_found();
    };
    if !from.secure
        && let Some(moved) = from.door.elsewhere(host.as_deref(), site, &request)
    {
        return moved;
    }
    let answered = site.router.clone().oneshot(request).await;
    answered.unwrap_or_else(|never| match never {})
}

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "not found\n").into_response()
}
