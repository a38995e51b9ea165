//! The up to three messages with which a connection begins: what the server is and speaks, what
//! the client chose, and, for services alone, whether the service is known.
//!
//! Bytes after a message are ignored: later versions put more there.

use super::{
    CertChain, DhKey, Encode, Malformed, PublicKey, Reader, Short, SignedKey, TransportError,
    Version, VersionRange, Writer,
};

/// The server speaks first.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServerHello<'a> {
    /// What it offers.
    pub versions: VersionRange,
    /// The client's Finished, which the client compares with its own.
    pub session_id: Short<'a>,
    /// Its certificates and session key; none in legacy mode (highest version 6).
    pub identity: Option<CertChain<'a>>,
}

impl<'a> ServerHello<'a> {
    /// Parses the content of the first block.
    pub fn parse(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(message);
        let versions = VersionRange::read(&mut reader)?;
        Ok(Self {
            versions,
            session_id: reader.short()?,
            identity: (versions.max() >= Version::SESSION_KEYS)
                .then(|| reader.optional(CertChain::read))
                .flatten(),
        })
    }
}

impl Encode for ServerHello<'_> {
    fn encode(&self, out: &mut Writer<'_>) {
        out.put(&self.versions);
        out.short(self.session_id);
        if self.versions.max() >= Version::SESSION_KEYS
            && let Some(identity) = &self.identity
        {
            out.put(identity);
        }
    }
}

/// The client chooses.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClientHello<'a> {
    /// The highest version both speak.
    pub version: Version,
    /// Which server it wants: the SHA-256 of the identity certificate.
    pub key_hash: Short<'a>,
    /// Its half of the session secret.
    pub session_key: Option<DhKey>,
    /// Whether it is a server that forwards for its own clients.
    pub proxy: bool,
    /// The service it is, if it is one.
    pub service: Option<ServiceHello<'a>>,
}

/// A client that is a service shows who it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServiceHello<'a> {
    /// What it does.
    pub role: ServiceRole,
    /// Its certificates, as in TLS, and its session key.
    pub identity: CertChain<'a>,
}

/// What a service does.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ServiceRole {
    /// Receives messages of many queues.
    Messaging,
    /// Pushes notifications.
    Notifier,
    /// Forwards.
    Proxy,
}

impl<'a> ClientHello<'a> {
    /// Parses the content of the second block.
    pub fn parse(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(message);
        let version = Version::read(&mut reader)?;
        Ok(Self {
            version,
            key_hash: reader.short()?,
            // No marker tells whether it is there: it is when it parses.
            session_key: (version >= Version::SESSION_KEYS)
                .then(|| reader.optional(DhKey::read))
                .flatten(),
            proxy: version >= Version::PROXY_FLAG && reader.bool()?,
            service: match version {
                v if v >= Version::SERVICES => reader.maybe(ServiceHello::read)?,
                _ => None,
            },
        })
    }
}

impl Encode for ClientHello<'_> {
    fn encode(&self, out: &mut Writer<'_>) {
        out.put(&self.version);
        out.short(self.key_hash);
        if self.version >= Version::SESSION_KEYS
            && let Some(key) = &self.session_key
        {
            out.put(key);
        }
        if self.version >= Version::PROXY_FLAG {
            out.bool(self.proxy);
        }
        if self.version >= Version::SERVICES {
            out.maybe(self.service.as_ref(), Writer::put);
        }
    }
}

impl<'a> ServiceHello<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let (role, identity) = (ServiceRole::read(reader)?, CertChain::read(reader)?);
        Ok(Self { role, identity })
    }

    /// The key that signs for the service in this session.
    pub fn session_key(&self) -> Result<[u8; 32], Malformed> {
        match SignedKey::parse(self.identity.signed_key)?.key {
            PublicKey::Ed25519(key) => Ok(key),
            _ => Err(Malformed),
        }
    }
}

impl Encode for ServiceHello<'_> {
    fn encode(&self, out: &mut Writer<'_>) {
        out.put(&self.role);
        out.put(&self.identity);
    }
}

impl ServiceRole {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        match reader.byte()? {
            b'M' => Ok(Self::Messaging),
            b'N' => Ok(Self::Notifier),
            b'P' => Ok(Self::Proxy),
            _ => Err(Malformed),
        }
    }
}

impl Encode for ServiceRole {
    fn encode(&self, out: &mut Writer<'_>) {
        out.byte(match self {
            Self::Messaging => b'M',
            Self::Notifier => b'N',
            Self::Proxy => b'P',
        });
    }
}

/// The server's answer to a service.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ServiceResult<'a> {
    /// Known by this id.
    Accepted(Short<'a>),
    /// Not accepted; the connection ends.
    Refused(TransportError),
}

impl<'a> ServiceResult<'a> {
    /// Parses the content of the third block.
    pub fn parse(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(message);
        match reader.byte()? {
            b'R' => reader.short().map(Self::Accepted),
            b'E' => TransportError::read(&mut reader).map(Self::Refused),
            _ => Err(Malformed),
        }
    }
}

impl Encode for ServiceResult<'_> {
    fn encode(&self, out: &mut Writer<'_>) {
        match self {
            Self::Accepted(service_id) => {
                out.byte(b'R');
                out.short(*service_id);
            }
            Self::Refused(error) => {
                out.byte(b'E');
                out.put(error);
            }
        }
    }
}
