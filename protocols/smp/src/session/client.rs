//! The client's side of the handshake.

use rand::CryptoRng;

use super::channel::Side;
use super::{Channel, HandshakeFailure};
use crate::crypto::{BoxKey, Chains, SecretKey, fingerprint, verify_certificate_signature};
use crate::wire::{
    CertChain, ClientHello, DhKey, PublicKey, ServerHello, Short, SignedKey, Version, VersionRange,
    handshake_block, unpad,
};

/// What a client knows of the server when TLS is done, and how it wants to speak with it.
#[derive(Clone, Debug)]
pub struct Expected {
    /// Whom it wants: the hash in the server's address.
    pub fingerprint: [u8; 32],
    /// The key of the certificate that TLS showed.
    pub leaf_key: PublicKey,
    /// The client's own Finished.
    pub session_id: Box<[u8]>,
    /// What it speaks.
    pub versions: VersionRange,
    /// Whether it forwards for clients of its own.
    pub proxy: bool,
}

/// Waiting for the server's hello.
#[derive(Debug)]
pub struct ClientHandshake(Expected);

/// A session as the client has it.
#[derive(Debug)]
pub struct ClientSession {
    /// Opens and packs blocks.
    pub channel: Channel,
    /// Who the server showed to be; nothing in legacy mode.
    pub server: Option<ServerIdentity>,
    /// What a proxy encrypts forwarded commands with; nothing for others.
    pub forwarding: Option<BoxKey>,
}

/// What a proxy passes on of a relay, and what authenticators are made for.
#[derive(Clone, Debug)]
pub struct ServerIdentity {
    /// What the server offered.
    pub versions: VersionRange,
    /// DER, the leaf first.
    pub certificates: Vec<Vec<u8>>,
    /// DER, as it was signed.
    pub signed_key: Vec<u8>,
    /// The server's session key.
    pub session_key: DhKey,
}

impl ClientHandshake {
    /// Begins by waiting.
    pub fn new(expected: Expected) -> Self {
        Self(expected)
    }

    /// Takes the server's block; gives the block to answer with.
    pub fn receive(
        self,
        block: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<(ClientSession, Vec<u8>), HandshakeFailure> {
        let hello = ServerHello::parse(unpad(block)?)?;
        if hello.session_id.as_bytes() != &*self.0.session_id {
            return Err(HandshakeFailure::SessionId);
        }
        let common = self.0.spoken_with(hello.versions);
        let version = common.ok_or(HandshakeFailure::Version)?.max();
        if version < Version::SESSION_KEYS {
            return self.answer(version, None, None);
        }
        let server = self.0.identify(&hello)?;
        self.answer(version, Some(server), Some(&SecretKey::generate(rng)))
    }

    fn answer(
        self,
        version: Version,
        server: Option<ServerIdentity>,
        secret: Option<&SecretKey>,
    ) -> Result<(ClientSession, Vec<u8>), HandshakeFailure> {
        let block = handshake_block(&ClientHello {
            version,
            key_hash: Short::from(&self.0.fingerprint),
            session_key: secret.map(SecretKey::public),
            proxy: self.0.proxy,
            service: None,
        })?;
        let shared = match (secret, &server) {
            (Some(secret), Some(server)) => {
                let shared = secret.agree(&server.session_key);
                Some(shared.ok_or(HandshakeFailure::Secret)?)
            }
            _ => None,
        };
        let proxy = self.0.proxy;
        let encrypts = version >= Version::BLOCK_ENCRYPTION && !proxy;
        let chains = (shared.as_deref())
            .filter(|_| encrypts)
            .map(|shared| Chains::new(&self.0.session_id, shared));
        let session = ClientSession {
            channel: Channel::new(Side::Client, version, &self.0.session_id, chains),
            server,
            forwarding: (shared.as_deref()).filter(|_| proxy).map(BoxKey::new),
        };
        Ok((session, block))
    }
}

impl Expected {
    /// A server that does not know the proxy's flag would encrypt blocks once more, and then the
    /// largest messages would not fit: with it a proxy speaks a version without that.
    fn spoken_with(&self, offered: VersionRange) -> Option<VersionRange> {
        let common = self.versions.intersect(offered)?;
        if !self.proxy || offered.max() >= Version::PROXY_FLAG {
            return Some(common);
        }
        VersionRange::new(common.min(), common.max().min(Version::DELETED_EVENT))
    }

    fn identify(&self, hello: &ServerHello<'_>) -> Result<ServerIdentity, HandshakeFailure> {
        let shown = hello.identity.as_ref().ok_or(HandshakeFailure::NoKey)?;
        if !self.is_shown_by(shown) {
            return Err(HandshakeFailure::Identity);
        }
        let signed = SignedKey::parse(shown.signed_key)?;
        if !verify_certificate_signature(&self.leaf_key, signed.object, signed.signature) {
            return Err(HandshakeFailure::Signature);
        }
        Ok(ServerIdentity {
            versions: hello.versions,
            certificates: shown.certificates.iter().map(|der| der.to_vec()).collect(),
            signed_key: shown.signed_key.to_vec(),
            session_key: signed.key.try_into()?,
        })
    }

    /// A server's chain has a certificate above its leaf.
    fn is_shown_by(&self, chain: &CertChain<'_>) -> bool {
        chain.certificates.len() > 1 && chain.identity().map(fingerprint) == Some(self.fingerprint)
    }
}
