//! Both sides of a session, connected in memory.

mod blocks;
mod garbage;
mod handshake;
pub(crate) mod pair;
mod services;
