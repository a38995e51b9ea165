//! Layered, typed configuration: files, environment, and errors that say where and what to do.
//!
//! This crate knows no section. Whoever needs configuration declares a struct, and the doc
//! comments on it become the manual that operators read in the example file:
//!
//! ```
//! use relay_config::{ByteSize, OneOrMany, Secret, Section, SectionSpec, Sources, Span, load};
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//!
//! /// The message relay.
//! #[derive(Debug, Deserialize, JsonSchema, Serialize)]
//! #[serde(default, deny_unknown_fields)]
//! struct Relay {
//!     /// Addresses to listen on.
//!     listen: OneOrMany<String>,
//!     /// How long an idle connection stays open.
//!     #[schemars(extend("x-reload" = true))]
//!     idle: Span,
//!     /// The largest message accepted.
//!     max_message: ByteSize,
//!     /// Who knows this may create queues; without it, everybody may.
//!     #[schemars(extend("x-example" = "correct horse battery staple"))]
//!     create_password: Option<Secret>,
//! }
//!
//! impl Default for Relay {
//!     fn default() -> Self {
//!         Self {
//!             listen: OneOrMany::one("127.0.0.1:5223".to_owned()),
//!             idle: Span::secs(300),
//!             max_message: ByteSize::kib(16),
//!             create_password: None,
//!         }
//!     }
//! }
//!
//! impl Section for Relay {
//!     const NAME: &'static str = "relay";
//! }
//!
//! let specs = [SectionSpec::of::<Relay>()];
//! let sources = Sources {
//!     env: vec![("RELAYD__RELAY__IDLE".to_owned(), "10m".to_owned())],
//!     ..Sources::default()
//! };
//! let loaded = load(&sources, &specs)?;
//! assert_eq!(loaded.section::<Relay>()?.idle, Span::secs(600));
//! assert_eq!(loaded.origin("relay.idle").to_string(), "environment RELAYD__RELAY__IDLE");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Three marks in a field's schema steer what is done with it: `x-reload` (a reload takes a new
//! value over; on a table it holds for all keys inside), `x-secret` (the value is shown nowhere; a
//! [`Secret`] has it by itself) and `x-example` (a sensible value to show, for keys that are unset
//! by default). A field that is a struct is a table inside the section, `[relay.limits]`.
//!
//! The list of all sections then gives everything else: [`load`] and every problem at once,
//! [`show()`] what is in force and why, [`example()`] the commented file, [`schema`] the schema for
//! editors, [`diff()`] what a reload changes.

mod byte_size;
mod catalog;
mod check;
mod diff;
mod environment;
mod errors;
mod example;
mod file;
mod key;
mod literal;
mod load;
mod loaded;
mod node;
mod one_or_many;
mod origin;
mod secret;
mod section;
mod shape;
mod show;
mod sources;
mod span;

pub use crate::{
    byte_size::{ByteSize, NotAByteSize},
    diff::{Change, diff},
    errors::{ConfigError, ConfigErrors},
    example::example,
    load::{load, load_only},
    loaded::Loaded,
    one_or_many::OneOrMany,
    origin::Origin,
    secret::{HIDDEN, Secret},
    section::{Section, SectionSpec},
    show::{Shown, render, show},
    sources::{CONFIG_VARIABLE, Sources},
    span::{NotASpan, Span},
};

/// One JSON schema for the whole file, for editors.
pub fn schema(specs: &[SectionSpec]) -> serde_json::Value {
    catalog::Catalog::of(specs).into_schema()
}
