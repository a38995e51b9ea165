//! The three kinds of keys that authorize commands.

use rand::CryptoRng;

use super::CallError;
use crate::crypto::{OwnedSignature, SecretKey, SigningKey, authenticator_for};
use crate::session::OwnService;
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

    /// Authorizes a command, for a service where one is given.
    pub(super) fn authorize(
        &self,
        session: Session<'_>,
        server_key: Option<&DhKey>,
        draft: &Draft,
        service: Option<&OwnService>,
        corr_id: &[u8],
    ) -> Result<Authorized, CallError> {
        let signed = draft.signed(session);
        let prefix = service.map_or(&[][..], |service| &service.fingerprint);
        let by = match self {
            Self::Signing(key) => By::Signature(key.sign(&[prefix, &signed.to_vec()].concat())),
            Self::Agreement(key) => server_key
                .and_then(|server_key| authenticator_for(key, server_key, prefix, signed, corr_id))
                .map(By::Authenticator)
                .ok_or(CallError::Key)?,
        };
        let service = service.map(|service| service.key.sign(&signed.to_vec()));
        Ok(Authorized { by, service })
    }
}

/// An authorization that owns its bytes.
pub(super) struct Authorized {
    by: By,
    service: Option<OwnedSignature>,
}

enum By {
    Signature(OwnedSignature),
    Authenticator([u8; 80]),
}

impl Authorized {
    pub(super) fn encode(&self, session: Session<'_>, draft: &Draft, out: &mut Writer<'_>) {
        let authorization = match &self.by {
            By::Signature(signature) => signature.for_command(),
            By::Authenticator(bytes) => Authorization::X25519(bytes),
        };
        let service = match &self.service {
            Some(OwnedSignature::Ed25519(bytes)) => Some(bytes),
            _ => None,
        };
        let credentials = Credentials {
            authorization,
            service,
        };
        draft.encode(session, Some(credentials), out);
    }
}
