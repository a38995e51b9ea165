//! The tables of the relay and every statement on them.
//!
//! Statements have fixed texts, the same for both databases, and are prepared once per
//! connection. Reading happens through the pool ([`Reads`]), writing inside units of work only
//! ([`writes`]).

mod schema;

pub(crate) use schema::MIGRATIONS;
