//! One port for everything: pages and endpoints of all relays over HTTP and HTTPS, and apps that
//! speak another protocol over TLS on the same port.
//!
//! - A relay gives its [`Site`]s: a router, and the hosts it is for. Which site answers is decided
//!   by the `Host` of a request, and where several sites have the same host, by the path.
//! - On `web.tls_listen` a connection that names a host (SNI) is HTTPS. One that names none goes
//!   to the relay that has [`unnamed_tls`](crate::protocol::Relay::unnamed_tls), whatever it
//!   offers by ALPN.
//!
//! See [`settings`] for what an operator can configure.

pub mod settings;
mod site;

pub use self::site::{Claim, Site};
