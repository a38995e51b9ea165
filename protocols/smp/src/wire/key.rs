//! Public keys as they stand on the wire: DER SubjectPublicKeyInfo of the four algorithms.
//!
//! Parsing checks the form only, as the reference does; whether the bytes are a point is found
//! out where the key is used, so that a bad key costs its owner a failed command and no more.

use std::fmt;

use super::{Encode, Malformed, Reader, Short, Writer};

#[rustfmt::skip]
const ED25519: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
#[rustfmt::skip]
const ED448: [u8; 12] = [0x30, 0x43, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x71, 0x03, 0x3a, 0x00];
#[rustfmt::skip]
const X25519: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x03, 0x21, 0x00];
#[rustfmt::skip]
const X448: [u8; 12] = [0x30, 0x42, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6f, 0x03, 0x39, 0x00];

/// A key that authorizes commands on a queue.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub enum AuthKey {
    /// Verifies a 64-byte signature.
    Ed25519([u8; 32]),
    /// Verifies a 114-byte signature.
    Ed448([u8; 57]),
    /// Agrees on the secret of an 80-byte authenticator.
    X25519([u8; 32]),
}

/// A key to agree on a secret with: X25519.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct DhKey(pub [u8; 32]);

/// Any key the protocol or its transport knows.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub enum PublicKey {
    /// Signatures.
    Ed25519([u8; 32]),
    /// Signatures.
    Ed448([u8; 57]),
    /// Key agreement.
    X25519([u8; 32]),
    /// Key agreement; only in TLS.
    X448([u8; 56]),
}

impl PublicKey {
    /// Reads DER SubjectPublicKeyInfo.
    pub fn from_spki(der: &[u8]) -> Result<Self, Malformed> {
        let (prefix, key) = der.split_first_chunk::<12>().ok_or(Malformed)?;
        match *prefix {
            ED25519 => exact(key).map(Self::Ed25519),
            ED448 => exact(key).map(Self::Ed448),
            X25519 => exact(key).map(Self::X25519),
            X448 => exact(key).map(Self::X448),
            _ => Err(Malformed),
        }
    }

    /// Its DER SubjectPublicKeyInfo.
    pub fn to_spki(&self) -> Vec<u8> {
        let (prefix, key) = self.parts();
        [&prefix[..], key].concat()
    }

    fn parts(&self) -> (&'static [u8; 12], &[u8]) {
        match self {
            Self::Ed25519(key) => (&ED25519, key),
            Self::Ed448(key) => (&ED448, key),
            Self::X25519(key) => (&X25519, key),
            Self::X448(key) => (&X448, key),
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Self::from_spki(reader.short()?.as_bytes())
    }
}

impl Encode for PublicKey {
    fn encode(&self, out: &mut Writer<'_>) {
        let (prefix, key) = self.parts();
        let length = Short::cut(prefix).length() + Short::cut(key).length();
        out.byte(length);
        out.bytes(prefix);
        out.bytes(key);
    }
}

impl AuthKey {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        PublicKey::read(reader)?.try_into()
    }
}

impl DhKey {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        PublicKey::read(reader)?.try_into()
    }
}

impl TryFrom<PublicKey> for AuthKey {
    type Error = Malformed;

    fn try_from(key: PublicKey) -> Result<Self, Malformed> {
        match key {
            PublicKey::Ed25519(key) => Ok(Self::Ed25519(key)),
            PublicKey::Ed448(key) => Ok(Self::Ed448(key)),
            PublicKey::X25519(key) => Ok(Self::X25519(key)),
            PublicKey::X448(_) => Err(Malformed),
        }
    }
}

impl TryFrom<PublicKey> for DhKey {
    type Error = Malformed;

    fn try_from(key: PublicKey) -> Result<Self, Malformed> {
        match key {
            PublicKey::X25519(key) => Ok(Self(key)),
            _ => Err(Malformed),
        }
    }
}

impl From<AuthKey> for PublicKey {
    fn from(key: AuthKey) -> Self {
        match key {
            AuthKey::Ed25519(key) => Self::Ed25519(key),
            AuthKey::Ed448(key) => Self::Ed448(key),
            AuthKey::X25519(key) => Self::X25519(key),
        }
    }
}

impl From<DhKey> for PublicKey {
    fn from(key: DhKey) -> Self {
        Self::X25519(key.0)
    }
}

impl Encode for AuthKey {
    fn encode(&self, out: &mut Writer<'_>) {
        out.put(&PublicKey::from(*self));
    }
}

impl Encode for DhKey {
    fn encode(&self, out: &mut Writer<'_>) {
        out.put(&PublicKey::from(*self));
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ed25519(_) => "PublicKey(Ed25519)",
            Self::Ed448(_) => "PublicKey(Ed448)",
            Self::X25519(_) => "PublicKey(X25519)",
            Self::X448(_) => "PublicKey(X448)",
        })
    }
}

impl fmt::Debug for AuthKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ed25519(_) => "AuthKey(Ed25519)",
            Self::Ed448(_) => "AuthKey(Ed448)",
            Self::X25519(_) => "AuthKey(X25519)",
        })
    }
}

impl fmt::Debug for DhKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DhKey")
    }
}

fn exact<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Malformed> {
    bytes.try_into().map_err(|_| Malformed)
}
