//! XSalsa20-Poly1305 as the protocol uses it: the tag in front of the cipher text, and the key
//! always put through HSalsa20 first, even where it is no shared secret but already a key.

use std::fmt;

use poly1305::Poly1305;
use poly1305::universal_hash::KeyInit;
use salsa20::XSalsa20;
use salsa20::cipher::consts::U10;
use salsa20::cipher::{KeyIvInit, StreamCipher};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::wire::TAG;

/// The box was not made with this key and nonce.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("cannot be decrypted")]
pub struct Unopened;

/// The 24 bytes that make one key good for many boxes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Nonce(pub [u8; 24]);

impl Nonce {
    /// From a correlation id: cut, or filled up with zeros.
    pub fn from_corr_id(corr_id: &[u8]) -> Self {
        let mut nonce = [0; 24];
        nonce
            .iter_mut()
            .zip(corr_id)
            .for_each(|(to, from)| *to = *from);
        Self(nonce)
    }

    /// The nonce of the answer, where one key serves both directions: the bytes backwards.
    #[must_use]
    pub fn reversed(mut self) -> Self {
        self.0.reverse();
        self
    }
}

/// A key to seal and open boxes with. Making it costs one HSalsa20: keep it with the queue or
/// the session whose it is.
#[derive(Clone)]
pub struct BoxKey(Zeroizing<[u8; 32]>);

impl BoxKey {
    /// From a shared secret, or from 32 bytes of a key derivation.
    pub fn new(secret: &[u8; 32]) -> Self {
        let key = Zeroizing::new(salsa20::hsalsa::<U10>(secret.into(), &[0; 16].into()));
        Self(Zeroizing::new((*key).into()))
    }

    /// Encrypts everything after the first [`TAG`] bytes, and puts the tag there. A buffer too
    /// short to hold a tag is left alone.
    pub fn seal(&self, nonce: Nonce, buffer: &mut [u8]) {
        if let Some((tag, body)) = buffer.split_first_chunk_mut::<TAG>() {
            let (mac, mut cipher) = self.start(nonce);
            cipher.apply_keystream(body);
            *tag = mac.compute_unpadded(body).into();
        }
    }

    /// Decrypts in place and gives what is after the tag; on failure nothing is changed.
    pub fn open<'a>(&self, nonce: Nonce, buffer: &'a mut [u8]) -> Result<&'a mut [u8], Unopened> {
        let (tag, body) = buffer.split_first_chunk_mut::<TAG>().ok_or(Unopened)?;
        let (mac, mut cipher) = self.start(nonce);
        let expected: [u8; TAG] = mac.compute_unpadded(body).into();
        if !bool::from(expected.ct_eq(tag)) {
            return Err(Unopened);
        }
        cipher.apply_keystream(body);
        Ok(body)
    }

    /// The first 32 bytes of the stream key the tag, the rest encrypts.
    fn start(&self, nonce: Nonce) -> (Poly1305, XSalsa20) {
        let mut cipher = XSalsa20::new((&*self.0).into(), &nonce.0.into());
        let mut mac_key = Zeroizing::new([0; 32]);
        cipher.apply_keystream(&mut *mac_key);
        let mac_key: &[u8; 32] = &mac_key;
        (Poly1305::new(mac_key.into()), cipher)
    }
}

impl fmt::Debug for BoxKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxKey")
    }
}
