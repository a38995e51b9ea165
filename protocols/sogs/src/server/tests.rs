//! The whole server over HTTP, in process, on SQLite: what clients see, byte for byte.
//!
//! Most is asked in every [`Way`](bench::Way) a request can come.

mod auth;
mod bench;
mod breakers;
mod direct;
mod files;
mod filters;
mod idle;
mod limits;
mod moderation;
mod posting;
mod reactions;
mod reading;
mod roles;
mod rooms;
mod settings;
