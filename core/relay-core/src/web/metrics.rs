//! Figures of the shared web ports.

use prometheus::{IntCounter, IntGaugeVec};

use super::certificate::CertificateFacts;
use crate::telemetry::metrics::Metrics;

/// Who connects to a shared port over TLS.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Caller {
    /// An authority that looks whether a host is ours.
    Authority,
    /// A browser.
    Browser,
    /// An app that names no host.
    Unnamed,
}

impl Caller {
    const ALL: [(Self, &'static str); 3] = [
        (Self::Authority, "acme"),
        (Self::Browser, "https"),
        (Self::Unnamed, "unnamed"),
    ];
}

/// What is counted.
#[derive(Clone, Debug)]
pub(crate) struct WebMetrics {
    callers: [IntCounter; Caller::ALL.len()],
    expires: IntGaugeVec,
}

impl WebMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let callers = metrics.counters(
            "relayd_web_tls_connections_total",
            "TLS connections to shared web ports, by who takes them.",
            &["kind"],
        );
        let expires = metrics.gauges(
            "relayd_web_certificate_expires_timestamp_seconds",
            "When the web certificate in use expires, by where it comes from.",
            &["source"],
        );
        Self {
            callers: Caller::ALL.map(|(_, label)| callers.with_label_values(&[label])),
            expires,
        }
    }

    pub(crate) fn called(&self, caller: Caller) {
        let position = Caller::ALL.iter().position(|(known, _)| *known == caller);
        self.callers[position.unwrap_or_default()].inc();
    }

    pub(crate) fn shows(&self, certificate: &CertificateFacts) {
        self.expires.reset();
        let source = certificate.source.label();
        let expires = self.expires.with_label_values(&[source]);
        expires.set(certificate.not_after.secs());
    }
}
