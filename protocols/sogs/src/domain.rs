//! The rules of the server: who may do what, what counts as what, what becomes visible when.
//!
//! Pure and synchronous: rows, times and random generators come in as arguments, decisions go out.
//! Nothing here asks a database, so that everything here can be tested with every input.

pub mod counters;
pub mod files;
pub mod filter;
pub mod futures;
pub mod identity;
pub mod inbox;
pub mod moderation;
pub mod nonces;
pub mod permissions;
pub mod posts;
pub mod rate;
pub mod reactions;
pub mod roster;
pub mod token;
pub mod whisper;
