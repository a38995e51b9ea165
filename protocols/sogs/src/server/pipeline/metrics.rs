//! Figures of requests: how many, how they ended, and where their time went.

use axum::http::StatusCode;
use relay_core::telemetry::metrics::{Histogram, IntCounterVec, Metrics};
use tokio::time::Instant;

/// Seconds, from a cached answer to a slow disk.
const SECONDS: [f64; 14] = [
    0.000_02, 0.000_05, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5,
    2.0,
];

/// The figures.
#[derive(Clone, Debug)]
pub struct RequestMetrics {
    requests: IntCounterVec,
    onion: Histogram,
    auth: Histogram,
    handler: Histogram,
}

impl RequestMetrics {
    /// Registers them.
    pub fn new(metrics: &Metrics) -> Self {
        let seconds = |name, help| metrics.histogram(name, help, &SECONDS);
        Self {
            requests: metrics.counters(
                "relayd_sogs_requests_total",
                "Requests, and parts of batches, by endpoint and outcome.",
                &["endpoint", "outcome"],
            ),
            onion: seconds(
                "relayd_sogs_onion_seconds",
                "Opening onion requests, or sealing their replies.",
            ),
            auth: seconds(
                "relayd_sogs_auth_seconds",
                "Verifying who signed a request, the lookup of the user included.",
            ),
            handler: seconds(
                "relayd_sogs_handler_seconds",
                "Answering a request whose caller is known.",
            ),
        }
    }

    /// Counts an answered request.
    pub fn answered(&self, endpoint: &str, status: StatusCode) {
        let outcome = if status.is_server_error() {
            "failed"
        } else if status.is_client_error() {
            "refused"
        } else {
            "ok"
        };
        self.requests.with_label_values(&[endpoint, outcome]).inc();
    }

    /// Notes how long opening or sealing took.
    pub fn onion(&self, since: Instant) {
        self.onion.observe(since.elapsed().as_secs_f64());
    }

    /// Notes how long it took to know the caller.
    pub fn auth(&self, since: Instant) {
        self.auth.observe(since.elapsed().as_secs_f64());
    }

    /// Notes how long the endpoint took.
    pub fn handler(&self, since: Instant) {
        self.handler.observe(since.elapsed().as_secs_f64());
    }
}
