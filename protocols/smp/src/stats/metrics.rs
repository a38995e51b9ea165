//! What the relay counts, for Prometheus.
