//! One request, however it came: over HTTP, in an onion, in a batch.

use axum::body::Bytes;
use axum::http::{HeaderMap, Method};
use relay_core::clock::UnixTime;

use crate::files::Received;
use crate::wire::{Refusal, Target};

/// A request whose caller is known, as endpoints get it.
pub struct Call<U> {
    /// Upper case; `HEAD` comes as `GET`.
    pub method: Method,
    /// Path and query.
    pub target: Target,
    /// The request's own; those of what it came in are not among them.
    pub headers: HeaderMap,
    /// Whole, and within the endpoint's limit; empty of an upload that is on the disk.
    pub body: Bytes,
    /// An upload that was too long to be kept in memory.
    pub upload: Option<Received>,
    /// Who asks.
    pub caller: Caller<U>,
    /// When.
    pub now: UnixTime,
}

/// Who asks.
#[derive(Clone)]
pub enum Caller<U> {
    /// Nobody signed.
    Anonymous,
    /// Somebody whose signature was verified, and who is not banned from the server.
    User(U),
}

impl<U> Caller<U> {
    /// The user, where somebody must have signed.
    pub const fn user(&self) -> Result<&U, Refusal> {
        match self {
            Self::Anonymous => Err(Refusal::UserRequired),
            Self::User(user) => Ok(user),
        }
    }

    /// The user, if any.
    pub const fn known(&self) -> Option<&U> {
        match self {
            Self::Anonymous => None,
            Self::User(user) => Some(user),
        }
    }
}

impl<U> std::fmt::Debug for Call<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Call(…)")
    }
}

impl<U> std::fmt::Debug for Caller<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Caller(anonymous)",
            Self::User(_) => "Caller(user)",
        })
    }
}
