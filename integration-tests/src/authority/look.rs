//! How the authority looks whether a host is its customer's: over real connections.

use std::net::SocketAddr;

use sha2::{Digest, Sha256};
use tokio::net::TcpStream;
use x509_cert::Certificate;
use x509_cert::der::asn1::OctetString;
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::{Decode, Encode};

use crate::browser::{Browser, answer, names};

const ACME_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.31");

/// Where all hosts are, ports 80 and 443 of the real world.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) plain: Option<SocketAddr>,
    pub(super) tls: SocketAddr,
}

impl Ground {
    pub(super) async fn over_http(
        &self,
        host: &str,
        token: &str,
        proof: &str,
    ) -> Result<(), String> {
        let address = self.plain.ok_or("nobody listens on port 80")?;
        let stream = TcpStream::connect(address).await;
        let mut stream = stream.map_err(|error| error.to_string())?;
        let request = format!(
            "GET /.well-known/acme-challenge/{token} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"
        );
        let said = answer(&mut stream, request.as_bytes()).await;
        let (head, body) = said.split_once("\r\n\r\n").unwrap_or_default();
        if head.starts_with("HTTP/1.1 200 ") && body.trim_end() == proof {
            return Ok(());
        }
        Err(format!("not what was expected: {said}"))
    }

    /// RFC 8737, section 3.
    pub(super) async fn over_tls(&self, host: &str, proof: &str) -> Result<(), String> {
        let browser = Browser::new(self.tls, host).alpn(&[b"acme-tls/1"]);
        let stream = browser.connect().await.map_err(|error| error.to_string())?;
        let session = stream.get_ref().1;
        if session.alpn_protocol() != Some(b"acme-tls/1") {
            return Err("acme-tls/1 was not agreed on".to_owned());
        }
        let shown = session.peer_certificates().and_then(<[_]>::first);
        let shown = shown.ok_or("no certificate")?;
        if names(shown) != [host] {
            return Err("the certificate is for other hosts".to_owned());
        }
        let certificate = Certificate::from_der(shown).map_err(|error| error.to_string())?;
        let extensions = certificate.tbs_certificate().extensions();
        let mut extensions = extensions.into_iter().flatten();
        let proven = extensions.find(|extension| extension.extn_id == ACME_IDENTIFIER);
        let proven = proven.ok_or("the certificate proves nothing")?;
        let digest = OctetString::new(Sha256::digest(proof).to_vec());
        let digest = digest.and_then(|digest| digest.to_der());
        let digest = digest.map_err(|error| error.to_string())?;
        if proven.critical && proven.extn_value.as_bytes() == digest {
            return Ok(());
        }
        Err("the certificate proves something else".to_owned())
    }
}
