//! A command on its way to becoming a transmission.

use super::{CallError, QueueKey};
use crate::session::{Facts, OwnService};
use crate::wire::{BLOCK, Command, DhKey, Draft, Session, Short, write};

/// A command, the queue it is about, and who authorizes it.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// What to do.
    pub command: Command<'a>,
    /// The queue; empty where the command has none.
    pub entity_id: Short<'a>,
    /// Who authorizes it, if anybody.
    pub key: Option<&'a QueueKey>,
}

impl<'a> Call<'a> {
    /// A command about nothing and by nobody: `PING`.
    pub fn plain(command: Command<'a>) -> Self {
        Self {
            command,
            entity_id: Short::EMPTY,
            key: None,
        }
    }

    /// A command about a queue, or a link.
    pub fn about(entity_id: &'a [u8], command: Command<'a>) -> Self {
        Self {
            command,
            entity_id: Short::cut(entity_id),
            key: None,
        }
    }

    /// The same with an authorization.
    #[must_use]
    pub fn by(self, key: &'a QueueKey) -> Self {
        Self {
            key: Some(key),
            ..self
        }
    }

    /// Its transmission. `server_key` is that of the server's hello.
    pub fn transmission(
        &self,
        facts: &Facts,
        server_key: Option<&DhKey>,
        corr_id: &[u8],
    ) -> Result<Vec<u8>, CallError> {
        self.transmission_of(facts, server_key, None, corr_id)
    }

    /// The same where this side may be a service, which then signs for what becomes its own.
    pub(super) fn transmission_of(
        &self,
        facts: &Facts,
        server_key: Option<&DhKey>,
        service: Option<&OwnService>,
        corr_id: &[u8],
    ) -> Result<Vec<u8>, CallError> {
        let (session, corr_id) = (facts.session(), Short::cut(corr_id));
        let draft = Draft::new(session.version, corr_id, self.entity_id, &self.command)?;
        let service = service.filter(|_| self.command.is_signed_by_service());
        authorized(session, &draft, self.key, server_key, service, corr_id)
    }
}

/// Turns a draft into a transmission.
pub(super) fn authorized(
    session: Session<'_>,
    draft: &Draft,
    key: Option<&QueueKey>,
    server_key: Option<&DhKey>,
    service: Option<&OwnService>,
    corr_id: Short<'_>,
) -> Result<Vec<u8>, CallError> {
    let authorized = key
        .map(|key| key.authorize(session, server_key, draft, service, corr_id.as_bytes()))
        .transpose()?;
    let mut bytes = Vec::new();
    write(&mut bytes, BLOCK, |out| match &authorized {
        None => draft.encode(session, None, out),
        Some(authorized) => authorized.encode(session, draft, out),
    })?;
    Ok(bytes)
}
