//! Errors as the wire knows them: words, some of which nest.
//!
//! Parsing is as tolerant as the clients of today are, encoding is exact. The two that older
//! peers do not know are mapped down by [`Error::for_version`].

mod routing;

pub use routing::{BrokerError, HandshakeError, ProxyError, TransportError};

use super::{Encode, Malformed, Reader, Version, Writer};

/// Why a command was refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Error {
    /// A block or transmission that cannot be split.
    Block,
    /// Another connection's session id.
    Session,
    /// A command that is not one.
    Cmd(CommandError),
    /// Private routing failed.
    Proxy(Box<ProxyError>),
    /// Wrong key, no such queue, or not allowed: not told apart on purpose.
    Auth,
    /// The operator blocked the queue.
    Blocked(BlockingInfo),
    /// A service signature is missing, wrong or out of place.
    Service,
    /// A layer of private routing does not open.
    Crypto,
    /// The queue is full.
    Quota,
    /// The store failed.
    Store(String),
    /// There is no such message to acknowledge.
    NoMsg,
    /// The body is over the limit.
    LargeMsg,
    /// Too late.
    Expired,
    /// Anything else.
    Internal,
    /// Known to readers, never sent.
    Duplicate,
    /// A name was not resolved.
    Name(NameError),
}

/// What is wrong with a command.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CommandError {
    /// No such tag.
    Unknown,
    /// Parameters that do not parse.
    Syntax,
    /// Not here, not now, or not for this peer.
    Prohibited,
    /// It needs an authorization (and an entity).
    NoAuth,
    /// It must have none.
    HasAuth,
    /// It needs an entity.
    NoEntity,
}

/// Why a name was not resolved.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum NameError {
    /// This server resolves none.
    NoResolver,
    /// There is no such name.
    NotFound,
    /// The resolver failed.
    Resolver(String),
}

/// Why and with what notice a queue is blocked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BlockingInfo {
    /// The operator's reason.
    pub reason: BlockingReason,
    /// What clients are to show, if anything.
    pub notice: Option<ClientNotice>,
}

/// An operator's reason to block.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BlockingReason {
    /// Unwanted bulk.
    Spam,
    /// Unlawful content.
    Content,
}

/// A notice to the clients of a blocked queue.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct ClientNotice {
    /// For how many seconds it holds; without it, for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<i64>,
}

impl Error {
    /// What a peer of `version` is told instead.
    #[must_use]
    pub fn for_version(self, version: Version) -> Self {
        match self {
            Self::Blocked(_) if version < Version::BLOCKED => Self::Auth,
            Self::Blocked(info) if version < Version::NOTICES => Self::Blocked(BlockingInfo {
                notice: None,
                ..info
            }),
            other => other,
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(match reader.word() {
            b"BLOCK" => Self::Block,
            b"SESSION" => Self::Session,
            b"CMD" => Self::Cmd(argument(reader, CommandError::read)?),
            b"PROXY" => Self::Proxy(Box::new(argument(reader, ProxyError::read)?)),
            b"AUTH" => Self::Auth,
            b"BLOCKED" => Self::Blocked(argument(reader, BlockingInfo::read)?),
            b"SERVICE" => Self::Service,
            b"CRYPTO" => Self::Crypto,
            b"QUOTA" => Self::Quota,
            b"STORE" => Self::Store(argument(reader, |r| Ok(text(r.tail())))?),
            b"NO_MSG" => Self::NoMsg,
            b"LARGE_MSG" => Self::LargeMsg,
            b"EXPIRED" => Self::Expired,
            b"INTERNAL" => Self::Internal,
            b"DUPLICATE_" => Self::Duplicate,
            b"NAME" => Self::Name(argument(reader, NameError::read)?),
            _ => return Err(Malformed),
        })
    }
}

impl Encode for Error {
    fn encode(&self, out: &mut Writer<'_>) {
        match self {
            Self::Block => out.bytes(b"BLOCK"),
            Self::Session => out.bytes(b"SESSION"),
            Self::Cmd(error) => nested(out, b"CMD ", error),
            Self::Proxy(error) => nested(out, b"PROXY ", error.as_ref()),
            Self::Auth => out.bytes(b"AUTH"),
            Self::Blocked(info) => nested(out, b"BLOCKED ", info),
            Self::Service => out.bytes(b"SERVICE"),
            Self::Crypto => out.bytes(b"CRYPTO"),
            Self::Quota => out.bytes(b"QUOTA"),
            Self::Store(text) => nested(out, b"STORE ", &Tail(text)),
            Self::NoMsg => out.bytes(b"NO_MSG"),
            Self::LargeMsg => out.bytes(b"LARGE_MSG"),
            Self::Expired => out.bytes(b"EXPIRED"),
            Self::Internal => out.bytes(b"INTERNAL"),
            Self::Duplicate => out.bytes(b"DUPLICATE_"),
            Self::Name(error) => nested(out, b"NAME ", error),
        }
    }
}

impl CommandError {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(match reader.word() {
            b"UNKNOWN" => Self::Unknown,
            b"SYNTAX" => Self::Syntax,
            b"PROHIBITED" => Self::Prohibited,
            b"NO_AUTH" => Self::NoAuth,
            b"HAS_AUTH" => Self::HasAuth,
            // servers of long ago say NO_QUEUE
            b"NO_ENTITY" | b"NO_QUEUE" => Self::NoEntity,
            _ => return Err(Malformed),
        })
    }
}

