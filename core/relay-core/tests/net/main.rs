//! The net module over real sockets, one file per behaviour.

#![expect(clippy::unwrap_used, reason = "test helpers fail by panicking")]

mod accept;
mod bind;
mod http;
mod inherited;
mod proxied;
mod proxy_protocol;
mod support;
mod tls;
