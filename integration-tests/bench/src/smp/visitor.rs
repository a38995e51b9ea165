//! Clients that connect and subscribe to what is theirs.

use std::sync::{Arc, Mutex, PoisonError};

use relay_smp::client::{Call, Queue};
use relay_smp::wire::{Command, Response};

use super::server::{Connection, Server, refused};
use crate::drive::{Client, Failure, Traffic};

/// Connections that stay open until it is dropped.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held(Arc<Mutex<Vec<Connection>>>);

/// Connects, subscribes to its queues, and leaves, or stays.
#[derive(Debug)]
pub(crate) struct Visitor {
    server: Arc<Server>,
    queues: Vec<Queue>,
    held: Option<Held>,
}

impl Visitor {
    /// Makes its queues and leaves.
    pub(crate) async fn prepare(
        server: &Arc<Server>,
        queues: usize,
        held: Option<Held>,
    ) -> Result<Self, Failure> {
        let queues = if queues == 0 {
            Vec::new()
        } else {
            let connection = server.connect().await?;
            server.create_many(&connection.client, queues).await?
        };
        Ok(Self {
            server: Arc::clone(server),
            queues,
            held,
        })
    }

    async fn subscribe(&self, connection: &Connection) -> Result<(), Failure> {
        let calls: Vec<Call<'_>> = self
            .queues
            .iter()
            .map(|queue| queue.call(Command::Sub))
            .collect();
        for answer in connection.client.batch(&calls).await.map_err(refused)? {
            let answer = answer.map_err(refused)?;
            match answer.response().map_err(refused)? {
                Response::Ok | Response::Sok(_) => {}
                other => return Err(Failure::new(format!("unexpected {}", other.tag()))),
            }
        }
        Ok(())
    }
}

impl Client for Visitor {
    async fn step(&mut self) -> Result<Traffic, Failure> {
        let connection = self.server.connect().await?;
        self.subscribe(&connection).await?;
        if let Some(Held(held)) = &self.held {
            let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
            held.push(connection);
        }
        Ok(Traffic::default())
    }
}
