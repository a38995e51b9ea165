//! One request, however it came: over HTTP, in an onion, in a batch.

use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Bytes;
use axum::http::{HeaderMap, Method};
use relay_core::clock::UnixTime;

use crate::crypto::SessionId;
use crate::domain::permissions::GlobalRole;
use crate::private::private_debug;
use crate::wire::auth::Verified;
use crate::wire::{Refusal, Target};

/// A request whose caller is known, as endpoints get it.
pub struct Call {
    /// Upper case; `HEAD` comes as `GET`.
    pub method: Method,
    /// Path and query.
    pub target: Target,
    /// The request's own; those of what it came in are not among them.
    pub headers: HeaderMap,
    /// Whole, and within the endpoint's limit.
    pub body: Bytes,
    /// Who asks.
    pub caller: Caller,
    /// When.
    pub now: UnixTime,
    /// To be burnt together with the first thing the call changes.
    pub nonce: Nonce,
}

/// Who asks.
#[derive(Clone, Eq, PartialEq)]
pub enum Caller {
    /// Nobody signed.
    Anonymous,
    /// Somebody whose signature was verified, and who is not banned from the server.
    User(User),
}

/// A user who signed.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct User {
    /// Their row.
    pub row: i64,
    /// Their id, as stored.
    pub id: SessionId,
    /// What they are on the whole server.
    pub role: GlobalRole,
}

/// The nonce of a signed request that may change something. It is taken once: by whoever writes it
/// down, in the transaction of the change or before it.
#[derive(Default)]
pub struct Nonce {
    of: Option<Verified>,
    taken: AtomicBool,
}

impl Caller {
    /// The user, where somebody must have signed.
    pub fn user(&self) -> Result<&User, Refusal> {
        match self {
            Self::Anonymous => Err(Refusal::UserRequired),
            Self::User(user) => Ok(user),
        }
    }

    /// The user, if any.
    pub const fn known(&self) -> Option<&User> {
        match self {
            Self::Anonymous => None,
            Self::User(user) => Some(user),
        }
    }

    /// The user, where only blinded ids are of use.
    pub fn blinded(&self) -> Result<&User, Refusal> {
        let user = self.known().filter(|user| user.id.is_blinded());
        user.ok_or(Refusal::BlindedRequired)
    }
}

impl Nonce {
    /// Of a request that may change something.
    pub const fn of(verified: Verified) -> Self {
        Self {
            of: Some(verified),
            taken: AtomicBool::new(false),
        }
    }

    /// The nonce, the first time; who takes it must write it down.
    pub fn take(&self) -> Option<Verified> {
        let verified = self.of?;
        let first = !self.taken.swap(true, Ordering::Relaxed);
        first.then_some(verified)
    }
}

private_debug!(Call, Caller, User, Nonce);
