//! A server's address in binary, as clients name relays to a proxy, and the digest with which a
//! service and a server compare the sets of queues they know.

use super::{Encode, Malformed, Reader, Short, Version, Writer};

/// Where a server is and who it must be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServerAddress<'a> {
    /// Names or addresses of the same server; never empty.
    pub hosts: Vec<Short<'a>>,
    /// Decimal; empty for the usual one.
    pub port: Short<'a>,
    /// The SHA-256 of its identity certificate.
    pub key_hash: Short<'a>,
}

impl<'a> ServerAddress<'a> {
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            hosts: reader.non_empty(Reader::short)?,
            port: reader.short()?,
            key_hash: reader.short()?,
        })
    }
}

impl Encode for ServerAddress<'_> {
    fn encode(&self, out: &mut Writer<'_>) {
        out.non_empty(&self.hosts, |out, host| out.short(*host));
        out.short(self.port);
        out.short(self.key_hash);
    }
}

/// How many queues a service has, and a hash of their ids (v19; before, the count alone).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct IdsDigest {
    /// -1 for "not known".
    pub count: i64,
    /// The exclusive or of the MD5 of each id.
    pub hash: [u8; 16],
}

impl IdsDigest {
    /// In commands: nothing before v19, ` count hash` since.
    pub(super) fn read_since_v19(
        reader: &mut Reader<'_>,
        version: Version,
    ) -> Result<Option<Self>, Malformed> {
        if version < Version::RECEIVE_SERVICES {
            return Ok(None);
        }
        reader.space()?;
        Self::read(reader, version).map(Some)
    }

    /// In responses: the count, and the hash since v19.
    pub(super) fn read(reader: &mut Reader<'_>, version: Version) -> Result<Self, Malformed> {
        Ok(Self {
            count: reader.int64()?,
            hash: match version {
                v if v >= Version::RECEIVE_SERVICES => *reader.short_array()?,
                _ => [0; 16],
            },
        })
    }

    pub(super) fn encode_for(&self, version: Version, out: &mut Writer<'_>) {
        out.int64(self.count);
        if version >= Version::RECEIVE_SERVICES {
            out.short(Short::from(&self.hash));
        }
    }
}

impl Encode for IdsDigest {
    fn encode(&self, out: &mut Writer<'_>) {
        self.encode_for(Version::RECEIVE_SERVICES, out);
    }
}
