//! The XSalsa20 key stream, eight blocks at a time: the hot loop of the whole relay, about six
//! times per delivered message.
//!
//! The vector unit is found out at run time; a machine without one, and short bodies, take the
//! `salsa20` crate, which is the oracle in the tests too.

mod wide;

use fearless_simd::{Level, dispatch};
use salsa20::Salsa20;
use salsa20::cipher::consts::U10;
use salsa20::cipher::{KeyIvInit, StreamCipher, StreamCipherSeek};
use zeroize::Zeroizing;

const BLOCK: usize = 64;
/// Below this the vectors do not pay.
const SHORT: usize = 4 * BLOCK;
/// "expand 32-byte k"
const SIGMA: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

/// The key stream of one key and nonce. Its first 32 bytes key the tag, the rest encrypts.
pub(super) struct KeyStream {
    key: Zeroizing<[u8; 32]>,
    nonce: [u8; 8],
    first: Zeroizing<[u8; BLOCK]>,
}

impl KeyStream {
    pub(super) fn new(key: &[u8; 32], nonce: &[u8; 24]) -> Self {
        let (derive, nonce) = halves(nonce);
        let key = Zeroizing::new(salsa20::hsalsa::<U10>(key.into(), &derive.into()));
        let key = Zeroizing::new((*key).into());
        let mut first = Zeroizing::new([0; BLOCK]);
        soft(&key, nonce).apply_keystream(&mut *first);
        Self { key, nonce, first }
    }

    pub(super) fn mac_key(&self) -> &[u8; 32] {
        let (mac_key, _) = self.split();
        mac_key
    }

    /// Encrypts or decrypts a body.
    pub(super) fn apply(&self, body: &mut [u8]) {
        let (_, start) = self.split();
        let (head, rest) = body.split_at_mut(body.len().min(start.len()));
        xor(head, start);
        let level = Level::new();
        if rest.len() < SHORT || level.is_fallback() {
            let mut stream = soft(&self.key, self.nonce);
            stream.seek(BLOCK);
            stream.apply_keystream(rest);
        } else {
            let state = Zeroizing::new(state(&self.key, self.nonce));
            dispatch!(level, simd => wide::xor_stream(simd, &state, 1, rest));
        }
    }

    fn split(&self) -> (&[u8; 32], &[u8; 32]) {
        let (halves, _) = self.first.as_chunks::<32>();
        match halves {
            [mac_key, start] => (mac_key, start),
            _ => (&[0; 32], &[0; 32]),
        }
    }
}

fn halves(nonce: &[u8; 24]) -> ([u8; 16], [u8; 8]) {
    let (mut derive, mut rest) = ([0; 16], [0; 8]);
    derive
        .iter_mut()
        .chain(&mut rest)
        .zip(nonce)
        .for_each(|(to, from)| *to = *from);
    (derive, rest)
}

fn soft(key: &[u8; 32], nonce: [u8; 8]) -> Salsa20 {
    Salsa20::new(key.into(), &nonce.into())
}

fn xor(body: &mut [u8], stream: &[u8]) {
    body.iter_mut()
        .zip(stream)
        .for_each(|(to, from)| *to ^= from);
}

/// Salsa20's first matrix, at block 0.
fn state(key: &[u8; 32], nonce: [u8; 8]) -> [u32; 16] {
    let (key, _) = key.as_chunks::<4>();
    let (nonce, _) = nonce.as_chunks::<4>();
    let mut key = key.iter().copied().map(u32::from_le_bytes);
    let mut nonce = nonce.iter().copied().map(u32::from_le_bytes);
    let mut sigma = SIGMA.into_iter();
    std::array::from_fn(|i| {
        let word = match i {
            0 | 5 | 10 | 15 => sigma.next(),
            6 | 7 => nonce.next(),
            8 | 9 => Some(0),
            _ => key.next(),
        };
        word.unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use salsa20::XSalsa20;

    use super::*;

    #[test]
    fn block_numbers_pass_32_bits() {
        let (key, nonce) = ([1; 32], [2; 8]);
        let first = u64::from(u32::MAX) - 3;
        let mut ours = [0; 1024];
        let level = Level::new();
        dispatch!(level, simd => wide::xor_stream(simd, &state(&key, nonce), first, &mut ours));
        let mut theirs = [0; 1024];
        let mut stream = soft(&key, nonce);
        stream.seek(first * BLOCK as u64);
        stream.apply_keystream(&mut theirs);
        assert_eq!(ours, theirs);
    }

    proptest! {
        #[test]
        fn equals_the_soft_one(
            key: [u8; 32],
            nonce: [u8; 24],
            body in proptest::collection::vec(any::<u8>(), 0..4000),
        ) {
            let ours = KeyStream::new(&key, &nonce);
            let mut mac_key = [0; 32];
            let mut theirs = XSalsa20::new(&key.into(), &nonce.into());
            theirs.apply_keystream(&mut mac_key);
            prop_assert_eq!(ours.mac_key(), &mac_key);
            let (mut one, mut other) = (body.clone(), body);
            ours.apply(&mut one);
            theirs.apply_keystream(&mut other);
            prop_assert_eq!(one, other);
        }
    }
}
