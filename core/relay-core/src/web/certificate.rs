//! The certificate that browsers are shown, and those that authorities look for.
//!
//! There always is one: until a proper one is had, one that signs itself. Handshakes that begin
//! after a change see the new one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::sign::CertifiedKey;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::time::Time;

use super::metrics::WebMetrics;
use crate::clock::UnixTime;
use crate::net::{Hello, TlsError, server_config};

const HTTP: &[u8] = b"http/1.1";
const SMP: &[u8] = b"smp/1";
const ACME: &[u8] = b"acme-tls/1";

/// Where a certificate comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Source {
    /// From an authority, by itself.
    Acme,
    /// From files of the operator.
    Files,
    /// It signs itself, and no browser believes it.
    SelfSigned,
}

impl Source {
    /// A word for it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Acme => "acme",
            Self::Files => "files",
            Self::SelfSigned => "self_signed",
        }
    }
}

/// What a certificate says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CertificateFacts {
    /// Where it comes from.
    pub source: Source,
    /// The hosts it is for, in lower case.
    pub names: Vec<String>,
    /// From when it is valid.
    pub not_before: UnixTime,
    /// Until when.
    pub not_after: UnixTime,
}

impl CertificateFacts {
    fn of(source: Source, identity: &CertifiedKey) -> Option<Self> {
        let certificate = Certificate::from_der(identity.cert.first()?).ok()?;
        let tbs = certificate.tbs_certificate();
        let names = tbs.get_extension::<SubjectAltName>().ok()?;
        let names = names.map(|(_, names)| names.0).unwrap_or_default();
        Some(Self {
            source,
            names: names.iter().filter_map(host_name).collect(),
            not_before: moment(&tbs.validity().not_before),
            not_after: moment(&tbs.validity().not_after),
        })
    }

    /// Whether it is for this host, given in lower case.
    pub fn covers(&self, host: &str) -> bool {
        let parent = host.split_once('.').map(|(_, parent)| parent);
        self.names.iter().any(|name| match name.strip_prefix("*.") {
            Some(wild) => parent == Some(wild),
            None => name == host,
        })
    }
}

fn host_name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.as_str().to_ascii_lowercase()),
        _ => None,
    }
}

fn moment(time: &Time) -> UnixTime {
    let secs = time.to_unix_duration().as_secs();
    UnixTime::from_secs(i64::try_from(secs).unwrap_or(i64::MAX))
}

/// The certificate in use.
#[derive(Debug)]
pub(crate) struct Certificates {
    shown: ArcSwap<Shown>,
    /// For the hosts an authority is about to look at.
    challenges: Mutex<HashMap<String, Arc<ServerConfig>>>,
    metrics: WebMetrics,
}

#[derive(Debug)]
struct Shown {
    facts: CertificateFacts,
    http: Arc<ServerConfig>,
    /// For clients that say `smp/1` and name a host: HTTPS, as the reference has it.
    smp: Arc<ServerConfig>,
}

impl Certificates {
    /// One that signs itself, for these hosts.
    pub(crate) fn new(hosts: &[String], metrics: WebMetrics) -> Result<Self, TlsError> {
        let hosts = match hosts {
            [] => vec!["localhost".to_owned()],
            hosts => hosts.to_vec(),
        };
        let identity = issue(hosts, Vec::new())?;
        let shown = Shown::new(Source::SelfSigned, identity)?;
        Ok(Self {
            shown: ArcSwap::from_pointee(shown),
            challenges: Mutex::default(),
            metrics,
        })
    }

    /// Shows another from now on.
    pub(crate) fn show(&self, source: Source, identity: CertifiedKey) -> Result<(), TlsError> {
        let shown = Shown::new(source, identity)?;
        self.metrics.shows(&shown.facts);
        self.shown.store(Arc::new(shown));
        Ok(())
    }

    /// What the one in use says.
    pub(crate) fn facts(&self) -> CertificateFacts {
        self.shown.load().facts.clone()
    }

    /// Whether browsers that ask for this host will believe it.
    pub(crate) fn are_believed_for(&self, host: &str) -> bool {
        let shown = self.shown.load();
        shown.facts.source != Source::SelfSigned && shown.facts.covers(host)
    }

