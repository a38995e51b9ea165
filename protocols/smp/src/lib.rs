//! The SimpleX SMP relay: everything about it is in this crate, its tables included.
//!
//! ```text
//! wire      every byte string, parsed and written               pure
//! crypto    boxes, chains, authorizations, messages             pure
//! queue     what may be done with a queue                       pure
//! session   handshake and blocks, both sides                    sans-IO
//! store     tables, reads, units of work
//! engine    a block of commands in, answers and events out
//! identity  CA, leaf, their files            tls   the protocol's TLS, both sides
//! server    one task a connection            client   ours, for tests, load and routing
//! routing   passing on to other servers, and what others pass on
//! admin     what operators can ask and have done    web   pages for browsers
//! control   the text commands of smp-server
//! plugin    all of it as a part of the daemon
//! ```

pub mod admin;
#[cfg(feature = "bench")]
pub mod bench;
pub mod client;
mod config;
mod control;
pub mod crypto;
mod engine;
pub mod identity;
mod plugin;
mod queue;
mod routing;
mod server;
pub mod session;
mod stats;
mod store;
pub mod tls;
mod transport;
mod web;
pub mod wire;

pub use crate::config::{
    Columns, ConnectionConfig, ControlConfig, HostMode, HostingType, IdentityConfig,
    InformationConfig, KeyKind, LimitConfig, NotificationConfig, Pattern, PatternError,
    ProxyConfig, QueueConfig, Settings, SmpConfig, SocksMode, SocksProxy, StatisticsConfig,
    WebConfig,
};

pub use crate::plugin::Smp;
