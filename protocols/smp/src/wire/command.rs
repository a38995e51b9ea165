//! Commands: what clients, senders, notifiers and proxies ask of a server.
//!
//! One type for both sides: the server parses it, our own client encodes it. Byte strings borrow
//! from the block. Which commands exist does not depend on the version, their parameters do.

mod new;

pub use new::{LinkData, New, NewLink, NewNotifier, QueueRequest, SubscriptionMode};

use std::fmt;

use super::{
    AuthKey, CommandError, DhKey, Encode, Error, IdsDigest, Malformed, Reader, ServerAddress,
    Short, Version, Writer,
};

/// A command with its parameters.
#[derive(Clone, Eq, PartialEq)]
pub enum Command<'a> {
    /// Creates a queue.
    New(Box<New<'a>>),
    /// Subscribes to a queue.
    Sub,
    /// Subscribes a service to all its queues; counts exist from v19 on.
    Subs(Option<IdsDigest>),
    /// Sets the sender's key.
    Key(AuthKey),
    /// Replaces the recipients' keys; never empty.
    Rkey(Vec<AuthKey>),
    /// Sets the link's data.
    Lset {
        /// The link.
        link_id: Short<'a>,
        /// Its data.
        data: LinkData<'a>,
    },
    /// Removes the link.
    Ldel,
    /// Sets the notifier.
    Nkey(NewNotifier),
    /// Removes the notifier.
    Ndel,
    /// Reads the first message without subscribing.
    Get,
    /// Acknowledges the message with this id.
    Ack(Short<'a>),
    /// Suspends a queue.
    Off,
    /// Deletes a queue.
    Del,
    /// Asks for a queue's state.
    Que,
    /// Secures a queue from the sender's side.
    Skey(AuthKey),
    /// Sends a message.
    Send {
        /// Whether the recipient wants to be notified of it.
        notification: bool,
        /// Opaque; may be empty.
        body: &'a [u8],
    },
    /// Secures a queue and reads its link.
    Lkey(AuthKey),
    /// Reads a link.
    Lget,
    /// Subscribes to a queue's notifications.
    Nsub,
    /// Subscribes a service to all its notifiers.
    Nsubs(Option<IdsDigest>),
    /// Asks whether anyone is there.
    Ping,
    /// Asks a proxy for a session with a relay.
    Prxy {
        /// The relay.
        relay: ServerAddress<'a>,
        /// The proxy's password.
        password: Option<Short<'a>>,
    },
    /// Asks a proxy to forward an encrypted command.
    Pfwd {
        /// Of the command inside.
        version: Version,
        /// One half of the inner secret.
        key: DhKey,
        /// The encrypted transmission.
        body: &'a [u8],
    },
    /// A proxy forwards to a relay.
    Rfwd(&'a [u8]),
    /// Resolves a name (v20).
    Rslv(&'a [u8]),
}

impl<'a> Command<'a> {
    /// Parses a command; its whole text must be used up.
    pub fn parse(version: Version, bytes: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(bytes);
        let tag = reader.word();
        let parse = parameters(tag, version).ok_or(Error::Cmd(CommandError::Unknown))?;
        Reader::all(reader.rest(), |reader| parse(reader, version))
            .map_err(|Malformed| Error::Cmd(CommandError::Syntax))
    }

    /// Whether it comes with an authorization and an entity id exactly where it needs them.
    pub fn check_credentials(&self, authorized: bool, entity: Short<'_>) -> Result<(), Error> {
        let has_entity = !entity.is_empty();
        // authorization: yes, no, or as the queue is; and an entity
        let needs = match self {
            Self::New(_) => (Some(true), false),
            Self::Send { .. } => (None, true),
            Self::Lget | Self::Pfwd { .. } => (Some(false), true),
            Self::Ping | Self::Prxy { .. } | Self::Rfwd(_) | Self::Rslv(_) => (Some(false), false),
            _ => (Some(true), true),
        };
        let wrong = match needs {
            (Some(true), entity) if !authorized || (entity && !has_entity) => CommandError::NoAuth,
            (_, true) if !has_entity => CommandError::NoEntity,
            (Some(false), _) if authorized => CommandError::HasAuth,
            (_, false) if has_entity => CommandError::HasAuth,
            _ => return Ok(()),
        };
        Err(Error::Cmd(wrong))
    }

    /// Whether a service signs it too, beside the queue's key: what makes a queue its own.
    pub fn is_signed_by_service(&self) -> bool {
        matches!(self, Self::New(_) | Self::Sub | Self::Nsub)
    }

    /// The word it begins with; all that may be logged or counted of it.
    pub fn tag(&self) -> &'static str {
        match self {
            Self::New(_) => "NEW",
            Self::Sub => "SUB",
            Self::Subs(_) => "SUBS",
            Self::Key(_) => "KEY",
            Self::Rkey(_) => "RKEY",
            Self::Lset { .. } => "LSET",
            Self::Ldel => "LDEL",
            Self::Nkey(_) => "NKEY",
            Self::Ndel => "NDEL",
            Self::Get => "GET",
            Self::Ack(_) => "ACK",
            Self::Off => "OFF",
            Self::Del => "DEL",
            Self::Que => "QUE",
            Self::Skey(_) => "SKEY",
            Self::Send { .. } => "SEND",
            Self::Lkey(_) => "LKEY",
            Self::Lget => "LGET",
            Self::Nsub => "NSUB",
            Self::Nsubs(_) => "NSUBS",
            Self::Ping => "PING",
            Self::Prxy { .. } => "PRXY",
            Self::Pfwd { .. } => "PFWD",
            Self::Rfwd(_) => "RFWD",
            Self::Rslv(_) => "RSLV",
        }
    }

    /// Writes it as a peer of `version` reads it.
    pub fn encode(&self, version: Version, out: &mut Writer<'_>) {
        match self {
            Self::New(new) => new.encode(version, out),
            Self::Sub => out.bytes(b"SUB"),
            Self::Subs(all) => all_queues(out, b"SUBS", *all, version),
            Self::Key(key) => keyed(out, b"KEY ", key),
            Self::Rkey(keys) => {
                out.bytes(b"RKEY ");
                out.non_empty(keys, Writer::put);
            }
            Self::Lset { link_id, data } => {
                out.bytes(b"LSET ");
                out.short(*link_id);
                out.put(data);
            }
            Self::Ldel => out.bytes(b"LDEL"),
            Self::Nkey(notifier) => keyed(out, b"NKEY ", notifier),
            Self::Ndel => out.bytes(b"NDEL"),
            Self::Get => out.bytes(b"GET"),
            Self::Ack(message_id) => {
                out.bytes(b"ACK ");
                out.short(*message_id);
            }
            Self::Off => out.bytes(b"OFF"),
            Self::Del => out.bytes(b"DEL"),
            Self::Que => out.bytes(b"QUE"),
            Self::Skey(key) => keyed(out, b"SKEY ", key),
            Self::Send { notification, body } => {
                out.bytes(b"SEND ");
                out.bool(*notification);
                out.byte(b' ');
                out.bytes(body);
            }
            Self::Lkey(key) => keyed(out, b"LKEY ", key),
            Self::Lget => out.bytes(b"LGET"),
            Self::Nsub => out.bytes(b"NSUB"),
            Self::Nsubs(all) => all_queues(out, b"NSUBS", *all, version),
            Self::Ping => out.bytes(b"PING"),
            Self::Prxy { relay, password } => {
                keyed(out, b"PRXY ", relay);
                out.maybe(*password, Writer::short);
            }
            Self::Pfwd { version, key, body } => {
                keyed(out, b"PFWD ", version);
                out.put(key);
                out.bytes(body);
            }
            Self::Rfwd(body) => {
                out.bytes(b"RFWD ");
                out.bytes(body);
            }
            Self::Rslv(name) => {
                out.bytes(b"RSLV ");
                out.bytes(name);
            }
        }
    }
}

impl fmt::Debug for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

type Parameters<'a> = fn(&mut Reader<'a>, Version) -> Result<Command<'a>, Malformed>;

/// How to parse what follows a tag. Where a parameter starts, a space is expected first.
fn parameters<'a>(tag: &[u8], version: Version) -> Option<Parameters<'a>> {
    Some(match tag {
        b"NEW" => |r, version| New::read(r, version).map(Box::new).map(Command::New),
        b"SUB" => |_, _| Ok(Command::Sub),
        b"SUBS" => |r, version| IdsDigest::read_since_v19(r, version).map(Command::Subs),
        b"KEY" => |r, _| r.space().and_then(|()| AuthKey::read(r)).map(Command::Key),
        b"RKEY" => |r, _| {
            r.space()?;
            r.non_empty(AuthKey::read).map(Command::Rkey)
        },
        b"LSET" => |r, _| {
            r.space()?;
            let (link_id, data) = (r.short()?, LinkData::read(r)?);
            Ok(Command::Lset { link_id, data })
        },
        b"LDEL" => |_, _| Ok(Command::Ldel),
        b"NKEY" => |r, _| {
            r.space()
                .and_then(|()| NewNotifier::read(r))
                .map(Command::Nkey)
        },
        b"NDEL" => |_, _| Ok(Command::Ndel),
        b"GET" => |_, _| Ok(Command::Get),
        b"ACK" => |r, _| r.space().and_then(|()| r.short()).map(Command::Ack),
        b"OFF" => |_, _| Ok(Command::Off),
        b"DEL" => |_, _| Ok(Command::Del),
        b"QUE" => |_, _| Ok(Command::Que),
        b"SKEY" => |r, _| r.space().and_then(|()| AuthKey::read(r)).map(Command::Skey),
        b"SEND" => |r, _| send(r),
        b"LKEY" => |r, _| r.space().and_then(|()| AuthKey::read(r)).map(Command::Lkey),
        b"LGET" => |_, _| Ok(Command::Lget),
        b"NSUB" => |_, _| Ok(Command::Nsub),
        b"NSUBS" => |r, version| IdsDigest::read_since_v19(r, version).map(Command::Nsubs),
        b"PING" => |_, _| Ok(Command::Ping),
        b"PRXY" => |r, _| {
            r.space()?;
            let (relay, password) = (ServerAddress::read(r)?, r.maybe(password)?);
            Ok(Command::Prxy { relay, password })
        },
        b"PFWD" => |r, _| {
            r.space()?;
            let (version, key, body) = (Version::read(r)?, DhKey::read(r)?, r.tail());
            Ok(Command::Pfwd { version, key, body })
        },
        b"RFWD" => |r, _| r.space().map(|()| Command::Rfwd(r.tail())),
        b"RSLV" if version >= Version::NAMES => |r, _| name(r).map(Command::Rslv),
        _ => return None,
    })
}

fn send<'a>(reader: &mut Reader<'a>) -> Result<Command<'a>, Malformed> {
    reader.space()?;
    let notification = reader.bool()?;
    // flags of later versions
    reader.word();
    reader.space()?;
    let body = reader.tail();
    Ok(Command::Send { notification, body })
}

