//! Which queue each command of a block is about: one read per role for all of them.

use std::collections::HashMap;

use relay_storage::ReadError;

use super::shared::Shared;
use crate::queue::entity_id;
use crate::store::{Found, Role};
use crate::wire::{Command, Request};

/// Where a command's queue is to be looked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Lookup {
    /// It is about none.
    Nowhere,
    /// The cache will do.
    Cached(Role),
    /// Only the database knows: which message is the first, or who the notifier is.
    Fresh(Role),
}

impl Lookup {
    pub(crate) fn of(command: &Command<'_>) -> Self {
        match command {
            Command::Sub => Self::Fresh(Role::Recipient),
            Command::Nsub => Self::Fresh(Role::Notifier),
            Command::Lkey(_) | Command::Lget => Self::Fresh(Role::Link),
            Command::Send { .. } | Command::Skey(_) => Self::Cached(Role::Sender),
            Command::Key(_)
            | Command::Rkey(_)
            | Command::Lset { .. }
            | Command::Ldel
            | Command::Nkey(_)
            | Command::Ndel
            | Command::Get
            | Command::Ack(_)
            | Command::Off
            | Command::Del
            | Command::Que => Self::Cached(Role::Recipient),
            Command::New(_)
            | Command::Subs(_)
            | Command::Nsubs(_)
            | Command::Ping
            | Command::Prxy { .. }
            | Command::Pfwd { .. }
            | Command::Rfwd(_)
            | Command::Rslv(_) => Self::Nowhere,
        }
    }
}

/// A queue and where it was found.
#[derive(Clone, Debug)]
pub(crate) struct Located {
    pub(crate) found: Found,
    /// It may have changed since it was read.
    pub(crate) cached: bool,
}

impl Shared {
    /// The queues of these commands, in their order. With `fresh`, none from the cache.
    pub(crate) async fn locate(
        &self,
        requests: &[&Request<'_>],
        fresh: bool,
    ) -> Result<Vec<Option<Located>>, ReadError> {
        let mut located = vec![None; requests.len()];
        let mut missing: HashMap<Role, Vec<usize>> = HashMap::new();
        for (at, request) in requests.iter().enumerate() {
            let role = match Lookup::of(&request.command) {
                Lookup::Nowhere => continue,
                Lookup::Fresh(role) => role,
                Lookup::Cached(role) if fresh => role,
                Lookup::Cached(role) => match self.cached(role, request) {
                    Some(found) => {
                        located[at] = Some(found);
                        continue;
                    }
                    None => role,
                },
            };
            missing.entry(role).or_default().push(at);
        }
        for (role, places) in missing {
            self.read(role, requests, &places, &mut located).await?;
        }
        Ok(located)
    }

    fn cached(&self, role: Role, request: &Request<'_>) -> Option<Located> {
        let id = entity_id(request.entity_id.as_bytes())?;
        let record = self.records.get(role, &id)?;
        let found = Found { record, head: None };
        Some(Located {
            found,
            cached: true,
        })
    }

    async fn read(
        &self,
        role: Role,
        requests: &[&Request<'_>],
        places: &[usize],
        located: &mut [Option<Located>],
    ) -> Result<(), ReadError> {
        let generation = self.records.generation();
        let ids: Vec<&[u8]> = (places.iter())
            .map(|at| requests[*at].entity_id.as_bytes())
            .collect();
        let found = self.reads.find(role, &ids).await?;
        let mut by_id: HashMap<Vec<u8>, Found> = HashMap::with_capacity(found.len());
        for found in found {
            self.records.keep(role, &found.record, generation);
            if let Some(id) = id_in(role, &found) {
                by_id.insert(id, found);
            }
        }
        for (at, id) in places.iter().zip(ids) {
            let found = by_id.get(id).cloned();
            located[*at] = found.map(|found| Located {
                found,
                cached: false,
            });
        }
        Ok(())
    }
}

fn id_in(role: Role, found: &Found) -> Option<Vec<u8>> {
    let record = &found.record;
    match role {
        Role::Link => record.link_id.clone(),
        Role::Notifier => record
            .notifier
            .as_ref()
            .map(|notifier| notifier.id.to_vec()),
        Role::Recipient => Some(record.recipient_id.to_vec()),
        Role::Sender => Some(record.sender_id.to_vec()),
    }
}
