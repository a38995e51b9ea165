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
