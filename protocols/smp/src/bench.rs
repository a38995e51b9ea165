//! What benchmarks may see of the engine: an engine on a store, and connections without sockets.

use relay_core::clock::SharedClock;
use relay_core::entropy::Entropy;
use relay_storage::{Migrations, ReadError, Store};

use crate::engine::{Answer, Connection, Engine, Ground, SessionFacts, Settings};
use crate::wire::{Refusal, Request, Session, TooLarge, Version, write};

/// The tables it needs.
pub const MIGRATIONS: Migrations = crate::store::MIGRATIONS;

/// An engine with the usual settings.
#[derive(Clone, Debug)]
pub struct Lab(Engine);

/// A connection to it.
#[derive(Debug)]
pub struct Bench(Connection);

impl Lab {
    /// On a migrated database.
    pub async fn open(
        store: Store,
        clock: SharedClock,
        entropy: Entropy,
    ) -> Result<Self, ReadError> {
        let ground = Ground {
            store,
            clock,
            entropy,
        };
        Engine::start(ground, Settings::default()).await.map(Self)
    }

    /// A new connection of version 18.
    pub fn connect(&self) -> Bench {
        Bench(self.0.attach(SessionFacts {
            version: Version::NOTICES,
            session_key: None,
            peer_key: None,
            max_version: Version::NOTICES,
        }))
    }
}

impl Bench {
    /// Executes a block; gives its answers as transmissions.
    pub async fn execute(
        &mut self,
        session: Session<'_>,
        requests: &[Result<Request<'_>, Refusal<'_>>],
    ) -> Result<Vec<Vec<u8>>, TooLarge> {
        let answers = self.0.execute(requests).await;
        encode(session, answers.refused.iter().chain(&answers.done))
    }

    /// Waits for events; gives them as transmissions.
    pub async fn events(&mut self, session: Session<'_>) -> Result<Vec<Vec<u8>>, TooLarge> {
        self.0.ready().await;
        let events = self.0.events(1 << 20).await;
        encode(session, events.iter())
    }
}

fn encode<'a>(
    session: Session<'_>,
    answers: impl Iterator<Item = &'a Answer>,
) -> Result<Vec<Vec<u8>>, TooLarge> {
    let each = answers.map(|answer| {
        let mut bytes = Vec::with_capacity(answer.weight());
        write(&mut bytes, crate::wire::BLOCK, |out| {
            answer.encode(session, out);
        })?;
        Ok(bytes)
    });
    each.collect()
}
