//! The gate: who is believed to be somebody.
//!
//! Form, time and signature are checked here, without a database, in the order of
//! [`AuthError`](crate::wire::refusal::AuthError). What was seen within minutes is not let in
//! again; for what changes something that is remembered for days, by the store.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::Method;
use quick_cache::sync::Cache;
use relay_core::clock::UnixTime;

use crate::crypto::VerifyKey;
use crate::domain::nonces::NonceWindow;
use crate::private::private_debug;
use crate::wire::auth::{Credentials, KeyPolicy, Verified};
use crate::wire::refusal::AuthError;
use crate::wire::{SubRequest, batch};

/// Keys whose point was checked. Checking costs as much as verifying a signature.
const KEYS: usize = 16 * 1024;

/// How the gate is kept.
#[derive(Clone, Copy, Debug)]
pub struct GateSettings {
    /// The server's public key, which every signature covers.
    pub server: [u8; 32],
    /// Who may sign.
    pub policy: KeyPolicy,
    /// How many nonces are remembered in memory.
    pub nonces: usize,
    /// For how long.
    pub nonce_life: Duration,
}

/// Checks signatures.
pub struct Gate {
    settings: GateSettings,
    keys: Cache<[u8; 33], VerifyKey>,
    seen: Mutex<NonceWindow>,
}

impl Gate {
    /// Nobody has been seen yet.
    pub fn new(settings: GateSettings) -> Self {
        Self {
            keys: Cache::new(KEYS),
            seen: Mutex::new(NonceWindow::new(settings.nonces, settings.nonce_life)),
            settings,
        }
    }

    /// Who signed a request; `None` if nobody did.
    pub fn verify(
        &self,
        request: &SubRequest,
        now: UnixTime,
    ) -> Result<Option<Verified>, AuthError> {
        let known = |key: &[u8; 33]| self.keys.get(key);
        let credentials = Credentials::parse(&request.headers, self.settings.policy, known)?;
        let Some(credentials) = credentials else {
            return Ok(None);
        };
        let (method, target) = (&request.method, &request.target);
        let server = &self.settings.server;
        let verified = credentials.verify(server, method, target, &request.body, now)?;
        let (bytes, key) = credentials.key();
        self.keys.insert(bytes, key);
        Ok(Some(verified))
    }

    /// Lets a request in that was not seen within minutes.
    pub fn admit_once(&self, verified: &Verified, now: UnixTime) -> Result<(), AuthError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let new = seen.insert(verified.id, verified.nonce, now);
        new.then_some(()).ok_or(AuthError::NonceReused)
    }
}

/// Whether a request, or any part of it, may change something.
pub(super) fn may_change(method: &Method, parts: Option<&super::Parts>) -> bool {
    !batch::only_reads(method, parts.map_or(&[], Vec::as_slice))
}

private_debug!(Gate);
