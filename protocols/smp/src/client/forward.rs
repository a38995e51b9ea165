//! What a proxy asks of a relay, and what a sender asks of a proxy.

use rand::CryptoRng;
use relay_core::clock::UnixTime;
use rustls::pki_types::CertificateDer;

use super::{Call, CallError, Client, Received};
use crate::crypto::forward::{Forwarded, open_inner, seal_inner, seal_outer_to};
use crate::crypto::{Nonce, SecretKey, verify_certificate_signature};
use crate::identity::chain::verify_pinned;
use crate::session::Facts;
use crate::wire::{
    BLOCK, Batch, BatchWriter, CertChain, Command, DhKey, Error, Framing, PADDED_FORWARDED, Reader,
    Response, ServerAddress, Short, SignedKey, TAG, TooLarge, Version, VersionRange, write,
};

/// Why a command was not forwarded, or its answer cannot be given on.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ForwardError {
    /// The relay refused.
    #[error("refused")]
    Refused(Error),
    /// What the relay said cannot be understood.
    #[error("an answer that cannot be read")]
    Unread(Error),
    /// The relay answered with something else.
    #[error("unexpected answer {0}")]
    Unexpected(&'static str),
    /// The relay's layer does not open.
    #[error("the answer does not decrypt")]
    Unopened,
    /// Relay and proxy have no common secret.
    #[error("there is no key to forward with")]
    NoKey,
    /// No answer, as with any command.
    #[error(transparent)]
    Call(CallError),
}

/// A relay as a proxy's client knows it: from its `PKEY`, verified.
#[derive(Clone, Debug)]
pub struct Relay {
    facts: Facts,
    key: DhKey,
    versions: VersionRange,
}

impl Client {
    /// `RFWD`: passes a client's command on and gives the layer for that client back.
    pub async fn forward(&self, forwarded: &Forwarded<'_>) -> Result<Vec<u8>, ForwardError> {
        let key = self.forwarding().ok_or(ForwardError::NoKey)?;
        let corr_id = self.next_corr_id();
        let nonce = Nonce(corr_id);
        let mut transmission = Vec::with_capacity(BLOCK);
        let written = write(&mut transmission, BLOCK, |out| {
            // Nobody's authorization, about no queue.
            out.short(Short::EMPTY);
            out.short(Short::from(&corr_id));
            out.short(Short::EMPTY);
            out.bytes(b"RFWD ");
            seal_outer_to(out, key, nonce, |out| out.put(forwarded));
        });
        written.map_err(|_| ForwardError::Call(CallError::TooLarge))?;
        let received = self.exchange(corr_id, transmission).await;
        let received = received.map_err(ForwardError::Call)?;
        let mut sealed = match received.reply().response {
            Ok(Response::Rres(sealed)) => sealed.to_vec(),
            Ok(Response::Err(error)) => return Err(ForwardError::Refused(error)),
            Ok(other) => return Err(ForwardError::Unexpected(other.tag())),
            Err(error) => return Err(ForwardError::Unread(error)),
        };
        let plain = key.open(nonce.reversed(), &mut sealed);
        let plain = plain.map_err(|_| ForwardError::Unopened)?;
        let length = answer_length(plain, forwarded.corr_id)?;
        Ok(sealed.split_off(sealed.len() - length))
    }

    /// `PRXY`: asks this server for a session with a relay, whose certificates must be valid now.
    pub async fn relay(
        &self,
        relay: &ServerAddress<'_>,
        password: Option<&str>,
        now: UnixTime,
    ) -> Result<Relay, CallError> {
        let password = password.map(|text| Short::cut(text.as_bytes()));
        let (key_hash, relay) = (relay.key_hash.as_bytes(), relay.clone());
        let answer = self.call(Call::plain(Command::Prxy { relay, password }));
        match answer.await?.response()? {
            Response::Pkey {
                session_id,
                versions,
                identity,
            } => {
                let common = versions.intersect(VersionRange::SERVER);
                let version = common.ok_or(CallError::Key)?.max();
                Ok(Relay {
                    facts: Facts::new(version, session_id.as_bytes()),
                    key: relay_key(&identity, key_hash, now).ok_or(CallError::Key)?,
                    versions,
                })
            }
            other => Err(CallError::Unexpected(other.tag())),
        }
    }

