//! Who a peer is: its certificates, and a session key signed by the first of them.
//!
//! ```text
//! SignedKey = SEQUENCE {
//!   object     SEQUENCE { SubjectPublicKeyInfo }    one SEQUENCE more than one would expect
//!   algorithm  SEQUENCE { OBJECT IDENTIFIER }       1.3.101.112 Ed25519, .113 Ed448
//!   signature  BIT STRING                           over the bytes of object
//! }
//! ```

use std::fmt;

use super::{Encode, Malformed, PublicKey, Reader, Writer};

const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;
const ED25519_ALGORITHM: [u8; 7] = [SEQUENCE, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70];
const ED448_ALGORITHM: [u8; 7] = [SEQUENCE, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x71];

/// A certificate chain with a session key.
#[derive(Clone, Eq, PartialEq)]
pub struct CertChain<'a> {
    /// DER, the leaf first; never empty.
    pub certificates: Vec<&'a [u8]>,
    /// DER of a [`SignedKey`], signed by the leaf.
    pub signed_key: &'a [u8],
}

impl<'a> CertChain<'a> {
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            certificates: reader.non_empty(Reader::large)?,
            signed_key: reader.large()?,
        })
    }

    /// The certificate whose hash is the peer's name: the last of two, else the second. A chain
    /// of one is its own; longer than four is none.
    pub fn identity(&self) -> Option<&'a [u8]> {
        match *self.certificates {
            [only] => Some(only),
            [_, identity] | [_, identity, _] | [_, identity, _, _] => Some(identity),
            _ => None,
        }
    }
}

impl Encode for CertChain<'_> {
    fn encode(&self, out: &mut Writer<'_>) {
        out.non_empty(&self.certificates, |out, der| out.large(der));
        out.large(self.signed_key);
    }
}

impl fmt::Debug for CertChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertChain({} certificates)", self.certificates.len())
    }
}

/// A session key and the signature of a certificate's key on it; not verified yet.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct SignedKey<'a> {
    /// The session key: X25519 of a server, Ed25519 of a service.
    pub key: PublicKey,
    /// The bytes that are signed.
    pub object: &'a [u8],
    /// By the leaf certificate's key.
    pub signature: CertSignature<'a>,
}

/// A signature by a certificate's key.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum CertSignature<'a> {
    /// By an Ed25519 key.
    Ed25519(&'a [u8; 64]),
    /// By an Ed448 key.
    Ed448(&'a [u8; 114]),
}

impl<'a> SignedKey<'a> {
    /// Reads the DER; nothing may follow it.
    pub fn parse(der: &'a [u8]) -> Result<Self, Malformed> {
        let inner = Reader::all(der, |r| element(r, SEQUENCE))?;
        Reader::all(inner, |reader| {
            let before = reader.rest();
            let spki = element(reader, SEQUENCE)?;
            let object = before.strip_suffix(reader.rest()).ok_or(Malformed)?;
            let &algorithm = reader.array::<7>()?;
            let bits = element(reader, BIT_STRING)?
                .strip_prefix(&[0])
                .ok_or(Malformed)?;
            Ok(Self {
                key: PublicKey::from_spki(spki)?,
                object,
                signature: CertSignature::new(algorithm, bits)?,
            })
        })
    }

    /// The bytes to sign for `key`.
    pub fn object(key: &PublicKey) -> Vec<u8> {
        wrap(SEQUENCE, &key.to_spki())
    }

    /// The DER of a key whose [`object`](Self::object) was signed.
    pub fn to_der(object: &[u8], signature: CertSignature<'_>) -> Vec<u8> {
        let (algorithm, bits) = match signature {
            CertSignature::Ed25519(bits) => (ED25519_ALGORITHM, &bits[..]),
            CertSignature::Ed448(bits) => (ED448_ALGORITHM, &bits[..]),
        };
        let bits = wrap(BIT_STRING, &[&[0], bits].concat());
        wrap(SEQUENCE, &[object, &algorithm, &bits].concat())
    }
}

impl<'a> CertSignature<'a> {
    fn new(algorithm: [u8; 7], bits: &'a [u8]) -> Result<Self, Malformed> {
        match algorithm {
            ED25519_ALGORITHM => bits.try_into().map(Self::Ed25519),
            ED448_ALGORITHM => bits.try_into().map(Self::Ed448),
            _ => return Err(Malformed),
        }
        .map_err(|_| Malformed)
    }
}

/// The content of a DER element of at most 255 bytes: no signed key is longer.
fn element<'a>(reader: &mut Reader<'a>, tag: u8) -> Result<&'a [u8], Malformed> {
    reader.expect(tag)?;
    let length = match reader.byte()? {
        short @ 0..=0x7f => short,
        0x81 => reader.byte()?,
        _ => return Err(Malformed),
    };
    reader.bytes(length.into())
}

fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap_or(u8::MAX);
    let header: &[u8] = match length {
        0..=0x7f => &[tag, length],
        _ => &[tag, 0x81, length],
    };
    [header, content].concat()
}

impl fmt::Debug for CertSignature<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ed25519(_) => "CertSignature(Ed25519)",
            Self::Ed448(_) => "CertSignature(Ed448)",
        })
    }
}

impl fmt::Debug for SignedKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedKey({:?}, {:?})", self.key, self.signature)
    }
}
