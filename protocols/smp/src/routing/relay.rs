//! The relay's part: what a proxy forwards is opened, done by the engine as if it had come
//! directly, and its answer goes back through both layers.
//!
//! What is wrong with a layer is the proxy's to hear; what is wrong with the command inside, its
//! client's alone.

use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

use crate::crypto::forward::{self, Forwarded};
use crate::crypto::{BoxKey, Nonce, SecretKey};
use crate::engine::{Answer, Said};
use crate::wire::{
    BLOCK, Batch, BrokerError, Command, CommandError, DhKey, Error, ProxyError, Refusal, Request,
    Session, Short, TAG, TooLarge, TransportError, Version, VersionRange, write,
};

/// Whether a command may come through a proxy: what senders do, and nobody else.
fn is_forwardable(command: &Command<'_>) -> bool {
    matches!(
        command,
        Command::Send { .. } | Command::Skey(_) | Command::Lkey(_) | Command::Lget
    )
}

/// What a connection takes forwarded commands with.
pub(crate) struct Relaying {
    secret: Option<SecretKey>,
    peer: Option<DhKey>,
    versions: Option<VersionRange>,
    /// The key of the outer layer; made when it is first needed, because few connections do.
    outer: OnceLock<Option<BoxKey>>,
}

/// A forwarded command, both layers open.
pub(crate) struct Opened<'r> {
    /// The id of the `RFWD` it came in.
    rfwd: Short<'r>,
    session: Session<'r>,
    outer: BoxKey,
    inner: BoxKey,
    bytes: Vec<u8>,
    /// Where in them the id is that the client gave the command.
    corr_id: Range<usize>,
    /// Where the command is; nowhere if the content cannot be split.
    transmission: Option<Range<usize>>,
}

impl Relaying {
    /// For a connection with these session keys, to a server that speaks versions up to `max`.
    pub(crate) fn new(secret: Option<SecretKey>, peer: Option<DhKey>, max: Version) -> Self {
        Self {
            secret,
            peer,
            versions: VersionRange::new(Version::ROUTING, max),
            outer: OnceLock::new(),
        }
    }

    /// Opens an `RFWD`; nothing if it is another command.
    pub(crate) fn open<'r>(&self, request: &Request<'r>) -> Option<Result<Opened<'r>, Error>> {
        match &request.command {
            Command::Rfwd(body) => Some(self.open_layers(request, body)),
            _ => None,
        }
    }

    fn open_layers<'r>(&self, request: &Request<'r>, body: &[u8]) -> Result<Opened<'r>, Error> {
        let (secret, outer) = self.keys().ok_or_else(no_key)?;
        let mut bytes = body.to_vec();
        let nonce = Nonce::from_corr_id(request.corr_id.as_bytes());
        let plain = outer.open(nonce, &mut bytes).map_err(|_| Error::Crypto)?;
        let forwarded = Forwarded::parse(plain).map_err(|_| Error::Cmd(CommandError::Syntax))?;
        let version = forwarded.version;
        if !self.versions.is_some_and(|range| range.contains(version)) {
            return Err(Error::Cmd(CommandError::Syntax));
        }
        let inner = secret.box_key(&forwarded.key).ok_or(Error::Crypto)?;
        let nonce = Nonce::from_corr_id(forwarded.corr_id.as_bytes());
        let corr_id = TAG + 1..TAG + 1 + usize::from(forwarded.corr_id.length());
        let layer = TAG + plain.len() - forwarded.inner.len();
        let content = bytes.get_mut(layer..).unwrap_or_default();
        let content = forward::open_inner(&inner, nonce, content);
        let length = content.map_err(|_| Error::Crypto)?.len();
        Ok(Opened {
            rfwd: request.corr_id,
            session: Session {
                version,
                id: request.signed.session_id,
            },
            outer: outer.clone(),
            inner,
            corr_id,
            transmission: only_transmission(&bytes, layer + TAG + 2, length)?,
            bytes,
        })
    }

    fn keys(&self) -> Option<(&SecretKey, &BoxKey)> {
        let secret = self.secret.as_ref()?;
        let outer = self.outer.get_or_init(|| secret.box_key(&self.peer?));
        Some((secret, outer.as_ref()?))
    }
}

/// Where the only transmission of a content is. More than one is an error, none that can be read
/// is the client's to hear of.
fn only_transmission(
    bytes: &[u8],
    start: usize,
    length: usize,
) -> Result<Option<Range<usize>>, Error> {
    let content = bytes.get(start..start + length).unwrap_or_default();
    let Ok(batch) = Batch::split(content) else {
        return Ok(None);
    };
    let only = batch.single().ok_or(Error::Block)?;
    let end = start + length;
    Ok(Some(end - only.len()..end))
}

impl Opened<'_> {
    /// The command's version: that of its encodings and limits.
    pub(crate) fn version(&self) -> Version {
        self.session.version
    }

    /// The command inside, or why its client is refused.
    pub(crate) fn request(&self) -> Result<Request<'_>, Refusal<'_>> {
        let transmission = self.transmission.clone();
        let bytes = transmission.and_then(|range| self.bytes.get(range));
        let bytes = bytes.ok_or(Refusal {
            corr_id: Short::EMPTY,
            entity_id: Short::EMPTY,
            error: Error::Block,
        })?;
        let request = Request::parse(self.session, bytes)?;
        if is_forwardable(&request.command) {
            return Ok(request);
        }
        Err(Refusal {
            corr_id: request.corr_id,
            entity_id: request.entity_id,
            error: Error::Cmd(CommandError::Prohibited),
        })
    }

    /// The answer to the `RFWD` with the answer to the command inside.
    pub(crate) fn answer(&self, inside: &Answer) -> Answer {
        let said = self
            .seal(inside)
            .map_or(Said::Err(Error::Block), Said::Rres);
        Answer::to(self.rfwd, &[], said)
    }

    fn seal(&self, inside: &Answer) -> Result<Vec<u8>, TooLarge> {
        let corr_id = self.bytes.get(self.corr_id.clone()).unwrap_or_default();
        let (corr_id, rfwd) = (Short::cut(corr_id), self.rfwd.as_bytes());
        let nonces = [corr_id.as_bytes(), rfwd].map(|id| Nonce::from_corr_id(id).reversed());
        let [inner, outer] = nonces;
        let mut sealed = Vec::with_capacity(BLOCK);
        write(&mut sealed, BLOCK, |out| {
            forward::seal_outer_to(out, &self.outer, outer, |out| {
                out.short(corr_id);
                forward::seal_inner_to(out, &self.inner, inner, |out| {
                    out.byte(1);
                    out.large_with(|out| inside.encode(self.session, out));
                });
            });
        })?;
        Ok(sealed)
    }
}

/// The proxy did not show a session key: there is nothing to open its layer with.
fn no_key() -> Error {
    let broker = BrokerError::Transport(TransportError::NoAuth);
    Error::Proxy(Box::new(ProxyError::Broker(broker)))
}

impl fmt::Debug for Relaying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Relaying")
    }
}

impl fmt::Debug for Opened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opened({} bytes)", self.bytes.len())
    }
}
