//! The server's side of TLS 1.2 and 1.3, with a certificate that can be renewed while serving.
//!
//! [`ServerTls::reload`] reads the same files again and swaps everything at once: handshakes that begin afterwards
//! see the new certificate, also for clients that would have resumed an older session. On any error the old
//! certificate stays.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use arc_swap::ArcSwap;
use rustls::{
    InconsistentKeys, ServerConfig,
    crypto::ring,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
    sign::{CertifiedKey, SingleCertAndKey},
};
use tokio_rustls::TlsAcceptor;
use zeroize::Zeroizing;

/// A certificate, its key, and the protocols offered by ALPN.
#[derive(Debug)]
pub struct ServerTls {
    certificate: PathBuf,
    key: PathBuf,
    alpn: Vec<Vec<u8>>,
    current: ArcSwap<ServerConfig>,
}

impl ServerTls {
    /// Loads a PEM chain, the server's own certificate first, and its PEM key.
    pub fn load(
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
        alpn: &[&[u8]],
    ) -> Result<Self, TlsError> {
        let (certificate, key) = (certificate.into(), key.into());
        let alpn: Vec<_> = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        let config = build(&certificate, &key, &alpn)?;
        Ok(Self {
            certificate,
            key,
            alpn,
            current: ArcSwap::from_pointee(config),
        })
    }

    /// Reads the files again; keeps what it has on error.
    pub fn reload(&self) -> Result<(), TlsError> {
        let config = build(&self.certificate, &self.key, &self.alpn)?;
        self.current.store(Arc::new(config));
        Ok(())
    }

    /// The configuration for one handshake.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.current.load_full().into()
    }
}

fn build(certificate: &Path, key: &Path, alpn: &[Vec<u8>]) -> Result<ServerConfig, TlsError> {
    let identity = certified_key(certificate, key)?;
    server_config(Arc::new(identity), alpn)
}

/// How a server of ours shakes hands with this certificate.
pub(crate) fn server_config(
    identity: Arc<CertifiedKey>,
    alpn: &[Vec<u8>],
) -> Result<ServerConfig, TlsError> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(identity)));
    config.alpn_protocols = alpn.to_vec();
    // Sessions are the clients' to keep: resumption without a table here that a flood could fill.
    config.ticketer = ring::Ticketer::new()?;
    Ok(config)
}

/// A PEM chain, the server's own certificate first, and its PEM key; both may be one file.
pub(crate) fn certified_key(certificate: &Path, key: &Path) -> Result<CertifiedKey, TlsError> {
    let chain = read_chain(certificate)?;
    let secret = read_key(key)?;
    let provider = ring::default_provider();
    CertifiedKey::from_der(chain, secret, &provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => TlsError::Mismatch {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        },
        rustls::Error::InvalidCertificate(_) => TlsError::BadCertificate(certificate.to_owned()),
        _ => TlsError::BadKey(key.to_owned()),
    })
}

pub(crate) fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bytes = read(path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match chain {
        Ok(chain) if chain.is_empty() => Err(TlsError::NoCertificate(path.to_owned())),
        Ok(chain) => Ok(chain),
        Err(_) => Err(TlsError::BadPem(path.to_owned())),
    }
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let bytes = Zeroizing::new(read(path)?);
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| match error {
        pem::Error::NoItemsFound => TlsError::NoKey(path.to_owned()),
        _ => TlsError::BadPem(path.to_owned()),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Read {
        path: path.to_owned(),
        source,
    })
}

/// Why certificate and key cannot be used. One line that names the file.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate does not parse.
    #[error("{} holds a certificate that does not parse as X.509 version 3", .0.display())]
    BadCertificate(PathBuf),
    /// The key does not parse, or is of a kind that TLS here does not know.
    #[error("{} holds a key that cannot be used; make an ECDSA P-256, P-384, Ed25519 or RSA key", .0.display())]
    BadKey(PathBuf),
    /// The file is damaged.
    #[error("{} is not valid PEM", .0.display())]
    BadPem(PathBuf),
    /// They are not a pair.
    #[error("the key {} does not belong to the first certificate in {}", key.display(), certificate.display())]
    Mismatch {
        /// The chain.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// The file has other things in it.
    #[error("{} holds no certificate; it must be a PEM chain, the server's own certificate first", .0.display())]
    NoCertificate(PathBuf),
    /// The file has other things in it.
    #[error("{} holds no private key in PEM", .0.display())]
    NoKey(PathBuf),
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The TLS library refuses.
    #[error("cannot set up TLS: {0}")]
    Setup(#[from] rustls::Error),
}
