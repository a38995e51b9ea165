//! Names of people and groups, resolved by an HTTP service of the operator's choice.
//!
//! Promises: one question costs at most the configured time and memory; no redirect is followed,
//! so that nobody but the configured service is asked; nothing of a question or an answer is
//! logged.

mod endpoint;
mod http;
mod record;

use std::fmt;
use std::sync::Arc;

pub(crate) use endpoint::{Authorization, Endpoint};
pub(crate) use http::{Failure, Limits, Resolver, Trust};

use crate::wire::NameError;

/// Who resolves names, if anybody does.
#[derive(Clone)]
pub(crate) struct Names {
    resolver: Option<Arc<Resolver>>,
    concurrency: usize,
}

/// Why a name was not resolved.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unresolved {
    /// Nobody resolves names here.
    NoResolver,
    /// There is no such name.
    NotFound,
    /// The resolver answered with this status.
    Status(u16),
    /// It could not be asked.
    Transport,
    /// Its answer is too large.
    TooLarge,
    /// Its answer is not a name's record.
    Invalid,
    /// It took too long.
    Timeout,
}

impl Names {
    /// Resolved by this service, for each connection so many at a time.
    pub(crate) fn by(resolver: Resolver, concurrency: usize) -> Self {
        Self {
            resolver: Some(Arc::new(resolver)),
            concurrency,
        }
    }

    /// How many names of one connection are resolved at a time.
    pub(crate) fn concurrency(&self) -> usize {
        self.concurrency
    }

    /// What a name stands for, as clients read it. The name has been found well-formed.
    pub(crate) async fn resolve(&self, name: &[u8]) -> Result<Vec<u8>, Unresolved> {
        let resolver = self.resolver.as_ref().ok_or(Unresolved::NoResolver)?;
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        let answer = resolver.get(&format!("/resolve/{name}")).await?;
        record::for_clients(&answer).ok_or(Unresolved::Invalid)
    }

    /// Says in the log whether the resolver answers.
    pub(crate) async fn look(&self) {
        let Some(resolver) = &self.resolver else {
            return;
        };
        match resolver.get("/health").await {
            Ok(_) => tracing::info!(relay = "smp", "the resolver of names answers"),
            Err(failure) => tracing::warn!(
                relay = "smp",
                "the resolver of names (smp.names.resolver) does not answer: {}",
                Unresolved::from(failure).text(),
            ),
        }
    }
}

impl Unresolved {
    /// In the words that clients are told.
    fn text(self) -> String {
        match self {
            Self::NoResolver => "no resolver".to_owned(),
            Self::NotFound => "not found".to_owned(),
            Self::Status(code) => format!("HTTP {code}"),
            Self::Transport => "transport failure".to_owned(),
            Self::TooLarge => "response too large".to_owned(),
            Self::Invalid => "invalid response".to_owned(),
            Self::Timeout => "timeout".to_owned(),
        }
    }
}

impl From<Failure> for Unresolved {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Status(400 | 404) => Self::NotFound,
            Failure::Status(code) => Self::Status(code),
            Failure::Transport => Self::Transport,
            Failure::TooLarge => Self::TooLarge,
            Failure::Timeout => Self::Timeout,
        }
    }
}

impl From<Unresolved> for NameError {
    fn from(error: Unresolved) -> Self {
        match error {
            Unresolved::NoResolver => Self::NoResolver,
            Unresolved::NotFound => Self::NotFound,
            other => Self::Resolver(other.text()),
        }
    }
}

impl Default for Names {
    /// Nobody.
    fn default() -> Self {
        Self {
            resolver: None,
            concurrency: 1,
        }
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Names({})", self.resolver.is_some())
    }
}
