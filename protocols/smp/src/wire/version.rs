//! Protocol versions and ranges of them, with the version each feature of the wire came in.

use std::fmt;

use super::{Encode, Malformed, Reader, Writer};

/// A version of the relay protocol.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Version(pub u16);

impl Version {
    /// The oldest that is spoken; the session id is still on the wire.
    pub const V6: Self = Self(6);
    /// Session keys in the hello, authenticators, an implied session id.
    pub const SESSION_KEYS: Self = Self(7);
    /// Private routing.
    pub const ROUTING: Self = Self(8);
    /// Senders may secure a queue.
    pub const SENDER_SECURES: Self = Self(9);
    /// The `DELD` event.
    pub const DELETED_EVENT: Self = Self(10);
    /// Blocks are encrypted.
    pub const BLOCK_ENCRYPTION: Self = Self(11);
    /// The `BLOCKED` error.
    pub const BLOCKED: Self = Self(12);
    /// A client says whether it is a proxy.
    pub const PROXY_FLAG: Self = Self(14);
    /// Links, several recipient keys, queue modes.
    pub const LINKS: Self = Self(15);
    /// Service certificates, `SOK`.
    pub const SERVICES: Self = Self(16);
    /// Notifier credentials in `NEW`.
    pub const NEW_NOTIFIER: Self = Self(17);
    /// Notices in `BLOCKED`.
    pub const NOTICES: Self = Self(18);
    /// Receive services: counts with hashes.
    pub const RECEIVE_SERVICES: Self = Self(19);
    /// Name resolution.
    pub const NAMES: Self = Self(20);

    /// The longest body of a `SEND` that arrives over a connection of this version.
    pub fn max_body(self) -> usize {
        match self {
            v if v >= Self::BLOCK_ENCRYPTION => 16048,
            v if v >= Self::ROUTING => 16064,
            _ => 16088,
        }
    }
}

impl Encode for Version {
    fn encode(&self, out: &mut Writer<'_>) {
        out.word16(self.0);
    }
}

impl Version {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.word16().map(Self)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// From a lowest to a highest version, never empty.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct VersionRange {
    min: Version,
    max: Version,
}

impl VersionRange {
    /// What this server can offer.
    pub const SERVER: Self = Self {
        min: Version::V6,
        max: Version::NOTICES,
    };
    /// What a proxy passes on of what a relay speaks: no more than its clients' age is told by.
    pub const PASSED_ON: Self = Self {
        min: Version::ROUTING,
        max: if Self::SERVER.max.0 >= Version::NAMES.0 {
            Version::NAMES
        } else {
            Version::NEW_NOTIFIER
        },
    };
    /// What a connection without ALPN gets.
    pub const LEGACY: Self = Self {
        min: Version::V6,
        max: Version::V6,
    };

    /// `min..=max`, unless that is empty.
    pub fn new(min: Version, max: Version) -> Option<Self> {
        (min <= max).then_some(Self { min, max })
    }

    /// The lowest.
    pub fn min(self) -> Version {
        self.min
    }

    /// The highest.
    pub fn max(self) -> Version {
        self.max
    }

    /// Whether `version` is in it.
    pub fn contains(self, version: Version) -> bool {
        (self.min..=self.max).contains(&version)
    }

    /// What both contain.
    pub fn intersect(self, other: Self) -> Option<Self> {
        Self::new(self.min.max(other.min), self.max.min(other.max))
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (min, max) = (Version::read(reader)?, Version::read(reader)?);
        Self::new(min, max).ok_or(Malformed)
    }
}

impl Encode for VersionRange {
    fn encode(&self, out: &mut Writer<'_>) {
        out.put(&self.min);
        out.put(&self.max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_meet_or_do_not() {
        let range = |min, max| VersionRange::new(Version(min), Version(max));
        assert_eq!(range(7, 6), None);
        let (server, client) = (VersionRange::SERVER, range(17, 20).unwrap());
        assert_eq!(server.intersect(client), range(17, 18));
        assert_eq!(VersionRange::LEGACY.intersect(client), None);
        assert!(server.contains(Version(18)) && !server.contains(Version(19)));
    }
}
