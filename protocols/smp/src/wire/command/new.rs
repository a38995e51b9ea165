//! `NEW`, the one command that grew with every second version.

use crate::wire::{AuthKey, DhKey, Encode, Malformed, Reader, Short, Version, Writer};

use super::password;

/// A queue to be created.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct New<'a> {
    /// Authorizes this command and the recipient's later ones.
    pub key: AuthKey,
    /// The recipient's half of the secret that hides message bodies.
    pub dh_key: DhKey,
    /// The server's password, where it wants one.
    pub password: Option<Short<'a>>,
    /// Whether the connection is subscribed at once.
    pub mode: SubscriptionMode,
    /// What kind of queue; old clients do not say.
    pub request: Option<QueueRequest<'a>>,
    /// A notifier to set at once (v17).
    pub notifier: Option<NewNotifier>,
}

/// Whether the creator is subscribed at once.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SubscriptionMode {
    /// At once.
    #[default]
    Subscribe,
    /// Not yet.
    OnlyCreate,
}

/// The kind of a queue, and the link to make with it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum QueueRequest<'a> {
    /// For one sender, who may secure it; the server makes the link's id.
    Messaging(Option<NewLink<'a>>),
    /// For anybody; the creator makes the link's id.
    Contact(Option<(Short<'a>, NewLink<'a>)>),
}

/// A link to be made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NewLink<'a> {
    /// Follows from the correlation id, so that nobody can probe for ids.
    pub sender_id: Short<'a>,
    /// Its data.
    pub data: LinkData<'a>,
}

/// A link's data, encrypted by its creator.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct LinkData<'a> {
    /// Never changes.
    pub fixed: &'a [u8],
    /// May be replaced.
    pub user: &'a [u8],
}

/// A notifier to be set.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NewNotifier {
    /// Authorizes the notifier's commands.
    pub key: AuthKey,
    /// The recipient's half of the secret that hides notifications.
    pub dh_key: DhKey,
}

impl<'a> New<'a> {
    pub(super) fn read(reader: &mut Reader<'a>, version: Version) -> Result<Self, Malformed> {
        reader.space()?;
        Ok(Self {
            key: AuthKey::read(reader)?,
            dh_key: DhKey::read(reader)?,
            password: match version {
                v if v >= Version::SENDER_SECURES => reader.maybe(password)?,
                _ => reader.optional(|r| r.expect(b'A').and_then(|()| password(r))),
            },
            mode: SubscriptionMode::read(reader)?,
            request: match version {
                v if v >= Version::LINKS => reader.maybe(QueueRequest::read)?,
                v if v >= Version::SENDER_SECURES => {
                    Some(QueueRequest::without_link(reader.bool()?))
                }
                _ => None,
            },
            notifier: match version {
                v if v >= Version::NEW_NOTIFIER => reader.maybe(NewNotifier::read)?,
                _ => None,
            },
        })
    }

    pub(super) fn encode(&self, version: Version, out: &mut Writer<'_>) {
        out.bytes(b"NEW ");
        out.put(&self.key);
        out.put(&self.dh_key);
        match self.password {
            password if version >= Version::SENDER_SECURES => out.maybe(password, Writer::short),
            Some(password) => {
                out.byte(b'A');
                out.short(password);
            }
            None => {}
        }
        out.put(&self.mode);
        if version >= Version::LINKS {
            out.maybe(self.request, |out, request| out.put(&request));
        } else if version >= Version::SENDER_SECURES {
            out.bool(matches!(self.request, Some(QueueRequest::Messaging(_))));
        }
        if version >= Version::NEW_NOTIFIER {
            out.maybe(self.notifier, |out, notifier| out.put(&notifier));
        }
    }
}

impl SubscriptionMode {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        match reader.byte()? {
            b'S' => Ok(Self::Subscribe),
            b'C' => Ok(Self::OnlyCreate),
            _ => Err(Malformed),
        }
    }
}

impl Encode for SubscriptionMode {
    fn encode(&self, out: &mut Writer<'_>) {
        out.byte(match self {
            Self::Subscribe => b'S',
            Self::OnlyCreate => b'C',
        });
    }
}

impl<'a> QueueRequest<'a> {
    fn without_link(sender_can_secure: bool) -> Self {
        if sender_can_secure {
            Self::Messaging(None)
        } else {
            Self::Contact(None)
        }
    }

    fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        match reader.byte()? {
            b'M' => reader.maybe(NewLink::read).map(Self::Messaging),
            b'C' => reader
                .maybe(|r| Ok((r.short()?, NewLink::read(r)?)))
                .map(Self::Contact),
            _ => Err(Malformed),
        }
    }
}

impl Encode for QueueRequest<'_> {
    fn encode(&self, out: &mut Writer<'_>) {
        match self {
            Self::Messaging(link) => {
                out.byte(b'M');
                out.maybe(*link, |out, link| out.put(&link));
            }
            Self::Contact(link) => {
                out.byte(b'C');
                out.maybe(*link, |out, (id, link)| {
                    out.short(id);
                    out.put(&link);
                });
            }
        }
    }
}

impl<'a> NewLink<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let (sender_id, data) = (reader.short()?, LinkData::read(reader)?);
        Ok(Self { sender_id, data })
    }
}

impl Encode for NewLink<'_> {
    fn encode(&self, out: &mut Writer<'_>) {
        out.short(self.sender_id);
        out.put(&self.data);
    }
}

impl<'a> LinkData<'a> {
    pub(in crate::wire) fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let (fixed, user) = (reader.large()?, reader.large()?);
        Ok(Self { fixed, user })
    }
}

impl Encode for LinkData<'_> {
    fn encode(&self, out: &mut Writer<'_>) {
        out.large(self.fixed);
        out.large(self.user);
    }
}

impl std::fmt::Debug for LinkData<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "LinkData({} + {} bytes)",
            self.fixed.len(),
            self.user.len()
        )
    }
}

impl NewNotifier {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (key, dh_key) = (AuthKey::read(reader)?, DhKey::read(reader)?);
        Ok(Self { key, dh_key })
    }
}

impl Encode for NewNotifier {
    fn encode(&self, out: &mut Writer<'_>) {
        out.put(&self.key);
        out.put(&self.dh_key);
    }
}
