//! What the listeners count.
//!
//! Everything is labelled by the listener's name, never by an address. Handles are resolved once per listener, so
//! that counting an event is one atomic add.

use std::sync::Arc;

use prometheus::{IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};

/// Why a connection was closed before its service saw it. The variants are the values of the label `reason`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// PROXY header or TLS handshake took too long.
    HandshakeTimeout,
    /// Too many connections from this address.
    LimitAddress,
    /// Too many connections in all.
    LimitTotal,
    /// A trusted proxy sent something else than a PROXY header.
    ProxyHeader,
    /// The TLS handshake failed.
    Tls,
}

impl Refusal {
    const ALL: [Self; 5] = [
        Self::HandshakeTimeout,
        Self::LimitAddress,
        Self::LimitTotal,
        Self::ProxyHeader,
        Self::Tls,
    ];

    fn label(self) -> &'static str {
        match self {
            Self::HandshakeTimeout => "handshake_timeout",
            Self::LimitAddress => "limit_address",
            Self::LimitTotal => "limit_total",
            Self::ProxyHeader => "proxy_header",
            Self::Tls => "tls",
        }
    }
}

/// The metrics of all listeners of one daemon.
#[derive(Clone, Debug)]
pub struct NetMetrics {
    accepted: IntCounterVec,
    open: IntGaugeVec,
    refused: IntCounterVec,
    accept_errors: IntCounterVec,
    panics: IntCounterVec,
}

impl NetMetrics {
    /// Registers the families. Fails if they are already there.
    pub fn register(registry: &Registry) -> prometheus::Result<Self> {
        let counter = |name: &str, help: &str, labels: &[&str]| {
            let family = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(family.clone()))?;
            Ok::<_, prometheus::Error>(family)
        };
        let name = "relayd_connections_open";
        let open = IntGaugeVec::new(Opts::new(name, "Connections open now."), &["listener"])?;
        registry.register(Box::new(open.clone()))?;
        Ok(Self {
            open,
            accepted: counter(
                "relayd_connections_accepted_total",
                "Connections accepted, refused ones included.",
                &["listener"],
            )?,
            refused: counter(
                "relayd_connections_refused_total",
                "Connections closed before they were served, by reason.",
                &["listener", "reason"],
            )?,
            accept_errors: counter(
                "relayd_accept_errors_total",
                "Failures to accept, such as too many open files.",
                &["listener"],
            )?,
            panics: counter(
                "relayd_connection_panics_total",
                "Panics while serving a connection or a request. Every one is a bug.",
                &["listener"],
            )?,
        })
    }

    /// The handles of the listener called `name`; listeners of one name share their counts.
    pub fn listener(&self, name: &str) -> Arc<ListenerMetrics> {
        let label = &[name];
        Arc::new(ListenerMetrics {
            accepted: self.accepted.with_label_values(label),
            open: self.open.with_label_values(label),
            refused: Refusal::ALL.map(|why| self.refused.with_label_values(&[name, why.label()])),
            accept_errors: self.accept_errors.with_label_values(label),
            panics: self.panics.with_label_values(label),
        })
    }
}

/// The metrics of one listener.
#[derive(Debug)]
pub struct ListenerMetrics {
    pub(super) accepted: IntCounter,
    pub(super) open: IntGauge,
    pub(super) accept_errors: IntCounter,
    refused: [IntCounter; Refusal::ALL.len()],
    panics: IntCounter,
}

impl ListenerMetrics {
    /// Counts a refused connection. For services with a handshake of their own.
    pub fn refused(&self, why: Refusal) {
        self.refused[why as usize].inc();
    }

    /// Counts a panic.
    pub fn panicked(&self) {
        self.panics.inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_names_and_labels() {
        let registry = Registry::new();
        let metrics = NetMetrics::register(&registry).unwrap();
        let sogs = metrics.listener("sogs");
        for (times, why) in Refusal::ALL.into_iter().enumerate() {
            (0..=times).for_each(|_| sogs.refused(why));
        }
        sogs.panicked();
        sogs.open.set(3);
        let text = prometheus::TextEncoder::new()
            .encode_to_string(&registry.gather())
            .unwrap();
        let samples: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            samples,
            [
                r#"relayd_accept_errors_total{listener="sogs"} 0"#,
                r#"relayd_connection_panics_total{listener="sogs"} 1"#,
                r#"relayd_connections_accepted_total{listener="sogs"} 0"#,
                r#"relayd_connections_open{listener="sogs"} 3"#,
                r#"relayd_connections_refused_total{listener="sogs",reason="handshake_timeout"} 1"#,
                r#"relayd_connections_refused_total{listener="sogs",reason="limit_address"} 2"#,
                r#"relayd_connections_refused_total{listener="sogs",reason="limit_total"} 3"#,
                r#"relayd_connections_refused_total{listener="sogs",reason="proxy_header"} 4"#,
                r#"relayd_connections_refused_total{listener="sogs",reason="tls"} 5"#,
            ]
        );
        assert!(
            NetMetrics::register(&registry).is_err(),
            "twice is a bug of the caller"
        );
    }
}
