//! Handshakes of both sides, and with OpenSSL as either.

mod openssl;
mod ours;
mod refusals;

use std::sync::Arc;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use relay_core::clock::{SharedClock, TestClock, UnixTime};
use rustls::pki_types::CertificateDer;
use rustls::{SupportedProtocolVersion, version};
use tokio::io::{DuplexStream, duplex};
use tokio::time::Instant;

use super::*;
use crate::config::KeyKind;
use crate::identity::issue::{self, LeafName};
use crate::identity::{Certificate, Identity};

const NOW: UnixTime = UnixTime::from_secs(1_790_000_000);

fn clock() -> SharedClock {
    Arc::new(TestClock::at(NOW))
}

/// More than any of these handshakes takes.
fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

fn rng() -> StdRng {
    StdRng::seed_from_u64(7)
}

/// A chain of `length` certificates.
fn identity_of(kind: KeyKind, length: usize) -> Identity {
    let mut rng = rng();
    let root_key = issue::generate(kind, &mut rng);
    let root = issue::ca(&root_key, NOW, &mut rng).unwrap();
    let (mut chain, mut keys) = (vec![root], vec![root_key]);
    for _ in 2..length {
        let key = issue::generate(kind, &mut rng);
        let issuer = Certificate::parse(&chain[0]).unwrap();
        let below = issue::intermediate(&key, (&issuer, &keys[0]), NOW, &mut rng).unwrap();
        chain.insert(0, below);
        keys.insert(0, key);
    }
    let key = issue::generate(kind, &mut rng);
    let issuer = Certificate::parse(&chain[0]).unwrap();
    let name = LeafName::Host("smp.example.org".to_owned());
    let leaf = issue::leaf(name, &key, (&issuer, &keys[0]), NOW, &mut rng).unwrap();
    chain.insert(0, leaf);
    let chain = chain.into_iter().map(CertificateDer::from).collect();
    Identity::new(chain, key, NOW).unwrap()
}

fn identity(kind: KeyKind) -> Arc<Identity> {
    Arc::new(identity_of(kind, 2))
}

static TLS12: [&SupportedProtocolVersion; 1] = [&version::TLS12];
static TLS13: [&SupportedProtocolVersion; 1] = [&version::TLS13];

fn connector(identity: &Identity) -> Connector {
    Connector::new(identity.fingerprint(), clock()).unwrap()
}

/// A client that speaks one version only.
fn connector_of(
    identity: &Identity,
    versions: &'static [&'static SupportedProtocolVersion],
) -> Connector {
    let offer = Offer {
        versions,
        ..Offer::default()
    };
    Connector::with_offer(identity.fingerprint(), clock(), &offer).unwrap()
}

type Both = (
    Result<Accepted<DuplexStream>, HandshakeError>,
    Result<Connected<DuplexStream>, HandshakeError>,
);

async fn shake(acceptor: &Acceptor, connector: &Connector) -> Both {
    let (server, client) = duplex(20_000);
    tokio::join!(
        acceptor.accept(server, soon()),
        connector.connect(client, soon())
    )
}
