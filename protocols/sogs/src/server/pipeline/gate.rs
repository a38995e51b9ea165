//! The gate: who is believed to be somebody.
//!
//! Form, time and signature are checked here, without a database, in the order of
//! [`AuthError`](crate::wire::refusal::AuthError). What was seen within minutes is not let in
//! again; for what changes something that is remembered for days, by the store.

use std::sync::{Mutex, PoisonError};

use quick_cache::sync::Cache;
use relay_core::clock::UnixTime;

use crate::config::AuthConfig;
use crate::crypto::VerifyKey;
use crate::domain::nonces::{Memory, NonceWindow};
use crate::private::private_debug;
use crate::wire::SubRequest;
use crate::wire::auth::{Credentials, Verified};
use crate::wire::refusal::AuthError;

/// Keys whose point was checked. Checking costs as much as verifying a signature.
const KEYS: usize = 16 * 1024;

/// Checks signatures.
pub struct Gate {
    server: [u8; 32],
    keys: Cache<[u8; 33], VerifyKey>,
    seen: Mutex<NonceWindow>,
}

impl Gate {
    /// Of a server with this public key, which every signature covers. Nobody has been seen yet.
    pub fn new(server: [u8; 32]) -> Self {
        Self {
            server,
            keys: Cache::new(KEYS),
            seen: Mutex::default(),
        }
    }

    /// Who signed a request; `None` if nobody did.
    pub fn verify(
        &self,
        request: &SubRequest,
        config: &AuthConfig,
        now: UnixTime,
    ) -> Result<Option<Verified>, AuthError> {
        let known = |key: &[u8; 33]| self.keys.get(key);
        let credentials = Credentials::parse(&request.headers, config.key_policy(), known)?;
        let Some(credentials) = credentials else {
            return Ok(None);
        };
        let (method, target) = (&request.method, &request.target);
        let time = (now, config.clock_tolerance.get());
        let verified = credentials.verify(&self.server, method, target, &request.body, time)?;
        let (bytes, key) = credentials.key();
        self.keys.insert(bytes, key);
        Ok(Some(verified))
    }

    /// Lets a request in that was not seen within minutes.
    pub fn admit_once(
        &self,
        verified: &Verified,
        config: &AuthConfig,
        now: UnixTime,
    ) -> Result<(), AuthError> {
        let memory = Memory {
            capacity: config.read_nonces,
            life: config.read_nonce_expiry.get(),
        };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let new = seen.insert(&verified.id, &verified.nonce, now, memory);
        new.then_some(()).ok_or(AuthError::NonceReused)
    }
}

private_debug!(Gate);
