//! Responses and events: what a server says.
//!
//! One type for both sides again. What an older peer does not know is said in its own words by
//! [`Response::encode`]: `SOK` and `DELD` become `OK` and `END`, errors are mapped down.

use std::fmt;

use super::{
    CertChain, CommandError, DhKey, Encode, Error, IdsDigest, LinkData, Malformed, Reader, Short,
    Version, VersionRange, Writer,
};

/// A response, or an event when it answers nothing.
#[derive(Clone, Eq, PartialEq)]
pub enum Response<'a> {
    /// A queue was created.
    Ids(Box<Ids<'a>>),
    /// A link's data.
    Lnk {
        /// The queue's sender id.
        sender_id: Short<'a>,
        /// Its data.
        data: LinkData<'a>,
    },
    /// Subscribed, perhaps on behalf of a service.
    Sok(Option<Short<'a>>),
    /// A service is subscribed to so many queues.
    Soks(IdsDigest),
    /// A message.
    Msg {
        /// Its id, which is also the nonce of its body.
        id: Short<'a>,
        /// Encrypted for the recipient.
        body: &'a [u8],
    },
    /// A notifier was set.
    Nid {
        /// Its id.
        notifier_id: Short<'a>,
        /// The server's half of the secret that hides notifications.
        dh_key: DhKey,
    },
    /// A notification.
    Nmsg {
        /// Of the metadata.
        nonce: &'a [u8; 24],
        /// Encrypted for the recipient.
        meta: Short<'a>,
    },
    /// Another connection took the subscription over.
    End,
    /// Another connection took a service's subscriptions over.
    Ends(IdsDigest),
    /// The queue was deleted.
    Deld,
    /// All waiting messages of a service's subscription were offered.
    Alls,
    /// A queue's state, as JSON.
    Info(&'a [u8]),
    /// A session with a relay.
    Pkey {
        /// Of the connection between proxy and relay.
        session_id: Short<'a>,
        /// What the relay speaks and the proxy passes on.
        versions: VersionRange,
        /// The relay's, from its hello.
        identity: CertChain<'a>,
    },
    /// A forwarded answer, from the proxy.
    Pres(&'a [u8]),
    /// A forwarded answer, from the relay.
    Rres(&'a [u8]),
    /// A resolved name, as JSON.
    Rname(&'a [u8]),
    /// Done.
    Ok,
    /// Refused.
    Err(Error),
    /// Somebody is there.
    Pong,
}

/// What a new queue is called.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ids<'a> {
    /// For the recipient.
    pub recipient_id: Short<'a>,
    /// For senders.
    pub sender_id: Short<'a>,
    /// The server's half of the secret that hides message bodies.
    pub dh_key: DhKey,
    /// The kind of queue; unknown to old clients.
    pub mode: Option<QueueMode>,
    /// Its link.
    pub link_id: Option<Short<'a>>,
    /// The service it belongs to.
    pub service_id: Option<Short<'a>>,
    /// Its notifier and the server's half of that secret.
    pub notifier: Option<(Short<'a>, DhKey)>,
}

/// The kind of a queue.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum QueueMode {
    /// For one sender.
    Messaging,
    /// For anybody.
    Contact,
}

impl<'a> Response<'a> {
    /// Parses a response; its whole text must be used up.
    pub fn parse(version: Version, bytes: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(bytes);
        let tag = reader.word();
        let parse = parameters(tag).ok_or(Error::Cmd(CommandError::Unknown))?;
        Reader::all(reader.rest(), |reader| parse(reader, version))
            .map_err(|Malformed| Error::Cmd(CommandError::Syntax))
    }

    /// The word it begins with; all that may be logged or counted of it.
    pub fn tag(&self) -> &'static str {
        match self {
            Self::Ids(_) => "IDS",
            Self::Lnk { .. } => "LNK",
            Self::Sok(_) => "SOK",
            Self::Soks(_) => "SOKS",
            Self::Msg { .. } => "MSG",
            Self::Nid { .. } => "NID",
            Self::Nmsg { .. } => "NMSG",
            Self::End => "END",
            Self::Ends(_) => "ENDS",
            Self::Deld => "DELD",
            Self::Alls => "ALLS",
            Self::Info(_) => "INFO",
            Self::Pkey { .. } => "PKEY",
            Self::Pres(_) => "PRES",
            Self::Rres(_) => "RRES",
            Self::Rname(_) => "RNAME",
            Self::Ok => "OK",
            Self::Err(_) => "ERR",
            Self::Pong => "PONG",
        }
    }

    /// Writes it as a peer of `version` reads it.
    pub fn encode(&self, version: Version, out: &mut Writer<'_>) {
        match self {
            Self::Ids(ids) => ids.encode(version, out),
            Self::Lnk { sender_id, data } => {
                out.bytes(b"LNK ");
                out.short(*sender_id);
                out.put(data);
            }
            Self::Sok(service_id) if version >= Version::SERVICES => {
                out.bytes(b"SOK ");
                out.maybe(*service_id, Writer::short);
            }
            Self::Sok(_) | Self::Ok => out.bytes(b"OK"),
            Self::Soks(all) => {
                out.bytes(b"SOKS ");
                all.encode_for(version, out);
            }
            Self::Msg { id, body } => {
                out.bytes(b"MSG ");
                out.short(*id);
                out.bytes(body);
            }
            Self::Nid {
                notifier_id,
                dh_key,
            } => {
                out.bytes(b"NID ");
                out.short(*notifier_id);
                out.put(dh_key);
            }
            Self::Nmsg { nonce, meta } => {
                out.bytes(b"NMSG ");
                out.bytes(*nonce);
                out.short(*meta);
            }
            Self::Ends(all) => {
                out.bytes(b"ENDS ");
                all.encode_for(version, out);
            }
            Self::Deld if version >= Version::DELETED_EVENT => out.bytes(b"DELD"),
            Self::Deld | Self::End => out.bytes(b"END"),
            Self::Alls => out.bytes(b"ALLS"),
            Self::Info(json) => tailed(out, b"INFO ", json),
            Self::Pkey {
                session_id,
                versions,
                identity,
            } => {
                out.bytes(b"PKEY ");
                out.short(*session_id);
                out.put(versions);
                out.put(identity);
            }
            Self::Pres(body) => tailed(out, b"PRES ", body),
            Self::Rres(body) => tailed(out, b"RRES ", body),
            Self::Rname(json) => tailed(out, b"RNAME ", json),
            Self::Err(error) => {
                out.bytes(b"ERR ");
                out.put(&error.clone().for_version(version));
            }
            Self::Pong => out.bytes(b"PONG"),
        }
    }
}

impl fmt::Debug for Response<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

type Parameters<'a> = fn(&mut Reader<'a>, Version) -> Result<Response<'a>, Malformed>;

fn parameters<'a>(tag: &[u8]) -> Option<Parameters<'a>> {
    Some(match tag {
        b"IDS" => |r, version| Ids::read(r, version).map(Box::new).map(Response::Ids),
        b"LNK" => |r, _| {
            r.space()?;
            let (sender_id, data) = (r.short()?, LinkData::read(r)?);
            Ok(Response::Lnk { sender_id, data })
        },
        b"SOK" => |r, _| {
            r.space()?;
            r.maybe(Reader::short).map(Response::Sok)
        },
        b"SOKS" => |r, version| {
            r.space()?;
            IdsDigest::read(r, version).map(Response::Soks)
        },
        b"MSG" => |r, _| {
            r.space()?;
            let (id, body) = (r.short()?, r.tail());
            Ok(Response::Msg { id, body })
        },
        b"NID" => |r, _| {
            r.space()?;
            let (notifier_id, dh_key) = (r.short()?, DhKey::read(r)?);
            Ok(Response::Nid {
                notifier_id,
                dh_key,
            })
        },
        b"NMSG" => |r, _| {
            r.space()?;
            let (nonce, meta) = (r.array()?, r.short()?);
            Ok(Response::Nmsg { nonce, meta })
        },
        b"END" => |_, _| Ok(Response::End),
        b"ENDS" => |r, version| {
            r.space()?;
            IdsDigest::read(r, version).map(Response::Ends)
        },
        b"DELD" => |_, _| Ok(Response::Deld),
        b"ALLS" => |_, _| Ok(Response::Alls),
        b"INFO" => |r, _| r.space().map(|()| Response::Info(r.tail())),
        b"PKEY" => |r, _| {
            r.space()?;
            let (session_id, versions) = (r.short()?, VersionRange::read(r)?);
            let identity = CertChain::read(r)?;
            Ok(Response::Pkey {
                session_id,
                versions,
                identity,
            })
        },
        b"PRES" => |r, _| r.space().map(|()| Response::Pres(r.tail())),
        b"RRES" => |r, _| r.space().map(|()| Response::Rres(r.tail())),
        b"RNAME" => |r, _| r.space().map(|()| Response::Rname(r.tail())),
        b"OK" => |_, _| Ok(Response::Ok),
        b"ERR" => |r, _| r.space().and_then(|()| Error::read(r)).map(Response::Err),
        b"PONG" => |_, _| Ok(Response::Pong),
        _ => return None,
    })
}

impl<'a> Ids<'a> {
    fn read(reader: &mut Reader<'a>, version: Version) -> Result<Self, Malformed> {
        reader.space()?;
        let mut ids = Self {
            recipient_id: reader.short()?,
            sender_id: reader.short()?,
            dh_key: DhKey::read(reader)?,
            mode: None,
            link_id: None,
            service_id: None,
            notifier: None,
        };
        if version >= Version::LINKS {
            ids.mode = reader.maybe(QueueMode::read)?;
            ids.link_id = reader.maybe(Reader::short)?;
        } else if version >= Version::SENDER_SECURES {
            let messaging = reader.bool()?;
            ids.mode = Some(if messaging {
                QueueMode::Messaging
            } else {
                QueueMode::Contact
            });
        }
        if version >= Version::SERVICES {
            ids.service_id = reader.maybe(Reader::short)?;
        }
        if version >= Version::NEW_NOTIFIER {
            ids.notifier = reader.maybe(|r| Ok((r.short()?, DhKey::read(r)?)))?;
        }
        Ok(ids)
    }

    fn encode(&self, version: Version, out: &mut Writer<'_>) {
        out.bytes(b"IDS ");
        out.short(self.recipient_id);
        out.short(self.sender_id);
        out.put(&self.dh_key);
        if version >= Version::LINKS {
            out.maybe(self.mode, |out, mode| out.put(&mode));
            out.maybe(self.link_id, Writer::short);
        } else if version >= Version::SENDER_SECURES {
            out.bool(self.mode == Some(QueueMode::Messaging));
        }
        if version >= Version::SERVICES {
            out.maybe(self.service_id, Writer::short);
        }
        if version >= Version::NEW_NOTIFIER {
            out.maybe(self.notifier, |out, (id, dh_key)| {
                out.short(id);
                out.put(&dh_key);
            });
        }
    }
}

impl QueueMode {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        match reader.byte()? {
            b'M' => Ok(Self::Messaging),
            b'C' => Ok(Self::Contact),
            _ => Err(Malformed),
        }
    }
}

impl Encode for QueueMode {
    fn encode(&self, out: &mut Writer<'_>) {
        out.byte(match self {
            Self::Messaging => b'M',
            Self::Contact => b'C',
        });
    }
}

fn tailed(out: &mut Writer<'_>, tag: &[u8], tail: &[u8]) {
    out.bytes(tag);
    out.bytes(tail);
}
