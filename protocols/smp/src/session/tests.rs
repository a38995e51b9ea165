//! Both sides of a session, connected in memory.

mod blocks;
mod handshake;
pub(crate) mod pair;
