//! Transmissions: a command or response with who authorizes it, what it answers, and the queue
//! it is about.
//!
//! ```text
//! short authorization                     "" | 64 Ed25519 | 114 Ed448 | 80 authenticator
//! [v >= 16, authorized]  maybe short      the service's signature
//! [v 6]  short sessionId                  implied since v7
//! short corrId, short entityId, command
//!
//! signed: short sessionId, short corrId, short entityId, command
//! ```

use std::fmt;

use super::write::write;
use super::{Command, Error, Malformed, Reader, Response, Short, TooLarge, Version, Writer};

/// What transmissions are read and written by: fixed when the handshake is done.
#[derive(Clone, Copy, Debug)]
pub struct Session<'a> {
    /// The negotiated version.
    pub version: Version,
    /// The client's Finished.
    pub id: Short<'a>,
}

/// What authorizes a command.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Authorization<'a> {
    /// A signature.
    Ed25519(&'a [u8; 64]),
    /// A signature.
    Ed448(&'a [u8; 114]),
    /// An authenticator: a box that only the holder of an X25519 key and the server can make.
    X25519(&'a [u8; 80]),
}

/// An authorization, and a service's signature beside it.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Credentials<'a> {
    /// By the queue's key, or a service's where the entity is the service.
    pub authorization: Authorization<'a>,
    /// By the service's session key.
    pub service: Option<&'a [u8; 64]>,
}

/// The bytes that an authorization covers, in the two pieces they lie in: from v7 on the session
/// id is not on the wire.
#[derive(Clone, Copy)]
pub struct Signed<'a> {
    /// Of this connection (or of the relay's, inside private routing).
    pub session_id: Short<'a>,
    /// From the correlation id to the end.
    pub rest: &'a [u8],
}

impl Signed<'_> {
    /// Hands over all bytes, in order.
    pub fn each(&self, mut chunk: impl FnMut(&[u8])) {
        chunk(&[self.session_id.length()]);
        chunk(self.session_id.as_bytes());
        chunk(self.rest);
    }

    /// All bytes in one piece.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 + 0xff + self.rest.len());
        self.each(|chunk| bytes.extend_from_slice(chunk));
        bytes
    }
}

/// A received command.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Who authorizes it.
    pub credentials: Option<Credentials<'a>>,
    /// What they authorized.
    pub signed: Signed<'a>,
    /// Comes back with the response.
    pub corr_id: Short<'a>,
    /// What it is about.
    pub entity_id: Short<'a>,
    /// What to do.
    pub command: Command<'a>,
}

/// Why a received command will not be done, and what the response carries.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal<'a> {
    /// Empty when not even that could be read.
    pub corr_id: Short<'a>,
    /// Empty when the transmission itself is at fault.
    pub entity_id: Short<'a>,
    /// The reason.
    pub error: Error,
}

impl<'a> Request<'a> {
    /// Reads one transmission of a block, up to the point where keys are needed.
    pub fn parse(session: Session<'a>, bytes: &'a [u8]) -> Result<Self, Refusal<'a>> {
        let envelope = Envelope::read(session, bytes).map_err(|Malformed| Refusal {
            corr_id: Short::EMPTY,
            entity_id: Short::EMPTY,
            error: Error::Block,
        })?;
        let (corr_id, entity_id) = (envelope.corr_id, envelope.entity_id);
        let credentials = envelope.credentials().map_err(|error| Refusal {
            corr_id,
            entity_id: Short::EMPTY,
            error,
        })?;
        let command = Command::parse(session.version, envelope.body)
            .and_then(|command| {
                command.check_credentials(credentials.is_some(), entity_id)?;
                Ok(command)
            })
            .map_err(|error| Refusal {
                corr_id,
                entity_id,
                error,
            })?;
        Ok(Self {
            credentials,
            signed: envelope.signed,
            corr_id,
            entity_id,
            command,
        })
    }
}

/// A received response or event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reply<'a> {
    /// Of the command; empty for events.
    pub corr_id: Short<'a>,
    /// What it is about.
    pub entity_id: Short<'a>,
    /// What the server says, or why that was not understood.
    pub response: Result<Response<'a>, Error>,
}

impl<'a> Reply<'a> {
    /// Reads one transmission of a block.
    pub fn parse(session: Session<'a>, bytes: &'a [u8]) -> Result<Self, Malformed> {
        let envelope = Envelope::read(session, bytes)?;
        let response = envelope
            .credentials()
            .and_then(|_| Response::parse(session.version, envelope.body));
        Ok(Self {
            corr_id: envelope.corr_id,
            entity_id: envelope.entity_id,
            response,
        })
    }

