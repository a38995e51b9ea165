//! What monitoring asks: `/metrics`, `/livez`, `/readyz`.
//!
//! - `/livez` answers 200 as long as the daemon runs its event loop.
//! - `/readyz` answers 200 when every listener is bound and every part is well; else 503, with
//!   a line for each part that is not.
//! - `/metrics` is Prometheus' text format.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::core::Core;
use crate::protocol::Health;

/// The routes of the metrics listeners.
pub(crate) fn router(core: Arc<Core>) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(readyz))
        .with_state(core)
}

async fn metrics(State(core): State<Arc<Core>>) -> Response {
    let format = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    (format, core.render_metrics()).into_response()
}

async fn readyz(State(core): State<Arc<Core>>) -> Response {
    let mut lines = String::new();
    for (part, health) in core.health() {
        if let Health::Ill(reason) = health {
            lines.extend([part, ": ", &reason, "\n"]);
        }
    }
    if lines.is_empty() {
        (StatusCode::OK, "ready\n").into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, lines).into_response()
    }
}