/// The name ends at the first white space; what follows is for later versions.
fn name<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
    reader.space()?;
    let text = reader.tail();
    let is_space = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    let name = text.split(is_space).next().unwrap_or(text);
    is_name(name).then_some(name).ok_or(Malformed)
}

/// Labels of ASCII letters, digits and single hyphens between them, as domains have; two or more.
fn is_name(name: &[u8]) -> bool {
    let is_part = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_alphanumeric);
    let is_label =
        |label: &[u8]| label.len() <= 63 && label.split(|byte| *byte == b'-').all(is_part);
    let labels = || name.split(|byte| *byte == b'.');
    name.len() <= 253 && labels().count() > 1 && labels().all(is_label)
}

/// A password is printable and has none of the characters that end it in an address.
fn password<'a>(reader: &mut Reader<'a>) -> Result<Short<'a>, Malformed> {
    let password = reader.short()?;
    // as Latin-1, where the reference asks whether a character prints
    let prints = |byte: &u8| byte.is_ascii_graphic() || (*byte > 0xa0 && *byte != 0xad);
    let allowed = |byte: &u8| prints(byte) && !b"@:/".contains(byte);
    password
        .as_bytes()
        .iter()
        .all(allowed)
        .then_some(password)
        .ok_or(Malformed)
}

fn keyed(out: &mut Writer<'_>, tag: &[u8], parameter: &impl Encode) {
    out.bytes(tag);
    out.put(parameter);
}

fn all_queues(out: &mut Writer<'_>, tag: &[u8], all: Option<IdsDigest>, version: Version) {
    out.bytes(tag);
    if version >= Version::RECEIVE_SERVICES {
        keyed(out, b" ", &all.unwrap_or_default());
    }
}
