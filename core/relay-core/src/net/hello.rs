//! The first message of TLS, read before anybody shakes hands: it says who should.
//!
//! Nothing is taken from the connection: who serves it reads the message again. What is no TLS is
//! refused here, with an alert as TLS has it.

use std::{io, sync::Arc};

use rustls::{ServerConfig, server::Acceptor};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout_at,
};
use tokio_rustls::TlsAcceptor;

use super::{Conn, Refusal, Stream, conn::Io, wire::Wire};

/// The protocol by which an authority looks whether a host is ours (RFC 8737).
const ACME: &[u8] = b"acme-tls/1";
/// With keys of post-quantum cryptography it is two kilobytes; nobody needs more than this.
const MAX_HELLO: usize = 32 * 1024;
const PIECE: usize = 4096;

/// What a client says before it is answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Hello {
    /// The host it wants (SNI), in lower case; an IP address counts as none.
    pub host: Option<String>,
    /// The protocols it offers (ALPN).
    alpn: Vec<Vec<u8>>,
}

impl Hello {
    /// The first of these protocols in the client's list, as the reference chooses.
    pub fn first_of<'a>(&self, known: &[&'a [u8]]) -> Option<&'a [u8]> {
        let known = |offered: &Vec<u8>| known.iter().find(|known| **known == *offered).copied();
        self.alpn.iter().find_map(known)
    }

    /// Whether it is an authority that looks whether the host is ours.
    pub fn is_acme(&self) -> bool {
        self.alpn == [ACME]
    }
}

impl Conn {
    /// The client's hello, which stays to be read. Within the time for handshakes.
    pub(crate) async fn peek_hello(&mut self) -> Result<Hello, Refusal> {
        let deadline = self.handshake_deadline;
        let Some(wire) = self.stream.wire_mut() else {
            return Err(Refusal::Tls);
        };
        let hello = timeout_at(deadline, read_hello(wire)).await;
        hello.unwrap_or(Err(Refusal::HandshakeTimeout))
    }

    /// Shakes hands as a server, within the time for handshakes.
    pub(crate) async fn encrypt(self, config: Arc<ServerConfig>) -> Result<Self, Refusal> {
        let Self {
            stream,
            peer,
            local,
            handshake_deadline,
        } = self;
        let (Io::Plain(wire), held) = stream.into_parts() else {
            return Err(Refusal::Tls);
        };
        let handshake = TlsAcceptor::from(config).accept(wire);
        match timeout_at(handshake_deadline, handshake).await {
            Ok(Ok(tls)) => Ok(Self {
                stream: Stream::tls(tls, held),
                peer,
                local,
                handshake_deadline,
            }),
            Ok(Err(_)) => Err(Refusal::Tls),
            Err(_) => Err(Refusal::HandshakeTimeout),
        }
    }
}

async fn read_hello(wire: &mut Wire) -> Result<Hello, Refusal> {
    let mut acceptor = Acceptor::default();
    let mut bytes = Vec::with_capacity(PIECE);
    loop {
        let before = bytes.len();
        let read = wire.socket_mut().read_buf(&mut bytes).await;
        if read.map_or(true, |read| read == 0) || bytes.len() > MAX_HELLO {
            return Err(Refusal::Tls);
        }
        match understand(&mut acceptor, &bytes[before..]) {
            Ok(None) => {}
            Ok(Some(hello)) => {
                wire.put_back(bytes);
                return Ok(hello);
            }
            Err(alert) => {
                // The client may not wait for it.
                let _ = wire.write_all(&alert).await;
                let _ = wire.shutdown().await;
                return Err(Refusal::Tls);
            }
        }
    }
}

/// The hello, once it is there whole; or what to answer to what is none.
fn understand(acceptor: &mut Acceptor, mut bytes: &[u8]) -> Result<Option<Hello>, Vec<u8>> {
    while !bytes.is_empty() {
        if acceptor.read_tls(&mut bytes).map_or(true, |read| read == 0) {
            return Err(Vec::new());
        }
        match acceptor.accept() {
            Ok(None) => {}
            Ok(Some(accepted)) => return Ok(Some(Hello::of(&accepted.client_hello()))),
            Err((_, mut alert)) => {
                let mut answer = Vec::new();
                let _: io::Result<()> = alert.write_all(&mut answer);
                return Err(answer);
            }
        }
    }
    Ok(None)
}

impl Hello {
    fn of(hello: &rustls::server::ClientHello<'_>) -> Self {
        let alpn = hello.alpn().into_iter().flatten();
        Self {
            host: hello.server_name().map(str::to_ascii_lowercase),
            alpn: alpn.map(<[u8]>::to_vec).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use rustls::{ClientConfig, ClientConnection, RootCertStore, crypto::ring};

    use super::*;

    /// What a client says first that wants this host and offers these protocols.
    fn said(host: &str, alpn: &[&[u8]]) -> Vec<u8> {
        let provider = Arc::new(ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        let name = host.to_owned().try_into().unwrap();
        let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        bytes
    }

    /// What is understood when it comes in pieces of this size.
    fn understood(bytes: &[u8], size: usize) -> Result<Option<Hello>, Vec<u8>> {
        let mut acceptor = Acceptor::default();
        let mut found = Ok(None);
        for piece in bytes.chunks(size) {
            found = understand(&mut acceptor, piece);
            if !matches!(found, Ok(None)) {
                break;
            }
        }
        found
    }

    #[test]
    fn host_and_protocols_are_told_however_they_come() {
        let bytes = said("Example.org", &[b"h2", b"http/1.1"]);
        for size in [1, 7, 100, bytes.len()] {
            let hello = understood(&bytes, size).unwrap().unwrap();
            assert_eq!(hello.host.as_deref(), Some("example.org"));
            assert_eq!(hello.first_of(&[b"http/1.1", b"h2"]), Some(&b"h2"[..]));
            assert_eq!(hello.first_of(&[b"smp/1"]), None);
            assert!(!hello.is_acme());
        }
        assert_eq!(understood(&bytes[..bytes.len() - 1], 50), Ok(None));
    }

    #[test]
    fn an_address_is_no_host_and_an_authority_is_known() {
        let hello = understood(&said("192.0.2.1", &[]), 4096).unwrap().unwrap();
        assert_eq!(hello.host, None);
        let acme = understood(&said("a.example", &[b"acme-tls/1"]), 4096);
        assert!(acme.unwrap().unwrap().is_acme());
    }

    #[test]
    fn what_is_no_tls_is_answered_with_an_alert() {
        for garbage in [
            &b"GET / HTTP/1.1\r\n\r\n"[..],
            &[0; 64],
            &[22, 3, 1, 0, 4, 2, 0, 0, 0],
        ] {
            let alert = understood(garbage, 64).unwrap_err();
            assert_eq!(alert.first(), Some(&21), "{garbage:?}");
        }
    }
}
