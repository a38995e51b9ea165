//! Certificates of the authority.

use rcgen::{
    BasicConstraints, CertificateParams, IsCa, KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData,
    SignatureAlgorithm, date_time_ymd,
};
use x509_cert::der::Decode;
use x509_cert::request::CertReq;

/// How long a certificate is valid.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Life {
    /// For decades to come.
    #[default]
    Long,
    /// More than two thirds of it are over.
    NearlyOver,
}

impl Life {
    fn years(self) -> (i32, i32) {
        match self {
            Self::Long => (2020, 2120),
            Self::NearlyOver => (1990, 2040),
        }
    }
}

/// The holder of the authority's key.
#[derive(Debug)]
pub(super) struct Issuer {
    root: String,
    issuer: rcgen::Issuer<'static, KeyPair>,
}

struct Key(Vec<u8>);

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl Issuer {
    pub(super) fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = params.self_signed(&key).expect("a root").pem();
        let issuer = rcgen::Issuer::new(params, key);
        Self { root, issuer }
    }

    /// A chain for the key of a request, which must name these hosts.
    pub(super) fn issue(
        &self,
        request: &[u8],
        hosts: &[String],
        life: Life,
    ) -> Result<String, String> {
        let parsed = CertReq::from_der(request).map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(request);
        if let Some(host) = hosts.iter().find(|host| !text.contains(&***host)) {
            return Err(format!("it does not ask for {host}"));
        }
        let key = Key(parsed
            .info
            .public_key
            .subject_public_key
            .raw_bytes()
            .to_vec());
        let params = CertificateParams::new(hosts.to_vec());
        let mut params = params.map_err(|error| error.to_string())?;
        let (from, until) = life.years();
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let signed = params.signed_by(&key, &self.issuer);
        let signed = signed.map_err(|error| error.to_string())?;
        Ok(format!("{}{}", signed.pem(), self.root))
    }
}
