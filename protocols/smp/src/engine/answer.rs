//! What the engine says: responses and events that own their bytes.
//!
//! A body is in memory once, shared between whoever still needs it, and is encrypted for its
//! recipient only inside the block in which it leaves.

use std::fmt;
use std::sync::Arc;

use crate::crypto::message::Delivery;
use crate::queue::{EntityId, Record};
use crate::routing::RelayKey;
use crate::wire::{
    DhKey, Error, Ids, LinkData, Message, QueueMode, Reply, Response, Session, Short, Writer,
};

/// What fits in a block beside one message of full size.
const SMALL: usize = 256;

/// Answers to one block.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// To what was not even tried: malformed or not authorized. They leave first, in blocks of
    /// their own.
    pub(crate) refused: Vec<Answer>,
    /// To the others, in the order of the commands.
    pub(crate) done: Vec<Answer>,
}

/// One transmission to be encoded.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// Of the command; empty for events.
    corr_id: Bytes,
    /// The queue or its notifier or link.
    entity_id: Bytes,
    said: Said,
}

/// A short byte string of our own.
type Bytes = Box<[u8]>;

/// What is said.
#[derive(Clone)]
pub(crate) enum Said {
    Deld,
    End,
    Err(Error),
    Ids(Box<NewIds>),
    /// A queue's state, as JSON.
    Info(Vec<u8>),
    Lnk {
        sender_id: EntityId,
        fixed: Vec<u8>,
        user: Vec<u8>,
    },
    Msg(Arc<Record>, Stored),
    Nid {
        notifier_id: EntityId,
        dh_key: DhKey,
    },
    Nmsg {
        nonce: [u8; 24],
        meta: Vec<u8>,
    },
    Ok,
    Pkey(Arc<RelayKey>),
    Pong,
    Pres(Vec<u8>),
    Rres(Vec<u8>),
    Sok,
}

/// What a new queue is called.
#[derive(Clone)]
pub(crate) struct NewIds {
    pub(crate) recipient_id: EntityId,
    pub(crate) sender_id: EntityId,
    pub(crate) dh_key: DhKey,
    pub(crate) mode: Option<QueueMode>,
    pub(crate) link_id: Option<Vec<u8>>,
    pub(crate) notifier: Option<(EntityId, DhKey)>,
}

/// A message as it lies in the store.
#[derive(Clone)]
pub(crate) struct Stored {
    pub(crate) id: EntityId,
    /// Unix seconds at which it was taken.
    pub(crate) sent_at: i64,
    pub(crate) content: Content,
}

/// What a stored message is.
#[derive(Clone)]
pub(crate) enum Content {
    /// Sent by somebody.
    Sent {
        notification: bool,
        body: Arc<Vec<u8>>,
    },
    /// The queue was full.
    Quota,
}

impl Answer {
    /// To a command.
    pub(crate) fn to(corr_id: Short<'_>, entity_id: &[u8], said: Said) -> Self {
        Self {
            corr_id: corr_id.as_bytes().into(),
            entity_id: entity_id.into(),
            said,
        }
    }

    /// To nothing.
    pub(crate) fn event(entity_id: &[u8], said: Said) -> Self {
        Self::to(Short::EMPTY, entity_id, said)
    }

    /// Writes it as one transmission.
    pub(crate) fn encode(&self, session: Session<'_>, out: &mut Writer<'_>) {
        let (corr_id, entity_id) = (Short::cut(&self.corr_id), Short::cut(&self.entity_id));
        Reply::encode(
            session,
            corr_id,
            entity_id,
            |out| self.said.encode(session, out),
            out,
        );
    }

    /// About how many bytes it takes on the wire.
    pub(crate) fn weight(&self) -> usize {
        match &self.said {
            Said::Msg(..) => crate::wire::PADDED_MESSAGE + SMALL,
            Said::Lnk { fixed, user, .. } => fixed.len() + user.len() + SMALL,
            Said::Info(json) => json.len() + SMALL,
            Said::Pres(sealed) | Said::Rres(sealed) => sealed.len() + SMALL,
            Said::Pkey(key) => key.weight() + SMALL,
            _ => SMALL,
        }
    }
}

impl Said {
    fn encode(&self, session: Session<'_>, out: &mut Writer<'_>) {
        let response = match self {
            Self::Deld => Response::Deld,
            Self::End => Response::End,
            Self::Err(error) => Response::Err(error.clone()),
            Self::Ids(ids) => Response::Ids(Box::new(ids.borrow())),
            Self::Info(json) => Response::Info(json),
            Self::Lnk {
                sender_id,
                fixed,
                user,
            } => Response::Lnk {
                sender_id: sender_id.into(),
                data: LinkData { fixed, user },
            },
            Self::Msg(record, stored) => return stored.deliver(record).encode(out),
            Self::Nid {
                notifier_id,
                dh_key,
            } => Response::Nid {
                notifier_id: notifier_id.into(),
                dh_key: *dh_key,
            },
            Self::Nmsg { nonce, meta } => Response::Nmsg {
                nonce,
                meta: Short::cut(meta),
            },
            Self::Ok => Response::Ok,
            Self::Pkey(key) => key.response(),
            Self::Pong => Response::Pong,
            Self::Pres(sealed) => Response::Pres(sealed),
            Self::Rres(sealed) => Response::Rres(sealed),
            Self::Sok => Response::Sok(None),
        };
        response.encode(session.version, out);
    }
}

impl NewIds {
    fn borrow(&self) -> Ids<'_> {
        Ids {
            recipient_id: (&self.recipient_id).into(),
            sender_id: (&self.sender_id).into(),
            dh_key: self.dh_key,
            mode: self.mode,
            link_id: self.link_id.as_deref().map(Short::cut),
            service_id: None,
            notifier: (self.notifier.as_ref()).map(|(id, dh_key)| (id.into(), *dh_key)),
        }
    }
}

impl Stored {
    /// The bytes it keeps in memory.
    pub(crate) fn weight(&self) -> usize {
        match &self.content {
            Content::Sent { body, .. } => body.len(),
            Content::Quota => 0,
        }
    }

    /// What its recipient will find in it.
    pub(crate) fn message(&self) -> Message<'_> {
        let timestamp = self.sent_at;
        match &self.content {
            Content::Sent { notification, body } => Message::Sent {
                timestamp,
                notification: *notification,
                body,
            },
            Content::Quota => Message::Quota { timestamp },
        }
    }

    fn deliver<'a>(&'a self, record: &'a Record) -> Delivery<'a> {
        Delivery {
            key: &record.body_key,
            id: &self.id,
            message: self.message(),
        }
    }
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deld => "DELD",
            Self::End => "END",
            Self::Err(error) => return write!(f, "ERR {error:?}"),
            Self::Ids(_) => "IDS",
            Self::Info(_) => "INFO",
            Self::Lnk { .. } => "LNK",
            Self::Msg(..) => "MSG",
            Self::Nid { .. } => "NID",
            Self::Nmsg { .. } => "NMSG",
            Self::Ok => "OK",
            Self::Pkey(_) => "PKEY",
            Self::Pong => "PONG",
            Self::Pres(_) => "PRES",
            Self::Rres(_) => "RRES",
            Self::Sok => "SOK",
        })
    }
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stored({} bytes)", self.weight())
    }
}