impl Encode for CommandError {
    fn encode(&self, out: &mut Writer<'_>) {
        out.bytes(match self {
            Self::Unknown => b"UNKNOWN",
            Self::Syntax => b"SYNTAX",
            Self::Prohibited => b"PROHIBITED",
            Self::NoAuth => b"NO_AUTH",
            Self::HasAuth => b"HAS_AUTH",
            Self::NoEntity => b"NO_ENTITY",
        });
    }
}

impl NameError {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(match reader.word() {
            b"NO_RESOLVER" => Self::NoResolver,
            b"NOT_FOUND" => Self::NotFound,
            b"RESOLVER" => Self::Resolver(argument(reader, |r| Ok(text(r.tail())))?),
            _ => return Err(Malformed),
        })
    }
}

impl Encode for NameError {
    fn encode(&self, out: &mut Writer<'_>) {
        match self {
            Self::NoResolver => out.bytes(b"NO_RESOLVER"),
            Self::NotFound => out.bytes(b"NOT_FOUND"),
            Self::Resolver(text) => nested(out, b"RESOLVER ", &Tail(text)),
        }
    }
}

impl BlockingInfo {
    /// Parses `reason=…[,notice=…]`, as it stands on the wire and as operators write it.
    pub fn parse(text: &[u8]) -> Result<Self, Malformed> {
        Reader::all(text, Self::read)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let info = reader.tail().strip_prefix(b"reason=").ok_or(Malformed)?;
        let (reason, rest) = [
            (&b"spam"[..], BlockingReason::Spam),
            (b"content", BlockingReason::Content),
        ]
        .into_iter()
        .find_map(|(word, reason)| Some((reason, info.strip_prefix(word)?)))
        .ok_or(Malformed)?;
        let notice = match rest {
            b"" => None,
            rest => {
                let json = rest.strip_prefix(b",notice=").ok_or(Malformed)?;
                Some(serde_json::from_slice(json).map_err(|_| Malformed)?)
            }
        };
        Ok(Self { reason, notice })
    }
}

impl Encode for BlockingInfo {
    fn encode(&self, out: &mut Writer<'_>) {
        out.bytes(match self.reason {
            BlockingReason::Spam => b"reason=spam",
            BlockingReason::Content => b"reason=content",
        });
        match self.notice {
            None => {}
            Some(ClientNotice { ttl: None }) => out.bytes(b",notice={}"),
            Some(ClientNotice { ttl: Some(ttl) }) => {
                out.bytes(format!(",notice={{\"ttl\":{ttl}}}").as_bytes());
            }
        }
    }
}

/// Text to the end of the transmission.
struct Tail<'a>(&'a str);

impl Encode for Tail<'_> {
    fn encode(&self, out: &mut Writer<'_>) {
        out.bytes(self.0.as_bytes());
    }
}

fn nested(out: &mut Writer<'_>, word: &[u8], inner: &impl Encode) {
    out.bytes(word);
    out.put(inner);
}

fn argument<'a, T>(
    reader: &mut Reader<'a>,
    parse: impl FnOnce(&mut Reader<'a>) -> Result<T, Malformed>,
) -> Result<T, Malformed> {
    reader.space()?;
    parse(reader)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
