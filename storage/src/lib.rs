//! The storage engine: opening, migrating, group commit, maintenance, backup. It knows no
//! protocol; plugins bring their entities, their queries and their [`Migrations`].
//!
//! # The contract
//!
//! - One [`Store`] per daemon, on SQLite or PostgreSQL, by [`DatabaseUrl`].
//! - Reading goes through [`Store::read`]. Writing goes through [`Store::write`] and nowhere
//!   else: a [`Unit`] of work is written whole or not at all, many units share one commit,
//!   and the caller hears back after the commit ([`Durability`] says what that survives).
//! - A unit that fails, panics or changes its mind fails alone.
//! - A [`Fault`] of the database is an error to the callers it hits and shows in
//!   [`Store::health`], never a crash; service resumes by itself when the fault is gone.
//! - [`backup`] copies a serving database consistently, verifies and restores.
//! - No error text carries data.

pub mod backup;
mod batch;
mod database;
mod error;
mod express;
mod health;
mod job;
mod location;
mod maintenance;
mod migrate;
mod observer;
mod options;
mod postgres;
mod queue;
mod schema;
mod script;
mod sqlite;
mod store;
mod unit;
mod writer;

pub use database::{Database, OpenError};
pub use error::{Fault, ReadError, Violation, WriteError};
pub use location::{DatabaseUrl, UrlError};
pub use maintenance::Maintained;
pub use migrate::{MigrateError, MigrationStatus, Migrations};
pub use observer::{Observer, Unobserved};
pub use options::{Durability, StorageOptions};
pub use schema::MIGRATIONS;
pub use script::{Bind, Script};
pub use store::Store;
pub use unit::{Failure, Unit};
