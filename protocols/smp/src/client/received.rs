//! What a server sent.

use std::fmt;

use bytes::Bytes;

use super::CallError;
use crate::session::Facts;
use crate::wire::{Error, Malformed, Reply, Response};

/// An answer or an event. It keeps the block it came in, so that nothing is copied.
#[derive(Clone)]
pub struct Received {
    facts: Facts,
    transmission: Bytes,
}

impl Received {
    pub(super) fn new(facts: Facts, transmission: Bytes) -> Result<Self, Malformed> {
        Reply::parse(facts.session(), &transmission)?;
        Ok(Self {
            facts,
            transmission,
        })
    }

    /// All of it.
    pub fn reply(&self) -> Reply<'_> {
        Reply::parse(self.facts.session(), &self.transmission).unwrap_or(Reply {
            corr_id: crate::wire::Short::EMPTY,
            entity_id: crate::wire::Short::EMPTY,
            response: Err(Error::Block),
        })
    }

    /// Of the command; empty for events.
    pub fn corr_id(&self) -> &[u8] {
        self.reply().corr_id.as_bytes()
    }

    /// What it is about.
    pub fn entity_id(&self) -> &[u8] {
        self.reply().entity_id.as_bytes()
    }

    /// What the server says; its `ERR` is an error.
    pub fn response(&self) -> Result<Response<'_>, CallError> {
        match self.reply().response {
            Ok(Response::Err(error)) | Err(error) => Err(CallError::Refused(error)),
            Ok(response) => Ok(response),
        }
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Received({:?})", self.reply().response)
    }
}
