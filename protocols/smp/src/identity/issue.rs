//! Making certificates as `smp-server init` makes them: a self-signed CA, and a leaf below it.
//!
//! They hold for 999,999 days, as the reference's do: clients know a server by its CA, and an
//! expired one would be lost to them.

use std::str::FromStr;
use std::time::Duration;

use rand::CryptoRng;
use relay_core::clock::UnixTime;
use sha2::{Digest, Sha256};
use signature::{Keypair, Signer};
use x509_cert::TbsCertificate;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{self, Builder, CertificateBuilder};
use x509_cert::der::asn1::{BitString, GeneralizedTime, OctetString};
use x509_cert::der::{self, Decode, Document, Encode};
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages,
    SubjectKeyIdentifier,
};
use x509_cert::ext::{Extension, ToExtension};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{
    self, AlgorithmIdentifierOwned, DynSignatureAlgorithmIdentifier, EncodePublicKey,
    SignatureBitStringEncoding, SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef,
};
use x509_cert::time::{Time, Validity};

use super::{Certificate, public_key};
use crate::config::KeyKind;
use crate::crypto::{OwnedSignature, SigningKey};
use crate::wire::PublicKey;

const CA_NAME: &str = "CN=SMP server CA,O=SimpleX";
const IDENTITY_NAME: &str = "CN=SMP server identity,O=SimpleX";
const LIFETIME: Duration = Duration::from_hours(999_999 * 24);
/// Clients' clocks may be slow.
const HEAD_START: Duration = Duration::from_hours(24);
/// The longest common name X.509 has.
const LONGEST_NAME: usize = 64;
const NAME_OF_LONG_ONES: &str = "CN=smp-server";

/// A certificate could not be made: a name or a time does not fit into X.509.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a certificate cannot be made: its name or its time does not fit into X.509")]
pub struct IssueError;

/// A new secret key.
pub fn generate(kind: KeyKind, rng: &mut impl CryptoRng) -> SigningKey {
    match kind {
        KeyKind::Ed25519 => SigningKey::generate(rng),
        KeyKind::Ed448 => SigningKey::generate_ed448(rng),
    }
}

