//! The tables of the server: everything it must not forget.
//!
//! [`ids`] names rows, [`schema`] makes the tables.

pub mod ids;
pub mod schema;