    /// How to shake hands with who said this.
    pub(crate) fn config_for(&self, hello: &Hello) -> Arc<ServerConfig> {
        let challenge = hello.host.as_ref().filter(|_| hello.is_acme());
        if let Some(config) = challenge.and_then(|host| self.challenges().get(host).cloned()) {
            return config;
        }
        let shown = self.shown.load();
        let first = hello.first_of(&[HTTP, SMP]);
        Arc::clone(if first == Some(SMP) {
            &shown.smp
        } else {
            &shown.http
        })
    }

    /// Shows an authority that this host is ours, by the digest of what it asked for.
    pub(crate) fn challenge(&self, host: &str, digest: &[u8]) -> Result<(), TlsError> {
        let extension = CustomExtension::new_acme_identifier(digest);
        let identity = issue(vec![host.to_owned()], vec![extension])?;
        let config = server_config(Arc::new(identity), &[ACME.to_vec()])?;
        self.challenges().insert(host.to_owned(), Arc::new(config));
        Ok(())
    }

    /// The authority has looked.
    pub(crate) fn challenge_is_over(&self, host: &str) {
        self.challenges().remove(host);
    }

    fn challenges(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<ServerConfig>>> {
        self.challenges
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shown {
    fn new(source: Source, identity: CertifiedKey) -> Result<Self, TlsError> {
        let unreadable = rustls::Error::InvalidCertificate(rustls::CertificateError::BadEncoding);
        let facts = CertificateFacts::of(source, &identity).ok_or(unreadable)?;
        let identity = Arc::new(identity);
        let config = |alpn: &[u8]| {
            let config = server_config(Arc::clone(&identity), &[alpn.to_vec()]);
            config.map(Arc::new)
        };
        Ok(Self {
            facts,
            http: config(HTTP)?,
            smp: config(SMP)?,
        })
    }
}

/// A certificate that signs itself, with a key of its own.
fn issue(hosts: Vec<String>, extensions: Vec<CustomExtension>) -> Result<CertifiedKey, TlsError> {
    let made = || {
        let mut params = CertificateParams::new(hosts)?;
        params.custom_extensions = extensions;
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        let secret = PrivatePkcs8KeyDer::from(key.serialize_der());
        Ok::<_, rcgen::Error>((certificate.der().clone(), secret))
    };
    let (certificate, secret) = made().map_err(|error| {
        let error = format!("a certificate cannot be made: {error}");
        TlsError::Setup(rustls::Error::General(error))
    })?;
    // Not `from_der`, which refuses the critical extension that an authority looks for.
    let key = ring::sign::any_supported_type(&secret.into())?;
    Ok(CertifiedKey::new(vec![certificate], key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(hosts: &[&str]) -> CertificateFacts {
        let hosts = hosts.iter().map(|&host| host.to_owned()).collect();
        CertificateFacts::of(Source::Files, &issue(hosts, Vec::new()).unwrap()).unwrap()
    }

    #[test]
    fn a_certificate_is_for_its_names_and_a_wildcard_for_one_level() {
        let facts = facts(&["Example.org", "*.example.net"]);
        for (host, covered) in [
            ("example.org", true),
            ("www.example.org", false),
            ("a.example.net", true),
            ("a.b.example.net", false),
            ("example.net", false),
        ] {
            assert_eq!(facts.covers(host), covered, "{host}");
        }
        assert!(facts.not_before < facts.not_after);
    }

    #[test]
    fn a_challenge_can_be_shown() {
        let metrics = WebMetrics::new(&crate::telemetry::metrics::Metrics::new());
        let certificates = Certificates::new(&[], metrics).unwrap();
        certificates.challenge("example.org", &[7; 32]).unwrap();
        certificates.challenge_is_over("example.org");
        assert!(certificates.challenges().is_empty());
    }

    #[test]
    fn one_that_signs_itself_is_not_believed() {
        let metrics = WebMetrics::new(&crate::telemetry::metrics::Metrics::new());
        let certificates = Certificates::new(&["example.org".to_owned()], metrics).unwrap();
        assert!(!certificates.are_believed_for("example.org"));
        let identity = issue(vec!["example.org".to_owned()], Vec::new()).unwrap();
        certificates.show(Source::Files, identity).unwrap();
        assert!(certificates.are_believed_for("example.org"));
        assert!(!certificates.are_believed_for("example.net"));
    }
}
