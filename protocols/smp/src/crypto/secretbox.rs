//! XSalsa20-Poly1305 as the protocol uses it: the tag in front of the cipher text, and the key
//! always put through HSalsa20 first, even where it is no shared secret but already a key.

use std::fmt;

use poly1305::Poly1305;
use poly1305::universal_hash::KeyInit;
use salsa20::cipher::consts::U10;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::salsa::KeyStream;
use crate::wire::TAG;

/// The box was not made with this key and nonce.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("cannot be decrypted")]
pub struct Unopened;

/// The 24 bytes that make one key good for many boxes.
#[derive(Clone, Copy, Eq, PartialEq)]
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
        if let Some((slot, body)) = buffer.split_first_chunk_mut::<TAG>() {
            let stream = KeyStream::new(&self.0, &nonce.0);
            stream.apply(body);
            *slot = tag(&stream, body);
        }
    }

    /// Decrypts in place and gives what is after the tag; on failure nothing is changed.
    pub fn open<'a>(&self, nonce: Nonce, buffer: &'a mut [u8]) -> Result<&'a mut [u8], Unopened> {
        let (given, body) = buffer.split_first_chunk_mut::<TAG>().ok_or(Unopened)?;
        let stream = KeyStream::new(&self.0, &nonce.0);
        if !bool::from(tag(&stream, body).ct_eq(given)) {
            return Err(Unopened);
        }
        stream.apply(body);
        Ok(body)
    }
}

fn tag(stream: &KeyStream, body: &[u8]) -> [u8; TAG] {
    Poly1305::new(stream.mac_key().into())
        .compute_unpadded(body)
        .into()
}

impl fmt::Debug for BoxKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxKey")
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce")
    }
}
