//! A browser without eyes: HTTPS to an address, as a host, believing every certificate and telling
//! what it was.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{
    CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature_with_raw_key,
};
use tokio_rustls::rustls::pki_types::{
    CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime,
};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::PATIENCE;

/// A way to ask.
#[derive(Clone, Debug)]
pub struct Browser {
    address: SocketAddr,
    host: String,
    alpn: Vec<Vec<u8>>,
}

impl Browser {
    /// Asks the server at `address` as if `host` were there.
    pub fn new(address: SocketAddr, host: &str) -> Self {
        Self {
            address,
            host: host.to_owned(),
            alpn: vec![b"http/1.1".to_vec()],
        }
    }

    /// Offers these protocols by ALPN; none for an empty list.
    #[must_use]
    pub fn alpn(self, protocols: &[&[u8]]) -> Self {
        let alpn = protocols.iter().map(|name| name.to_vec()).collect();
        Self { alpn, ..self }
    }

    /// Shakes hands.
    pub async fn connect(&self) -> io::Result<TlsStream<TcpStream>> {
        let tcp = TcpStream::connect(self.address).await?;
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
        let mut config = builder
            .with_safe_default_protocol_versions()
            .expect("the versions are known")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Credulous(provider)))
            .with_no_client_auth();
        config.alpn_protocols.clone_from(&self.alpn);
        let name = ServerName::try_from(self.host.clone()).expect("a host name");
        let connector = TlsConnector::from(Arc::new(config));
        let connected = timeout(PATIENCE, connector.connect(name, tcp)).await;
        connected.expect("a handshake in time")
    }

    /// Gets a page over HTTPS: all of the answer, as text.
    pub async fn get(&self, path: &str) -> String {
        let mut stream = self.connect().await.expect("HTTPS is served");
        let host = &self.host;
        let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        answer(&mut stream, request.as_bytes()).await
    }

    /// The names in the certificate that is shown.
    pub async fn names(&self) -> Vec<String> {
        let stream = self.connect().await.expect("HTTPS is served");
        let chain = stream.get_ref().1.peer_certificates();
        names(chain.and_then(<[_]>::first).expect("a certificate"))
    }
}

/// Sends `request` and reads until the end.
pub async fn answer(
    stream: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin),
    request: &[u8],
) -> String {
    stream.write_all(request).await.expect("it is read");
    let mut bytes = Vec::new();
    // The other side may close without a goodbye.
    let read = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    let _ = read.expect("an end in time");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The DNS names of a certificate.
pub fn names(certificate: &CertificateDer<'_>) -> Vec<String> {
    let certificate = Certificate::from_der(certificate).expect("a certificate");
    let names = certificate
        .tbs_certificate()
        .get_extension::<SubjectAltName>();
    let (_, names) = names.expect("extensions parse").expect("it has names");
    let text = |name: &GeneralName| match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        _ => None,
    };
    names.0.iter().filter_map(text).collect()
}

/// Believes everything, but that who shows a certificate has its key.
#[derive(Debug)]
struct Credulous(Arc<CryptoProvider>);

impl ServerCertVerifier for Credulous {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, cert, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        // By the bare key: an authority looks at certificates that are no good for anything else.
        let certificate = Certificate::from_der(cert).expect("a certificate");
        let key = certificate.tbs_certificate().subject_public_key_info();
        let key = SubjectPublicKeyInfoDer::from(key.to_der().expect("a key"));
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature_with_raw_key(message, &key, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
