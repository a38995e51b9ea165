//! Private routing as a client of a proxy sees it, and relays of our own that say what a test
//! wants.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use relay_core::clock::{Clock, SystemClock, UnixTime};
use relay_smp::client::{Call, CallError, Client, QueueKey, Relay};
use relay_smp::identity::issue::{self, LeafName};
use relay_smp::identity::{Certificate, Identity};
use relay_smp::session::{Channel, Offer, ServerHandshake};
use relay_smp::tls::{Accepted, Acceptor};
use relay_smp::wire::{
    BLOCK, Command, Reply, Request, Response, ServerAddress, Short, VersionRange,
};
use relay_smp::{KeyKind, crypto};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_rustls::server::TlsStream;

use crate::smp::{Smp, rng};
use crate::{Bed, PATIENCE};

/// A server as clients name it to a proxy.
#[derive(Clone, Debug)]
pub struct Named {
    /// Names or addresses.
    pub hosts: Vec<String>,
    /// The port as text.
    pub port: String,
    /// Who it must be.
    pub fingerprint: Vec<u8>,
}

impl Named {
    /// Listening there.
    pub fn at(address: SocketAddr, fingerprint: [u8; 32]) -> Self {
        Self {
            hosts: vec![address.ip().to_string()],
            port: address.port().to_string(),
            fingerprint: fingerprint.to_vec(),
        }
    }

    /// The relay of a daemon.
    pub fn of(smp: &Smp) -> Self {
        Self::at(smp.address, smp.fingerprint)
    }

    /// As the wire has it.
    pub fn address(&self) -> ServerAddress<'_> {
        ServerAddress {
            hosts: (self.hosts.iter())
                .map(|host| Short::cut(host.as_bytes()))
                .collect(),
            port: Short::cut(self.port.as_bytes()),
            key_hash: Short::cut(&self.fingerprint),
        }
    }

    /// Asks a proxy for it.
    pub async fn through(&self, proxy: &Client) -> Result<Relay, CallError> {
        proxy.relay(&self.address(), None, SystemClock.now()).await
    }
}

/// A bed whose SMP relay forwards, to servers on this machine too.
pub fn proxy() -> Bed {
    Bed::new()
        .with_smp()
        .with("smp.proxy.allow_private_addresses", true)
}

/// `SEND` through a proxy; errors of either server.
pub async fn send(
    proxy: &Client,
    relay: &Relay,
    sender_id: &[u8],
    key: Option<&QueueKey>,
    body: &[u8],
) -> Result<(), CallError> {
    let notification = false;
    let command = Command::Send { notification, body };
    let call = Call::about(sender_id, command);
    done(proxy, relay, Call { key, ..call }).await
}

/// A command through a proxy whose answer is `OK`.
pub async fn done(proxy: &Client, relay: &Relay, call: Call<'_>) -> Result<(), CallError> {
    let answer = proxy.call_through(relay, &call, &mut rng()).await?;
    match answer.response()? {
        Response::Ok => Ok(()),
        other => Err(CallError::Unexpected(other.tag())),
    }
}

/// An identity with a chain of so many certificates, 2 to 4.
pub fn identity(kind: KeyKind, certificates: usize) -> Identity {
    let (now, mut rng) = (SystemClock.now(), rng());
    let key = issue::generate(kind, &mut rng);
    let root = issue::ca(&key, now, &mut rng).expect("a certificate");
    let mut chain = vec![(root, key)];
    while chain.len() < certificates {
        chain.insert(
            0,
            below(&chain[0], kind, now, chain.len() + 1 == certificates),
        );
    }
    let key = chain[0].1.clone();
    let chain = chain.into_iter().map(|(der, _)| der.into()).collect();
    Identity::new(chain, key, now).expect("a chain")
}

fn below(
    (issuer, issuer_key): &(Vec<u8>, crypto::SigningKey),
    kind: KeyKind,
    now: UnixTime,
    last: bool,
) -> (Vec<u8>, crypto::SigningKey) {
    let mut rng = rng();
    let key = issue::generate(kind, &mut rng);
    let issuer = Certificate::parse(issuer).expect("a certificate");
    let issuer = (&issuer, issuer_key);
    let der = if last {
        let name = LeafName::Host("localhost".to_owned());
        issue::leaf(name, &key, issuer, now, &mut rng)
    } else {
        issue::intermediate(&key, issuer, now, &mut rng)
    };
    (der.expect("a certificate"), key)
}