/// A self-signed certificate (DER) for the CA's key.
pub fn ca(
    key: &SigningKey,
    now: UnixTime,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, IssueError> {
    let subject = Name::from_str(CA_NAME).map_err(|_| IssueError)?;
    let profile = Ca {
        issuer: None,
        subject,
    };
    issue(profile, &public_key(key), key, now, rng).map_err(|_| IssueError)
}

/// A certificate (DER) for the key of an identity that another CA stands behind.
pub fn intermediate(
    key: &SigningKey,
    (ca, ca_key): (&Certificate<'_>, &SigningKey),
    now: UnixTime,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, IssueError> {
    let profile = Ca {
        issuer: Some(ca.subject().clone()),
        subject: Name::from_str(IDENTITY_NAME).map_err(|_| IssueError)?,
    };
    issue(profile, &public_key(key), ca_key, now, rng).map_err(|_| IssueError)
}

/// What a leaf is called. Clients do not look at it.
#[derive(Clone, Debug)]
pub enum LeafName {
    /// After the first name of the server.
    Host(String),
    /// As the one before.
    Same(Name),
}

/// A certificate (DER) for a server's key, issued by the holder of `ca`.
pub fn leaf(
    name: LeafName,
    key: &SigningKey,
    (ca, ca_key): (&Certificate<'_>, &SigningKey),
    now: UnixTime,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, IssueError> {
    let profile = Leaf {
        issuer: ca.subject().clone(),
        subject: name.into_subject().map_err(|_| IssueError)?,
    };
    issue(profile, &public_key(key), ca_key, now, rng).map_err(|_| IssueError)
}

impl LeafName {
    fn into_subject(self) -> der::Result<Name> {
        match self {
            Self::Same(name) => Ok(name),
            Self::Host(host) if (1..=LONGEST_NAME).contains(&host.len()) => {
                Name::from_str(&format!("CN={host}"))
            }
            Self::Host(_) => Name::from_str(NAME_OF_LONG_ONES),
        }
    }
}

fn issue(
    profile: impl BuilderProfile,
    key: &PublicKey,
    issuer: &SigningKey,
    now: UnixTime,
    rng: &mut impl CryptoRng,
) -> builder::Result<Vec<u8>> {
    let spki = SubjectPublicKeyInfoOwned::from_der(&key.to_spki())?;
    let serial = SerialNumber::generate(rng);
    let builder = CertificateBuilder::new(profile, serial, validity(now)?, spki)?;
    let certificate = builder.build::<_, OwnedSignature>(&Issuer(issuer))?;
    Ok(certificate.to_der()?)
}

fn validity(now: UnixTime) -> der::Result<Validity> {
    let time = |moment: UnixTime| {
        let secs = Duration::from_secs(u64::try_from(moment.secs()).unwrap_or(0));
        GeneralizedTime::from_unix_duration(secs).map(Time::GeneralTime)
    };
    Ok(Validity::new(
        time(now.minus(HEAD_START))?,
        time(now.plus(LIFETIME))?,
    ))
}

struct Ca {
    /// Itself when not said.
    issuer: Option<Name>,
    subject: Name,
}

impl BuilderProfile for Ca {
    fn get_issuer(&self, subject: &Name) -> Name {
        self.issuer.as_ref().unwrap_or(subject).clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        key: SubjectPublicKeyInfoRef<'_>,
        issuer: SubjectPublicKeyInfoRef<'_>,
        tbs: &TbsCertificate,
    ) -> builder::Result<Vec<Extension>> {
        let authority = AuthorityKeyIdentifier {
            key_identifier: Some(key_id(issuer)?),
            ..AuthorityKeyIdentifier::default()
        };
        let constraints = BasicConstraints {
            ca: true,
            path_len_constraint: None,
        };
        let subject = tbs.subject();
        Ok(vec![
            (false, &SubjectKeyIdentifier(key_id(key)?)).to_extension(subject, &[])?,
            (false, &authority).to_extension(subject, &[])?,
            (true, &constraints).to_extension(subject, &[])?,
        ])
    }
}

/// RFC 7093, method 1.
fn key_id(key: SubjectPublicKeyInfoRef<'_>) -> der::Result<OctetString> {
    let hash = Sha256::digest(key.subject_public_key.raw_bytes());
    OctetString::new(&hash[..20])
}

struct Leaf {
    issuer: Name,
    subject: Name,
}

impl BuilderProfile for Leaf {
    fn get_issuer(&self, _: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        _: SubjectPublicKeyInfoRef<'_>,
        _: SubjectPublicKeyInfoRef<'_>,
        tbs: &TbsCertificate,
    ) -> builder::Result<Vec<Extension>> {
        let constraints = BasicConstraints {
            ca: false,
            path_len_constraint: None,
        };
        let usage =
            KeyUsages::DigitalSignature | KeyUsages::NonRepudiation | KeyUsages::KeyAgreement;
        let purpose = ExtendedKeyUsage(vec![const_oid::db::rfc5280::ID_KP_SERVER_AUTH]);
        let subject = tbs.subject();
        Ok(vec![
            (false, &constraints).to_extension(subject, &[])?,
            (false, &KeyUsage(usage)).to_extension(subject, &[])?,
            (false, &purpose).to_extension(subject, &[])?,
        ])
    }
}

/// A secret key as the certificate builder knows them.
struct Issuer<'a>(&'a SigningKey);

/// The public half.
#[derive(Clone)]
struct IssuerKey(PublicKey);

impl Keypair for Issuer<'_> {
    type VerifyingKey = IssuerKey;

    fn verifying_key(&self) -> IssuerKey {
        IssuerKey(public_key(self.0))
    }
}

impl EncodePublicKey for IssuerKey {
    fn to_public_key_der(&self) -> spki::Result<Document> {
        Ok(Document::try_from(self.0.to_spki())?)
    }
}

impl DynSignatureAlgorithmIdentifier for Issuer<'_> {
    fn signature_algorithm_identifier(&self) -> spki::Result<AlgorithmIdentifierOwned> {
        use const_oid::db::rfc8410::{ID_ED_448, ID_ED_25519};
        Ok(AlgorithmIdentifierOwned {
            oid: match self.0 {
                SigningKey::Ed25519(_) => ID_ED_25519,
                SigningKey::Ed448(_) => ID_ED_448,
            },
            parameters: None,
        })
    }
}

impl Signer<OwnedSignature> for Issuer<'_> {
    fn try_sign(&self, message: &[u8]) -> Result<OwnedSignature, signature::Error> {
        Ok(self.0.sign(message))
    }
}

impl SignatureBitStringEncoding for OwnedSignature {
    fn to_bitstring(&self) -> der::Result<BitString> {
        match self {
            Self::Ed25519(bytes) => BitString::from_bytes(bytes),
            Self::Ed448(bytes) => BitString::from_bytes(bytes),
        }
    }
}
