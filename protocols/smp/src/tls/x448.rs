//! X448 as a key exchange group of rustls.

use std::fmt;

use rustls::crypto::{ActiveKeyExchange, SecureRandom, SharedSecret, SupportedKxGroup};
use rustls::ffdhe_groups::FfdheGroup;
use rustls::{Error, NamedGroup, PeerMisbehaved};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::crypto::{X448, X448_LEN};

/// The group, by some implementation of X448.
#[derive(Debug)]
pub struct X448Group<K> {
    x448: K,
    random: &'static dyn SecureRandom,
}

impl<K> X448Group<K> {
    /// Secrets come from `random`.
    pub const fn new(x448: K, random: &'static dyn SecureRandom) -> Self {
        Self { x448, random }
    }
}

impl<K: X448 + Clone + 'static> SupportedKxGroup for X448Group<K> {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut secret = Zeroizing::new([0; X448_LEN]);
        self.random.fill(&mut secret[..])?;
        Ok(Box::new(Exchange {
            x448: self.x448.clone(),
            public: self.x448.public(&secret),
            secret,
        }))
    }

    /// Not looking for it in the list of finite-field groups keeps that list out of the binary.
    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X448
    }
}

struct Exchange<K> {
    x448: K,
    secret: Zeroizing<[u8; X448_LEN]>,
    public: [u8; X448_LEN],
}

impl<K: X448> ActiveKeyExchange for Exchange<K> {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let peer = peer
            .try_into()
            .map_err(|_| PeerMisbehaved::InvalidKeyShare)?;
        let shared = self.x448.agree(&self.secret, peer);
        if bool::from(shared.ct_eq(&[0; X448_LEN])) {
            return Err(PeerMisbehaved::InvalidKeyShare.into());
        }
        Ok(SharedSecret::from(&shared[..]))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn pub_key(&self) -> &[u8] {
        &self.public
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X448
    }
}

impl<K> fmt::Debug for Exchange<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exchange(X448)")
    }
}
