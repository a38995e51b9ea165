//! What the daemon says about itself: logs, and figures for Prometheus.
//!
//! Neither carries anything about a client; see [`crate::private`].

pub mod logs;
pub mod metrics;
pub(crate) mod own;
