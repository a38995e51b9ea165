//! Tests of the engine, on SQLite and PostgreSQL.
