//! Secret keys in PEM: PKCS#8 of Ed25519 and Ed448 (RFC 8410), as OpenSSL writes them.

use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::{self, PemObject};
use x509_cert::der::asn1::{AnyRef, OctetStringRef};
use x509_cert::der::pem::{LineEnding, encode_string};
use x509_cert::der::{self, Decode, SliceReader};
use x509_cert::spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use crate::crypto::SigningKey;

#[rustfmt::skip]
const ED25519: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
#[rustfmt::skip]
const ED448: [u8; 16] = [
    0x30, 0x47, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x71, 0x04, 0x3b, 0x04, 0x39,
];
const OCTET_STRING: u8 = 0x04;

/// Why a key cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeyError {
    /// Not PEM, or damaged.
    #[error("it is not a private key in PEM")]
    NoPem,
    /// A key of another kind, or one under a password.
    #[error("it is not an unencrypted Ed25519 or Ed448 key in PKCS#8")]
    OtherKind,
}

/// Reads a key from PEM.
pub fn key_from_pem(pem: &[u8]) -> Result<SigningKey, KeyError> {
    match PrivateKeyDer::from_pem_slice(pem) {
        Ok(PrivateKeyDer::Pkcs8(der)) => from_pkcs8(der.secret_pkcs8_der()),
        Ok(_) => Err(KeyError::OtherKind),
        Err(pem::Error::NoItemsFound) => Err(encrypted_or_none(pem)),
        Err(_) => Err(KeyError::NoPem),
    }
}

fn encrypted_or_none(pem: &[u8]) -> KeyError {
    let text = String::from_utf8_lossy(pem);
    if text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") {
        KeyError::OtherKind
    } else {
        KeyError::NoPem
    }
}

/// Writes a key as PEM.
pub fn key_to_pem(key: &SigningKey) -> Zeroizing<String> {
    let mut der = Zeroizing::new(Vec::with_capacity(ED448.len() + 57));
    match key {
        SigningKey::Ed25519(seed) => {
            der.extend_from_slice(&ED25519);
            der.extend_from_slice(&seed[..]);
        }
        SigningKey::Ed448(seed) => {
            der.extend_from_slice(&ED448);
            der.extend_from_slice(&seed[..]);
        }
    }
    // Encoding bytes in memory under a fixed label cannot fail.
    Zeroizing::new(encode_string("PRIVATE KEY", LineEnding::LF, &der).unwrap_or_default())
}

/// `SEQUENCE { version, algorithm, OCTET STRING { OCTET STRING seed }, … }`; what follows (the
/// public key, in version 2) is of no use.
fn from_pkcs8(document: &[u8]) -> Result<SigningKey, KeyError> {
    use const_oid::db::rfc8410::{ID_ED_448, ID_ED_25519};
    let (algorithm, wrapped) = fields(document).map_err(|_| KeyError::OtherKind)?;
    let seed = match wrapped {
        [OCTET_STRING, length, seed @ ..] if usize::from(*length) == seed.len() => seed,
        _ => return Err(KeyError::OtherKind),
    };
    let key = match algorithm {
        ID_ED_25519 => seed
            .try_into()
            .map(|seed| SigningKey::Ed25519(Zeroizing::new(seed))),
        ID_ED_448 => seed
            .try_into()
            .map(|seed| SigningKey::Ed448(Zeroizing::new(seed))),
        _ => return Err(KeyError::OtherKind),
    };
    key.map_err(|_| KeyError::OtherKind)
}

fn fields(document: &[u8]) -> der::Result<(const_oid::ObjectIdentifier, &[u8])> {
    let mut reader = SliceReader::new(AnyRef::from_der(document)?.value())?;
    let _version = u8::decode(&mut reader)?;
    let algorithm = AlgorithmIdentifierRef::decode(&mut reader)?;
    let wrapped = <&OctetStringRef>::decode(&mut reader)?;
    Ok((algorithm.oid, wrapped.as_bytes()))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn both_kinds_read_back() {
        let mut rng = StdRng::seed_from_u64(1);
        for key in [
            SigningKey::generate(&mut rng),
            SigningKey::generate_ed448(&mut rng),
        ] {
            let pem = key_to_pem(&key);
            assert!(pem.lines().all(|line| line.len() <= 64), "{}", *pem);
            let read = key_from_pem(pem.as_bytes()).unwrap();
            assert_eq!(read.public(), key.public());
        }
    }

    #[test]
    fn what_is_no_such_key_is_refused() {
        let rsa = "-----BEGIN RSA PRIVATE KEY-----\nMAA=\n-----END RSA PRIVATE KEY-----\n";
        let sealed =
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
        let empty = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";
        for other in [rsa, sealed, empty] {
            let refused = key_from_pem(other.as_bytes()).unwrap_err();
            assert_eq!(refused, KeyError::OtherKind, "{other}");
        }
        for nothing in ["", "MAA="] {
            let refused = key_from_pem(nothing.as_bytes()).unwrap_err();
            assert_eq!(refused, KeyError::NoPem);
        }
    }
}
