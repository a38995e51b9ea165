//! What TLS is made of here: ring's cryptography, cut down to the protocol's and completed by
//! X448, Ed448 and the noting of Finished messages.

use std::sync::{Arc, LazyLock};

use rustls::crypto::ring::{self, cipher_suite, kx_group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::{
    CipherSuiteCommon, SignatureScheme, SupportedCipherSuite, SupportedProtocolVersion,
    Tls12CipherSuite, Tls13CipherSuite, version,
};

use super::X448Group;
use super::finished::{NotingHkdf, NotingPrf};
use crate::crypto::Crrl;

/// Kinds of signatures, best first as the reference has it.
pub(super) static SCHEMES: [SignatureScheme; 2] =
    [SignatureScheme::ED448, SignatureScheme::ED25519];

/// Which versions of TLS are spoken.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Versions {
    /// 1.3 and 1.2.
    #[default]
    Both,
    /// 1.2 only.
    Tls12,
    /// 1.3 only.
    Tls13,
}

impl Versions {
    pub(super) fn list(self) -> &'static [&'static SupportedProtocolVersion] {
        static TLS12: [&SupportedProtocolVersion; 1] = [&version::TLS12];
        static TLS13: [&SupportedProtocolVersion; 1] = [&version::TLS13];
        match self {
            Self::Both => rustls::ALL_VERSIONS,
            Self::Tls12 => &TLS12,
            Self::Tls13 => &TLS13,
        }
    }
}

/// The protocol's: X448, then X25519.
pub fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
        let random = ring::default_provider().secure_random;
        let x448: &'static X448Group<Crrl> = Box::leak(Box::new(X448Group::new(Crrl, random)));
        provider_with(vec![x448, kx_group::X25519])
    });
    Arc::clone(&PROVIDER)
}

/// The same with other key exchange groups, for tests and benchmarks.
pub fn provider_with(kx_groups: Vec<&'static dyn SupportedKxGroup>) -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider {
        cipher_suites: SUITES.clone(),
        kx_groups,
        ..ring::default_provider()
    })
}

/// Leaked, once: rustls knows suites by `'static` references.
static SUITES: LazyLock<Vec<SupportedCipherSuite>> = LazyLock::new(|| {
    [
        cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
        cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ]
    .map(noting)
    .into()
});

fn noting(suite: SupportedCipherSuite) -> SupportedCipherSuite {
    match suite {
        SupportedCipherSuite::Tls13(suite) => {
            SupportedCipherSuite::Tls13(Box::leak(Box::new(Tls13CipherSuite {
                common: CipherSuiteCommon { ..suite.common },
                hkdf_provider: Box::leak(Box::new(NotingHkdf(suite.hkdf_provider))),
                aead_alg: suite.aead_alg,
                quic: None,
            })))
        }
        SupportedCipherSuite::Tls12(suite) => {
            SupportedCipherSuite::Tls12(Box::leak(Box::new(Tls12CipherSuite {
                common: CipherSuiteCommon { ..suite.common },
                prf_provider: Box::leak(Box::new(NotingPrf(suite.prf_provider))),
                kx: suite.kx,
                sign: &SCHEMES,
                aead_alg: suite.aead_alg,
            })))
        }
    }
}
