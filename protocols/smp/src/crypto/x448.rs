//! X448 key agreement, which clients offer first in TLS.
//!
//! It comes from `crrl`, which has no audit and wipes nothing: it is behind [`X448`] so that
//! another can take its place, and tested against the `x448` crate. That one is an order of
//! magnitude slower and would set the rate of handshakes (see `benches/handshake.rs`).

use std::fmt::Debug;

use zeroize::Zeroizing;

use super::Crrl;

/// Bytes of a secret, of a public key, and of what two of them agree on.
pub const X448_LEN: usize = 56;

/// Agrees on a secret as RFC 7748 has it.
pub trait X448: Debug + Send + Sync {
    /// What the other side needs.
    fn public(&self, secret: &[u8; X448_LEN]) -> [u8; X448_LEN];

    /// What both sides get; all zero if `peer` is not a good public key.
    fn agree(&self, secret: &[u8; X448_LEN], peer: &[u8; X448_LEN]) -> Zeroizing<[u8; X448_LEN]>;
}

impl X448 for Crrl {
    fn public(&self, secret: &[u8; X448_LEN]) -> [u8; X448_LEN] {
        crrl::x448::x448_base(secret)
    }

    fn agree(&self, secret: &[u8; X448_LEN], peer: &[u8; X448_LEN]) -> Zeroizing<[u8; X448_LEN]> {
        Zeroizing::new(crrl::x448::x448(peer, secret))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::tests::vectors::hex;

    fn bytes(text: &str) -> [u8; X448_LEN] {
        hex(text).try_into().unwrap()
    }

    /// RFC 7748, section 6.2.
    #[test]
    fn alice_and_bob() {
        let alice = bytes(
            "9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28dd9c9baf574a9419744897391006382a6f127ab1d9ac2d8c0a598726b",
        );
        let bob = bytes(
            "1c306a7ac2a0e2e0990b294470cba339e6453772b075811d8fad0d1d6927c120bb5ee8972b0d3e21374c9c921b09d1b0366f10b65173992d",
        );
        let public = bytes(
            "9b08f7cc31b7e3e67d22d5aea121074a273bd2b83de09c63faa73d2c22c5d9bbc836647241d953d40c5b12da88120d53177f80e532c41fa0",
        );
        let shared = bytes(
            "07fff4181ac6cc95ec1c16a94a0f74d12da232ce40a77552281d282bb60c0b56fd2464c335543936521c24403085d59a449a5037514a879d",
        );
        assert_eq!(Crrl.public(&alice), public);
        assert_eq!(*Crrl.agree(&alice, &Crrl.public(&bob)), shared);
        assert_eq!(*Crrl.agree(&bob, &public), shared);
    }

    #[test]
    fn a_bad_public_key_gives_zeros() {
        assert_eq!(*Crrl.agree(&[7; X448_LEN], &[0; X448_LEN]), [0; X448_LEN]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn as_the_x448_crate_does(secret: [u8; 32], more: [u8; 24], peer: [u8; 32], rest: [u8; 24]) {
            let secret: [u8; 56] = [&secret[..], &more].concat().try_into().unwrap();
            let peer: [u8; 56] = [&peer[..], &rest].concat().try_into().unwrap();
            let theirs = x448::x448_unchecked(secret, peer);
            prop_assert_eq!(*Crrl.agree(&secret, &peer), theirs);
            let public = x448::x448_unchecked(secret, x448::X448_BASEPOINT_BYTES);
            prop_assert_eq!(Crrl.public(&secret), public);
        }
    }
}
