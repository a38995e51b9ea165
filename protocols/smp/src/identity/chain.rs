//! Certificate chains of servers and services, leaf first.
//!
//! | length | certificates | whose hash is the name |
//! |---|---|---|
//! | 1 | a service's that issued itself | its own |
//! | 2 | leaf, CA | the CA's |
//! | 3 | leaf, identity, CA | the identity's |
//! | 4 | leaf, identity, network, CA | the identity's |

use relay_core::clock::UnixTime;
use rustls::pki_types::CertificateDer;

use super::{Certificate, CertificateError};
use crate::crypto::fingerprint;

/// A chain in which each certificate was issued by the next, and all are valid.
#[derive(Debug)]
pub struct Verified<'a> {
    /// The first certificate.
    pub leaf: Certificate<'a>,
    /// When the first of the certificates expires.
    pub not_after: UnixTime,
}

/// Why a chain is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ChainError {
    /// A certificate cannot be read.
    #[error("a certificate cannot be used: {0}")]
    Certificate(#[from] CertificateError),
    /// A certificate has expired.
    #[error("a certificate has expired")]
    Expired,
    /// Not two to four.
    #[error("there must be two to four certificates: server, identity, and who issued that")]
    Length,
    /// Not valid yet.
    #[error("a certificate is not valid yet; is the clock right?")]
    NotYet,
    /// A certificate that is not signed by the next, or by one that may not sign.
    #[error("a certificate was not issued by the one that follows it")]
    NotIssued,
    /// The leaf is of another key.
    #[error("the key does not belong to the server's certificate")]
    OtherKey,
    /// The identity certificate's hash is another.
    #[error("the server is another than the one expected")]
    OtherServer,
}

/// The certificate whose hash is the name.
pub fn identity<'a>(chain: &'a [CertificateDer<'_>]) -> Option<&'a [u8]> {
    match chain {
        [_, identity] | [_, identity, _] | [_, identity, _, _] => Some(identity),
        _ => None,
    }
}

/// Verifies a server's chain; the last certificate is trusted as the issuer of the others.
pub fn verify<'a>(
    chain: &'a [CertificateDer<'_>],
    now: UnixTime,
) -> Result<Verified<'a>, ChainError> {
    if identity(chain).is_none() {
        return Err(ChainError::Length);
    }
    let mut parsed = Vec::with_capacity(chain.len());
    for der in chain {
        parsed.push(Certificate::parse(der)?);
    }
    for certificate in &parsed {
        valid_at(certificate, now)?;
    }
    let pairs = parsed.iter().zip(&parsed[1..]).enumerate();
    for (below, (certificate, issuer)) in pairs {
        if !issuer.may_issue(below) || !certificate.is_issued_by(issuer) {
            return Err(ChainError::NotIssued);
        }
    }
    let not_after = parsed.iter().map(Certificate::not_after).min();
    let leaf = parsed.into_iter().next().ok_or(ChainError::Length)?;
    Ok(Verified {
        not_after: not_after.unwrap_or_default(),
        leaf,
    })
}

/// Verifies a service's chain: as a server's, or one certificate that issued itself.
pub fn verify_client(chain: &[CertificateDer<'_>], now: UnixTime) -> Result<(), ChainError> {
    let [only] = chain else {
        return verify(chain, now).map(drop);
    };
    let certificate = Certificate::parse(only)?;
    valid_at(&certificate, now)?;
    (certificate.is_issued_by(&certificate))
        .then_some(())
        .ok_or(ChainError::NotIssued)
}

/// Verifies the chain of the server with this fingerprint.
pub fn verify_pinned<'a>(
    chain: &'a [CertificateDer<'_>],
    expected: &[u8; 32],
    now: UnixTime,
) -> Result<Verified<'a>, ChainError> {
    let identity = identity(chain).ok_or(ChainError::Length)?;
    if fingerprint(identity) != *expected {
        return Err(ChainError::OtherServer);
    }
    verify(chain, now)
}

fn valid_at(certificate: &Certificate<'_>, now: UnixTime) -> Result<(), ChainError> {
    if now < certificate.not_before() {
        return Err(ChainError::NotYet);
    }
    if now > certificate.not_after() {
        return Err(ChainError::Expired);
    }
    Ok(())
}
