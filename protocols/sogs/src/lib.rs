//! The Session Open Group Server: everything about it is in this crate, its tables included.
//!
//! From the bottom to the top, each knowing only what is above it in this list:
//!
//! - [`crypto`] and [`wire`]: ids, signatures, sealing; what goes over the wire. Pure.
//! - [`domain`]: the rules. Pure.
//! - [`config`]: what operators can set.
//! - [`store`] and [`files`]: the tables, and the bytes of uploads.
//! - [`server`] and [`web`]: what apps and browsers ask.
//! - [`jobs`] and [`admin`]: what is done regularly, and what operators do.
//! - [`Sogs`]: the plugin that puts it all together.

pub mod admin;
#[cfg(test)]
mod bed;
#[cfg(any(test, feature = "client"))]
pub mod client;
pub mod config;
pub mod crypto;
pub mod domain;
pub mod files;
pub mod jobs;
mod plugin;
#[cfg(test)]
mod poll;
mod private;
pub mod server;
pub mod store;
#[cfg(test)]
mod vectors;
pub mod web;
pub mod wire;

pub use crate::config::SogsConfig;
pub use crate::plugin::{Sogs, server_key};