    /// Writes a response or event as one transmission.
    pub fn encode(
        session: Session<'_>,
        corr_id: Short<'_>,
        entity_id: Short<'_>,
        response: impl FnOnce(&mut Writer<'_>),
        out: &mut Writer<'_>,
    ) {
        out.short(Short::EMPTY);
        if session.version < Version::SESSION_KEYS {
            out.short(session.id);
        }
        out.short(corr_id);
        out.short(entity_id);
        response(out);
    }
}

/// A command ready to be authorized and sent: everything after the session id.
#[derive(Clone)]
pub struct Draft(Vec<u8>);

impl Draft {
    /// Encodes a command; at most a block's worth.
    pub fn new(
        version: Version,
        corr_id: Short<'_>,
        entity_id: Short<'_>,
        command: &Command<'_>,
    ) -> Result<Self, TooLarge> {
        let mut bytes = Vec::new();
        write(&mut bytes, super::BLOCK, |out| {
            out.short(corr_id);
            out.short(entity_id);
            command.encode(version, out);
        })?;
        Ok(Self(bytes))
    }

    /// The same with any bytes in the command's place: what tests send.
    pub fn of_bytes(
        corr_id: Short<'_>,
        entity_id: Short<'_>,
        command: &[u8],
    ) -> Result<Self, TooLarge> {
        let mut bytes = Vec::new();
        write(&mut bytes, super::BLOCK, |out| {
            out.short(corr_id);
            out.short(entity_id);
            out.bytes(command);
        })?;
        Ok(Self(bytes))
    }

    /// What is to be signed.
    pub fn signed<'a>(&'a self, session: Session<'a>) -> Signed<'a> {
        Signed {
            session_id: session.id,
            rest: &self.0,
        }
    }

    /// Writes the transmission.
    pub fn encode(
        &self,
        session: Session<'_>,
        credentials: Option<Credentials<'_>>,
        out: &mut Writer<'_>,
    ) {
        match credentials {
            None => out.short(Short::EMPTY),
            Some(credentials) => {
                out.short(Short::cut(credentials.authorization.as_bytes()));
                if session.version >= Version::SERVICES {
                    out.maybe(credentials.service, |out, bytes| {
                        out.short(Short::cut(bytes));
                    });
                }
            }
        }
        if session.version < Version::SESSION_KEYS {
            out.short(session.id);
        }
        out.bytes(&self.0);
    }
}

impl<'a> Authorization<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self, Malformed> {
        match bytes.len() {
            64 => bytes.try_into().map(Self::Ed25519),
            80 => bytes.try_into().map(Self::X25519),
            _ => bytes.try_into().map(Self::Ed448),
        }
        .map_err(|_| Malformed)
    }

    fn as_bytes(&self) -> &'a [u8] {
        match *self {
            Self::Ed25519(bytes) => bytes,
            Self::Ed448(bytes) => bytes,
            Self::X25519(bytes) => bytes,
        }
    }
}

/// A transmission of either side, split but not understood.
struct Envelope<'a> {
    session: Session<'a>,
    authorization: Short<'a>,
    service: Option<&'a [u8; 64]>,
    wire_session: Short<'a>,
    signed: Signed<'a>,
    corr_id: Short<'a>,
    entity_id: Short<'a>,
    body: &'a [u8],
}

impl<'a> Envelope<'a> {
    fn read(session: Session<'a>, bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let authorization = reader.short()?;
        let service = match session.version {
            v if v >= Version::SERVICES && !authorization.is_empty() => {
                reader.maybe(Reader::short_array)?
            }
            _ => None,
        };
        let wire_session = match session.version {
            v if v >= Version::SESSION_KEYS => session.id,
            _ => reader.short()?,
        };
        let signed = Signed {
            session_id: session.id,
            rest: reader.rest(),
        };
        Ok(Self {
            session,
            authorization,
            service,
            wire_session,
            signed,
            corr_id: reader.short()?,
            entity_id: reader.short()?,
            body: reader.tail(),
        })
    }

    /// Checks the session before the authorization's size, as the reference does.
    fn credentials(&self) -> Result<Option<Credentials<'a>>, Error> {
        if self.wire_session != self.session.id {
            return Err(Error::Session);
        }
        if self.authorization.is_empty() {
            return Ok(None);
        }
        Authorization::new(self.authorization.as_bytes())
            .map(|authorization| {
                Some(Credentials {
                    authorization,
                    service: self.service,
                })
            })
            .map_err(|Malformed| Error::Block)
    }
}

impl fmt::Debug for Authorization<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ed25519(_) => "Authorization(Ed25519)",
            Self::Ed448(_) => "Authorization(Ed448)",
            Self::X25519(_) => "Authorization(X25519)",
        })
    }
}

impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let service = if self.service.is_some() {
            " for a service"
        } else {
            ""
        };
        write!(f, "{:?}{service}", self.authorization)
    }
}

impl fmt::Debug for Signed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signed({} bytes)", self.rest.len())
    }
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Draft({} bytes)", self.0.len())
    }
}
