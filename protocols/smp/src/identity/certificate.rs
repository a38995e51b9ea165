//! What a relay needs to know of an X.509 certificate.
//!
//! Only Ed25519 and Ed448 are known, as keys and as signatures: the protocol's TLS has no others.

use relay_core::clock::UnixTime;
use x509_cert::Certificate as X509;
use x509_cert::certificate::{TbsCertificate, Version};
use x509_cert::der::asn1::{AnyRef, BitStringRef};
use x509_cert::der::{self, Decode, Encode, Reader, SliceReader};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};
use x509_cert::name::Name;
use x509_cert::time::Time;

use crate::crypto::verify_certificate_signature;
use crate::wire::{CertSignature, PublicKey};

/// A parsed certificate; nothing is verified yet.
#[derive(Clone, Debug)]
pub struct Certificate<'a> {
    /// The bytes that its issuer signed.
    signed: &'a [u8],
    signature: CertSignature<'a>,
    tbs: TbsCertificate,
    key: PublicKey,
}

/// Why a certificate cannot be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CertificateError {
    /// Not DER of an X.509 certificate of version 3.
    #[error("it is not an X.509 certificate of version 3")]
    Malformed,
    /// A key or a signature of another kind.
    #[error("its key and its signature must be Ed25519 or Ed448")]
    Unsupported,
}

impl<'a> Certificate<'a> {
    /// Reads DER.
    pub fn parse(der: &'a [u8]) -> Result<Self, CertificateError> {
        let parsed = X509::from_der(der).map_err(|_| CertificateError::Malformed)?;
        let (signed, bits) = parts(der).map_err(|_| CertificateError::Malformed)?;
        let tbs = parsed.tbs_certificate().clone();
        if tbs.version() != Version::V3 {
            return Err(CertificateError::Malformed);
        }
        let spki = tbs.subject_public_key_info().to_der();
        let spki = spki.map_err(|_| CertificateError::Malformed)?;
        let key = PublicKey::from_spki(&spki).map_err(|_| CertificateError::Unsupported)?;
        let signature = signature(parsed.signature_algorithm().oid, bits)?;
        Ok(Self {
            signed,
            signature,
            tbs,
            key,
        })
    }

    /// The key it certifies.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Whose certificate it is.
    pub fn subject(&self) -> &Name {
        self.tbs.subject()
    }

    /// From when it is valid.
    pub fn not_before(&self) -> UnixTime {
        moment(&self.tbs.validity().not_before)
    }

    /// Until when it is valid.
    pub fn not_after(&self) -> UnixTime {
        moment(&self.tbs.validity().not_after)
    }

    /// Whether `issuer` made it: the names fit and the signature is right.
    pub fn is_issued_by(&self, issuer: &Certificate<'_>) -> bool {
        self.tbs.issuer() == issuer.subject()
            && verify_certificate_signature(&issuer.key, self.signed, self.signature)
    }

    /// Whether it may issue certificates, with as many issuers as `below` between it and the leaf.
    pub fn may_issue(&self, below: usize) -> bool {
        let constraints = self.tbs.get_extension::<BasicConstraints>();
        let may = constraints.is_ok_and(|found| {
            found.is_some_and(|(_, constraints)| {
                let longest = constraints.path_len_constraint.map(usize::from);
                constraints.ca && longest.is_none_or(|longest| below <= longest)
            })
        });
        let usage = self.tbs.get_extension::<KeyUsage>();
        may && usage.is_ok_and(|found| found.is_none_or(|(_, usage)| usage.key_cert_sign()))
    }
}

fn moment(time: &Time) -> UnixTime {
    let since = time.to_unix_duration();
    UnixTime::from_secs(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// `SEQUENCE { tbs, algorithm, signature BIT STRING }`: the bytes of the first and of the last.
fn parts(der: &[u8]) -> der::Result<(&[u8], &[u8])> {
    let content = AnyRef::from_der(der)?.value();
    let mut reader = SliceReader::new(content)?;
    let signed = reader.tlv_bytes()?;
    let _algorithm = reader.tlv_bytes()?;
    let bits = BitStringRef::decode(&mut reader)?;
    let bits = bits.as_bytes().ok_or(der::ErrorKind::Failed)?;
    Ok((signed, bits))
}

fn signature(
    algorithm: spki::ObjectIdentifier,
    bits: &[u8],
) -> Result<CertSignature<'_>, CertificateError> {
    use const_oid::db::rfc8410::{ID_ED_448, ID_ED_25519};
    let signature = match algorithm {
        ID_ED_25519 => bits.try_into().map(CertSignature::Ed25519),
        ID_ED_448 => bits.try_into().map(CertSignature::Ed448),
        _ => return Err(CertificateError::Unsupported),
    };
    signature.map_err(|_| CertificateError::Malformed)
}
