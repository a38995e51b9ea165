//! Errors of private routing, and of the transport below the commands, which routing reports.

use super::{Error, argument, nested, text};
use crate::wire::{Encode, Malformed, Reader, Short, Writer};

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

impl ProxyError {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
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
    pub(in crate::wire) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
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

fn short_argument(out: &mut Writer<'_>, word: &[u8], text: &str) {
    out.bytes(word);
    out.short(Short::cut(text.as_bytes()));
}

fn short_text(reader: &mut Reader<'_>) -> Result<String, Malformed> {
    Ok(text(reader.short()?.as_bytes()))
}
