//! Whom TLS lets in.
//!
//! A server must have the fingerprint expected. A client may show a chain, whoever issued it: that
//! the chain holds together and that the client has the leaf's key is verified here, who it is
//! when it names itself in the protocol's handshake.

use relay_core::clock::UnixTime;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{self, CertificateDer, ServerName};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use super::provider::SCHEMES;
use crate::crypto::verify_certificate_signature;
use crate::identity::chain::{self, ChainError};
use crate::identity::{self, Certificate};
use crate::wire::CertSignature;

/// Lets in the server with this fingerprint, whatever its host name.
#[derive(Debug)]
pub(super) struct Pinned {
    pub(super) fingerprint: [u8; 32],
}

/// Asks for a certificate and takes any that is valid, or none.
#[derive(Debug)]
pub(super) struct AnyClient;

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: pki_types::UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let certificates = joined(leaf, others);
        chain::verify_pinned(&certificates, &self.fingerprint, moment(now)).map_err(refused)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        SCHEMES.to_vec()
    }
}

impl ClientCertVerifier for AnyClient {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: pki_types::UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        chain::verify_client(&joined(leaf, others), moment(now)).map_err(refused)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        SCHEMES.to_vec()
    }
}

fn joined<'a>(leaf: &CertificateDer<'a>, others: &[CertificateDer<'a>]) -> Vec<CertificateDer<'a>> {
    let mut certificates = vec![leaf.clone()];
    certificates.extend_from_slice(others);
    certificates
}

fn moment(now: pki_types::UnixTime) -> UnixTime {
    UnixTime::from_secs(i64::try_from(now.as_secs()).unwrap_or(i64::MAX))
}

/// Whether the holder of the certificate's key signed the handshake.
fn verify_signature(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, Error> {
    let bytes = signed.signature();
    let signature = match signed.scheme {
        SignatureScheme::ED25519 => bytes.try_into().map(CertSignature::Ed25519),
        SignatureScheme::ED448 => bytes.try_into().map(CertSignature::Ed448),
        _ => return Err(CertificateError::BadSignature.into()),
    };
    let certificate = Certificate::parse(certificate).map_err(unreadable)?;
    match signature {
        Ok(signature) if verify_certificate_signature(certificate.key(), message, signature) => {
            Ok(HandshakeSignatureValid::assertion())
        }
        _ => Err(CertificateError::BadSignature.into()),
    }
}

fn unreadable(_: identity::CertificateError) -> Error {
    CertificateError::BadEncoding.into()
}

/// Only for the alert that is sent, and for one line in a log.
fn refused(error: ChainError) -> Error {
    match error {
        ChainError::Certificate(error) => return unreadable(error),
        ChainError::Expired => CertificateError::Expired,
        ChainError::NotYet => CertificateError::NotValidYet,
        ChainError::NotIssued => CertificateError::UnknownIssuer,
        ChainError::Length | ChainError::OtherKey | ChainError::OtherServer => {
            CertificateError::ApplicationVerificationFailure
        }
    }
    .into()
}
