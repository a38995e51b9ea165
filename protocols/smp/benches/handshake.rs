//! What a TLS handshake costs, and what X448 has to do with it.
//!
//! `x448` is the arithmetic alone: a new key pair and the agreement, which each side does once.
//! `handshake` is both sides together, in one thread and in memory, by kind of server key and by
//! key exchange; half of it is the server's, roughly.
//!
//! On two shared cores of 2026, x86-64:
//!
//! | | by crrl | by the x448 crate | X25519 by ring |
//! |---|---|---|---|
//! | arithmetic, one side | 0.24 ms | 1.03 ms | |
//! | handshake, both sides, Ed25519 key | 0.69 ms | 2.85 ms | 0.32 ms |
//!
//! With the x448 crate, X448 is nearly three quarters of a handshake and sets its rate; so crrl
//! does it, and the x448 crate is what it is tested against.
#![expect(clippy::expect_used, reason = "a benchmark")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use rand::SeedableRng;
use rand::rngs::StdRng;
use relay_core::clock::{Clock, SystemClock};
use relay_smp::KeyKind;
use relay_smp::crypto::{Crrl, X448, X448_LEN};
use relay_smp::identity::Folder;
use relay_smp::tls::{Acceptor, Connector, Offer, X448Group};
use rustls::crypto::SupportedKxGroup;
use rustls::crypto::ring::{default_provider, kx_group::X25519};
use tokio::io::duplex;
use tokio::time::Instant;
use zeroize::Zeroizing;

/// X448 by the crate of that name.
#[derive(Clone, Copy, Debug)]
struct X448Crate;

impl X448 for X448Crate {
    fn public(&self, secret: &[u8; X448_LEN]) -> [u8; X448_LEN] {
        x448::x448_unchecked(*secret, x448::X448_BASEPOINT_BYTES)
    }

    fn agree(&self, secret: &[u8; X448_LEN], peer: &[u8; X448_LEN]) -> Zeroizing<[u8; X448_LEN]> {
        Zeroizing::new(x448::x448_unchecked(*secret, *peer))
    }
}

fn arithmetic(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("x448");
    let implementations: [(&str, &dyn X448); 2] = [("crrl", &Crrl), ("x448", &X448Crate)];
    for (name, x448) in implementations {
        let peer = x448.public(&[9; X448_LEN]);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let secret = black_box([7; X448_LEN]);
                (x448.public(&secret), x448.agree(&secret, &peer))
            });
        });
    }
    group.finish();
}

fn group(x448: impl X448 + Clone + 'static) -> &'static dyn SupportedKxGroup {
    Box::leak(Box::new(X448Group::new(
        x448,
        default_provider().secure_random,
    )))
}

fn handshakes(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    let mut benchmarks = criterion.benchmark_group("handshake");
    for (kind, key) in [(KeyKind::Ed25519, "ed25519"), (KeyKind::Ed448, "ed448")] {
        let dir = tempfile::tempdir().expect("temporary directory");
        let mut rng = StdRng::seed_from_u64(1);
        let folder = Folder::at(dir.path());
        let identity = folder.open(kind, "localhost", SystemClock.now(), &mut rng);
        let identity = Arc::new(identity.expect("an identity"));
        for (exchange, name) in [
            (group(Crrl), "x448 by crrl"),
            (group(X448Crate), "x448 by x448"),
            (X25519, "x25519"),
        ] {
            let offer = Offer {
                groups: vec![exchange],
                ..Offer::default()
            };
            let clock = Arc::new(SystemClock);
            let connector = Connector::with_offer(identity.fingerprint(), clock, &offer);
            let connector = connector.expect("a client");
            let acceptor = Acceptor::with_offer(Arc::clone(&identity), offer).expect("a server");
            benchmarks.bench_function(format!("{key}, {name}"), |bencher| {
                bencher
                    .to_async(&runtime)
                    .iter(|| shake(&acceptor, &connector));
            });
        }
    }
    benchmarks.finish();
}

async fn shake(acceptor: &Acceptor, connector: &Connector) {
    let (server, client) = duplex(20_000);
    let deadline = Instant::now() + Duration::from_secs(30);
    let (accepted, connected) = tokio::join!(
        acceptor.accept(server, deadline),
        connector.connect(client, deadline)
    );
    let (accepted, connected) = (accepted.expect("accepted"), connected.expect("connected"));
    assert_eq!(accepted.session_id, connected.session_id);
}

criterion_group!(benches, arithmetic, handshakes);
criterion_main!(benches);