    /// `PFWD`: has this server pass a command on. An error is the proxy's; what the relay refused
    /// is in the answer.
    pub async fn call_through(
        &self,
        relay: &Relay,
        call: &Call<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<Received, CallError> {
        let corr_id = self.next_corr_id();
        let nonce = Nonce(corr_id);
        let secret = SecretKey::generate(rng);
        let key = secret.box_key(&relay.key).ok_or(CallError::Key)?;
        let inside = call.transmission(&relay.facts, Some(&relay.key), &corr_id)?;
        let mut batch = BatchWriter::new(Framing::Plain);
        batch.push(|out| out.bytes(&inside))?;
        let sealed = seal_inner(&key, nonce, batch.content())?;
        let command = Command::Pfwd {
            version: relay.facts.session().version,
            key: secret.public(),
            body: &sealed,
        };
        let outside = Call::about(relay.session_id(), command);
        let server_key = self.server().map(|server| &server.session_key);
        let transmission = outside.transmission(self.facts(), server_key, &corr_id)?;
        let answer = self.exchange(corr_id, transmission).await?;
        let mut sealed = match answer.response()? {
            Response::Pres(sealed) => sealed.to_vec(),
            other => return Err(CallError::Unexpected(other.tag())),
        };
        let content = open_inner(&key, nonce.reversed(), &mut sealed);
        let content = content.map_err(|_| CallError::Unopened)?;
        let only = Batch::split(content).ok().and_then(Batch::single);
        let only = only.ok_or(CallError::Unopened)?.to_vec();
        Received::new(relay.facts.clone(), only.into()).map_err(|_| CallError::Unopened)
    }
}

impl Relay {
    /// Of the connection between proxy and relay.
    pub fn session_id(&self) -> &[u8] {
        self.facts.session().id.as_bytes()
    }

    /// What the proxy says that the relay speaks.
    pub fn versions(&self) -> VersionRange {
        self.versions
    }

    /// The relay's session key.
    pub fn key(&self) -> DhKey {
        self.key
    }

    /// The same in another version, offered or not.
    #[must_use]
    pub fn in_version(&self, version: Version) -> Self {
        Self {
            facts: Facts::new(version, self.session_id()),
            ..self.clone()
        }
    }
}

/// How long the client's layer is inside the proxy's, which names the command it answers.
fn answer_length(plain: &[u8], corr_id: Short<'_>) -> Result<usize, ForwardError> {
    let mut reader = Reader::new(plain);
    let answers = reader
        .short()
        .map_err(|_| ForwardError::Unread(Error::Block))?;
    let length = reader.tail().len();
    if answers != corr_id || length > TAG + PADDED_FORWARDED {
        return Err(ForwardError::Unread(Error::Block));
    }
    Ok(length)
}

/// The session key that the certificates vouch for.
fn relay_key(shown: &CertChain<'_>, key_hash: &[u8], now: UnixTime) -> Option<DhKey> {
    let chain: Vec<_> = (shown.certificates.iter())
        .map(|der| CertificateDer::from(*der))
        .collect();
    let verified = verify_pinned(&chain, key_hash.try_into().ok()?, now).ok()?;
    let signed = SignedKey::parse(shown.signed_key).ok()?;
    verify_certificate_signature(verified.leaf.key(), signed.object, signed.signature)
        .then(|| signed.key.try_into().ok())
        .flatten()
}

impl From<TooLarge> for ForwardError {
    fn from(_: TooLarge) -> Self {
        Self::Call(CallError::TooLarge)
    }
}
