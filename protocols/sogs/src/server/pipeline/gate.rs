//! The gate: who is believed to be somebody.
//!
//! Form, time and signature are checked here, without a database, in the order of
//! [`AuthError`]. What was seen within minutes is not let in
//! again; for what changes something that is remembered for days, by the store.

use std::sync::{Mutex, PoisonError};

use axum::http::{HeaderMap, Method};
use quick_cache::sync::Cache;
use relay_core::clock::UnixTime;

use crate::config::AuthConfig;
use crate::crypto::VerifyKey;
use crate::domain::nonces::{Memory, NonceWindow};
use crate::private::private_debug;
use crate::wire::auth::{Credentials, Verified};
use crate::wire::refusal::AuthError;
use crate::wire::{SubRequest, Target};

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

    /// Who claims to have signed a request; `None` if nobody does.
    pub fn claimed(
        &self,
        headers: &HeaderMap,
        config: &AuthConfig,
    ) -> Result<Option<Credentials>, AuthError> {
        let known = |key: &[u8; 33]| self.keys.get(key);
        Credentials::parse(headers, config.key_policy(), known)
    }

    /// Who signed a request; `None` if nobody did.
    pub fn verify(
        &self,
        request: &SubRequest,
        config: &AuthConfig,
        now: UnixTime,
    ) -> Result<Option<Verified>, AuthError> {
        let Some(claimed) = self.claimed(&request.headers, config)? else {
            return Ok(None);
        };
        let (method, target, body) = (&request.method, &request.target, &request.body);
        let time = (now, config.clock_tolerance.get());
        let verified = claimed.verify(&self.server, method, target, body, time)?;
        self.remember(&claimed);
        Ok(Some(verified))
    }

    /// Who signed a request whose body came in piece by piece and was hashed.
    pub fn verify_hashed(
        &self,
        claimed: &Credentials,
        (method, target): (&Method, &Target),
        body: Option<&[u8; 64]>,
        config: &AuthConfig,
        now: UnixTime,
    ) -> Result<Verified, AuthError> {
        let time = (now, config.clock_tolerance.get());
        let verified = claimed.verify_hashed(&self.server, method, target, body, time)?;
        self.remember(claimed);
        Ok(verified)
    }

    fn remember(&self, believed: &Credentials) {
        let (bytes, key) = believed.key();
        self.keys.insert(bytes, key);
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
