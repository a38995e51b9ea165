//! The three kinds of keys that authorize commands.

use rand::CryptoRng;

use super::CallError;
use crate::crypto::{OwnedSignature, SecretKey, SigningKey, authenticator};
use crate::wire::{AuthKey, Authorization, Credentials, DhKey, Draft, Session, Writer};

/// A key of a recipient, a sender or a notifier.
#[derive(Clone, Debug)]
pub enum QueueKey {
    /// Signs: Ed25519 or Ed448.
    Signing(SigningKey),
    /// Makes authenticators: X25519, from v7 on.
    Agreement(SecretKey),
}

impl QueueKey {
    /// A new Ed25519 key, what today's apps use.
    pub fn ed25519(rng: &mut impl CryptoRng) -> Self {
        Self::Signing(SigningKey::generate(rng))
    }

    /// A new Ed448 key.
    pub fn ed448(rng: &mut impl CryptoRng) -> Self {
        Self::Signing(SigningKey::generate_ed448(rng))
    }

    /// A new X25519 key.
    pub fn x25519(rng: &mut impl CryptoRng) -> Self {
        Self::Agreement(SecretKey::generate(rng))
    }

    /// What the server verifies with.
    pub fn public(&self) -> AuthKey {
        match self {
            Self::Signing(key) => key.public(),
            Self::Agreement(key) => AuthKey::X25519(key.public().0),
        }
    }

    /// Authorizes a command.
    pub(super) fn authorize(
        &self,
        session: Session<'_>,
        server_key: Option<&DhKey>,
        draft: &Draft,
        corr_id: &[u8],
    ) -> Result<Authorized, CallError> {
        let signed = draft.signed(session);
        match self {
            Self::Signing(key) => Ok(Authorized::Signature(key.sign(&signed.to_vec()))),
            Self::Agreement(key) => server_key
                .and_then(|server_key| authenticator(key, server_key, signed, corr_id))
                .map(Authorized::Authenticator)
                .ok_or(CallError::Key),
        }
    }
}

/// An authorization that owns its bytes.
pub(super) enum Authorized {
    Signature(OwnedSignature),
    Authenticator([u8; 80]),
}

impl Authorized {
    pub(super) fn encode(&self, session: Session<'_>, draft: &Draft, out: &mut Writer<'_>) {
        let authorization = match self {
            Self::Signature(signature) => signature.for_command(),
            Self::Authenticator(bytes) => Authorization::X25519(bytes),
        };
        let credentials = Credentials {
            authorization,
            service: None,
        };
        draft.encode(session, Some(credentials), out);
    }
}
