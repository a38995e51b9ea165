//! The Session Open Group Server as its clients see it: who they are, how their requests travel,
//! and a server made for one test.
//!
//! ```no_run
//! use integration_tests::sogs::World;
//!
//! World::each(|world| {
//!     let room = world.room("lounge");
//!     let alice = world.user();
//!     let sent = alice.says(&room, "hello");
//!     let seen = alice.get(&room.at("/messages/since/0")).ok();
//!     assert_eq!(seen[0]["id"], sent["id"]);
//! });
//! ```
//!
//! [`World::each`] runs a test once for each way a request can travel: in clear, and in onion
//! requests of the fourth generation. Every world has its own daemon, so that ids and sequence
//! numbers begin at 1.

mod answer;
mod caller;
mod messages;
mod server;
mod world;

pub use answer::Answer;
pub use caller::{Caller, Signed, now};
pub use messages::{b64, base64, image, padded, post, text_of, without_times};
pub use relay_sogs::client::As;
pub use server::{Over, Server};
pub use world::{Role, Room, World};
