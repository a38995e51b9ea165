//! The admin API: HTTP with JSON over the daemon's unix socket, and over TCP where an operator wants
//! that.
//!
//! - [`types`] and [`paths`] are the API itself, and all that plugins and tools need.
//! - Feature `server`: [`server::router`] answers it, on top of `relay_core::core::Core`. Whoever
//!   changes something is written to the audit log, with the name the kernel vouches for.
//! - Feature `client`: [`client::Client`] asks it.
//! - Both: [`local::client`] asks it of relays that are open in the same process.
//!
//! Who may write to the socket may do everything; its mode, owner and group decide (`[admin]` in the
//! configuration). Over TCP it is who shows the token.

#[cfg(feature = "client")]
pub mod client;
#[cfg(all(feature = "client", feature = "server"))]
pub mod local;
pub mod paths;
#[cfg(feature = "server")]
pub mod server;
pub mod types;
