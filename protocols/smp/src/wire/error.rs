//! Errors as the wire knows them: words, some of which nest.
//!
//! Parsing is as tolerant as the clients of today are, encoding is exact. The two that older
//! peers do not know are mapped down by [`Error::for_version`].

use super::{Encode, Malformed, Reader, Short, Version, Writer};

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

/// How private routing failed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ProxyError {
    /// The relay answered with this error.
    Protocol(Error),
    /// The relay could not be spoken to.
    Broker(BrokerError),
    /// The proxy wants its password.
    BasicAuth,
    /// The proxy has no such session.
    NoSession,
}

/// How speaking to a relay failed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum BrokerError {
    /// It sent something that does not parse.
    Response(String),
    /// It sent something out of turn.
    Unexpected(String),
    /// No connection.
    Network,
    /// No host that may be used.
    Host,
    /// It has no such service.
    NoService,
    /// Its transport failed.
    Transport(TransportError),
    /// It was silent for too long.
    Timeout,
}

/// What is wrong below the commands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TransportError {
    /// A block that does not parse.
    Block,
    /// No version in common.
    Version,
    /// More than a block holds.
    LargeMsg,
    /// Another session id than TLS has.
    Session,
    /// No session key.
    NoAuth,
    /// The hello was not accepted.
    Handshake(HandshakeError),
}

/// What is wrong with a hello.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HandshakeError {
    /// It does not parse.
    Parse,
    /// Another server than was asked for.
    Identity,
    /// A signature or chain is wrong.
    BadAuth,
    /// The service cannot be used so.
    BadService,
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

impl ProxyError {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(match reader.word() {
            b"PROTOCOL" => Self::Protocol(argument(reader, innermost)?),
            b"BROKER" => Self::Broker(argument(reader, BrokerError::read)?),
            b"BASIC_AUTH" => Self::BasicAuth,
            b"NO_SESSION" => Self::NoSession,
            _ => return Err(Malformed),
        })
    }
}

/// A relay is no proxy to the proxy: `PROXY` inside `PROXY` has no meaning, and without this a
/// block full of it would nest as deep as it is long.
fn innermost(reader: &mut Reader<'_>) -> Result<Error, Malformed> {
    if reader.rest().starts_with(b"PROXY") {
        return Err(Malformed);
    }
    Error::read(reader)
}

impl Encode for ProxyError {
    fn encode(&self, out: &mut Writer<'_>) {
        match self {
            Self::Protocol(error) => nested(out, b"PROTOCOL ", error),
            Self::Broker(error) => nested(out, b"BROKER ", error),
            Self::BasicAuth => out.bytes(b"BASIC_AUTH"),
            Self::NoSession => out.bytes(b"NO_SESSION"),
        }
    }
}

impl BrokerError {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(match reader.word() {
            b"RESPONSE" => Self::Response(argument(reader, short_text)?),
            b"UNEXPECTED" => Self::Unexpected(argument(reader, short_text)?),
            b"NETWORK" => {
                // some servers say more; nobody uses it
                reader.tail();
                Self::Network
            }
            b"HOST" => Self::Host,
            b"NO_SERVICE" => Self::NoService,
            b"TRANSPORT" => Self::Transport(argument(reader, TransportError::read)?),
            b"TIMEOUT" => Self::Timeout,
            _ => return Err(Malformed),
        })
    }
}

impl Encode for BrokerError {
    fn encode(&self, out: &mut Writer<'_>) {
        match self {
            Self::Response(text) => short_argument(out, b"RESPONSE ", text),
            Self::Unexpected(text) => short_argument(out, b"UNEXPECTED ", text),
            Self::Network => out.bytes(b"NETWORK"),
            Self::Host => out.bytes(b"HOST"),
            Self::NoService => out.bytes(b"NO_SERVICE"),
            Self::Transport(error) => nested(out, b"TRANSPORT ", error),
            Self::Timeout => out.bytes(b"TIMEOUT"),
        }
    }
}

impl TransportError {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(match reader.word() {
            b"BLOCK" => Self::Block,
            b"VERSION" => Self::Version,
            b"LARGE_MSG" => Self::LargeMsg,
            b"SESSION" => Self::Session,
            b"NO_AUTH" => Self::NoAuth,
            b"HANDSHAKE" => Self::Handshake(argument(reader, HandshakeError::read)?),
            _ => return Err(Malformed),
        })
    }
}

impl Encode for TransportError {
    fn encode(&self, out: &mut Writer<'_>) {
        out.bytes(match self {
            Self::Block => b"BLOCK",
            Self::Version => b"VERSION",
            Self::LargeMsg => b"LARGE_MSG",
            Self::Session => b"SESSION",
            Self::NoAuth => b"NO_AUTH",
            Self::Handshake(HandshakeError::Parse) => b"HANDSHAKE PARSE",
            Self::Handshake(HandshakeError::Identity) => b"HANDSHAKE IDENTITY",
            Self::Handshake(HandshakeError::BadAuth) => b"HANDSHAKE BAD_AUTH",
            Self::Handshake(HandshakeError::BadService) => b"HANDSHAKE BAD_SERVICE",
        });
    }
}

impl HandshakeError {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(match reader.word() {
            b"PARSE" => Self::Parse,
            b"IDENTITY" => Self::Identity,
            b"BAD_AUTH" => Self::BadAuth,
            b"BAD_SERVICE" => Self::BadService,
            _ => return Err(Malformed),
        })
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

fn short_argument(out: &mut Writer<'_>, word: &[u8], text: &str) {
    out.bytes(word);
    out.short(Short::cut(text.as_bytes()));
}

fn argument<'a, T>(
    reader: &mut Reader<'a>,
    parse: impl FnOnce(&mut Reader<'a>) -> Result<T, Malformed>,
) -> Result<T, Malformed> {
    reader.space()?;
    parse(reader)
}

fn short_text(reader: &mut Reader<'_>) -> Result<String, Malformed> {
    Ok(text(reader.short()?.as_bytes()))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
