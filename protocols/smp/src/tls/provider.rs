//! What TLS is made of here: ring's cryptography, cut down to the protocol's and completed by
//! X448, Ed448 and the noting of Finished messages.

use std::sync::{Arc, LazyLock};

use rustls::crypto::ring::{self, cipher_suite, kx_group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::{
    CipherSuiteCommon, SignatureScheme, SupportedCipherSuite, SupportedProtocolVersion,
    Tls12CipherSuite, Tls13CipherSuite,
};

use super::X448Group;
use super::finished::{NotingHkdf, NotingPrf};
use crate::crypto::Crrl;

/// Kinds of signatures, best first as the reference has it.
pub(super) static SCHEMES: [SignatureScheme; 2] =
    [SignatureScheme::ED448, SignatureScheme::ED25519];

/// What one side is ready to agree on. The cipher suites and the signatures are always the
/// protocol's.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Versions of TLS.
    pub versions: &'static [&'static SupportedProtocolVersion],
    /// Key exchange groups, best first.
    pub groups: Vec<&'static dyn SupportedKxGroup>,
}

impl Default for Offer {
    /// The protocol's: TLS 1.3 and 1.2, X448 and X25519.
    fn default() -> Self {
        static X448: LazyLock<X448Group<Crrl>> =
            LazyLock::new(|| X448Group::new(Crrl, ring::default_provider().secure_random));
        Self {
            versions: rustls::ALL_VERSIONS,
            groups: vec![&*X448, kx_group::X25519],
        }
    }
}

impl Offer {
    pub(super) fn provider(&self) -> Arc<CryptoProvider> {
        Arc::new(CryptoProvider {
            cipher_suites: SUITES.clone(),
            kx_groups: self.groups.clone(),
            ..ring::default_provider()
        })
    }
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