/// What a [`Stranger`] does with each command.
#[derive(Clone, Copy, Debug)]
pub enum Manner {
    /// Says this.
    Says(&'static [u8]),
    /// Says this with another correlation id.
    SaysToNobody(&'static [u8]),
    /// Sends this as a block.
    Sends([u8; 64]),
    /// Closes the connection.
    Leaves,
    /// Nothing.
    IsSilent,
}

/// A relay that does the handshakes and then what a test wants.
#[derive(Debug)]
pub struct Stranger {
    /// How clients name it.
    pub named: Named,
    /// Commands that came, in all.
    pub seen: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Stranger {
    /// Listens on a free port.
    pub async fn start(identity: Identity, versions: VersionRange, manner: Manner) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let named = Named::at(address, identity.fingerprint());
        let acceptor = Arc::new(Acceptor::new(Arc::new(identity)).expect("TLS can be set up"));
        let seen = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, counter) = (Arc::clone(&acceptor), Arc::clone(&counter));
                tokio::spawn(async move {
                    let deadline = Instant::now() + PATIENCE;
                    let accepted = acceptor.accept(stream, deadline).await.ok()?;
                    converse(accepted, versions, manner, &counter).await
                });
            }
        });
        Self { named, seen, task }
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn converse(
    accepted: Accepted<TcpStream>,
    versions: VersionRange,
    manner: Manner,
    seen: &AtomicUsize,
) -> Option<()> {
    let offer = Offer {
        identity: &accepted.identity,
        versions,
        alpn: true,
        session_id: &accepted.session_id,
    };
    let (handshake, hello) = ServerHandshake::start(offer, &mut rng()).ok()?;
    let mut stream = accepted.stream;
    stream.write_all(&hello).await.ok()?;
    let mut channel = handshake.receive(&read(&mut stream).await?).ok()?.channel;
    loop {
        let mut block = read(&mut stream).await?;
        let corr_ids = corr_ids(&mut channel, &mut block)?;
        seen.fetch_add(corr_ids.len(), Ordering::Relaxed);
        match manner {
            Manner::IsSilent => {}
            Manner::Leaves => return Some(()),
            Manner::Sends(bytes) => {
                let mut block = vec![b'#'; BLOCK];
                block[..bytes.len()].copy_from_slice(&bytes);
                stream.write_all(&block).await.ok()?;
            }
            Manner::Says(text) => say(&mut stream, &mut channel, &corr_ids, text).await?,
            Manner::SaysToNobody(text) => {
                say(&mut stream, &mut channel, &[vec![0; 24]], text).await?;
            }
        }
    }
}

fn corr_ids(channel: &mut Channel, block: &mut [u8]) -> Option<Vec<Vec<u8>>> {
    let range = channel.decrypt(block).ok()?;
    let session = channel.session();
    let batch = relay_smp::wire::Batch::split(&block[range]).ok()?;
    let requests = batch.filter_map(|bytes| Request::parse(session, bytes).ok());
    Some(
        requests
            .map(|request| request.corr_id.as_bytes().to_vec())
            .collect(),
    )
}

async fn say(
    stream: &mut TlsStream<TcpStream>,
    channel: &mut Channel,
    corr_ids: &[Vec<u8>],
    text: &[u8],
) -> Option<()> {
    let packed = channel.pack(corr_ids, Vec::new(), |corr_id, session, out| {
        let corr_id = Short::cut(corr_id);
        Reply::encode(session, corr_id, Short::EMPTY, |out| out.bytes(text), out);
    });
    stream.write_all(&packed.block?).await.ok()?;
    stream.flush().await.ok()
}

async fn read(stream: &mut TlsStream<TcpStream>) -> Option<Vec<u8>> {
    let mut block = vec![0; BLOCK];
    stream.read_exact(&mut block).await.ok()?;
    Some(block)
}
