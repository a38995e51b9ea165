//! Links, from the client's side: the server keeps ids and data that it cannot read.
//!
//! ```text
//! contact     linkId(24) || key(32) = HKDF-SHA512("", linkKey, "SimpleXContactLink", 56)
//! invitation  key(32)               = HKDF-SHA512("", linkKey, "SimpleXInvLink", 32)
//! data        nonce(24) || box(key, nonce, pad(plain, n))     n = 2008 fixed, 13784 user
//! ```

use rand::CryptoRng;

use super::chain::{hkdf, take};
use super::{BoxKey, Nonce, Unopened};
use crate::wire::{TAG, TooLarge, unpad, write};

/// The fixed data of today's apps before encryption, padded.
pub const PADDED_FIXED: usize = 2008;
/// The user data of today's apps before encryption, padded.
pub const PADDED_USER: usize = 13784;

const NONCE: usize = 24;

/// The id and the data key of a contact link.
pub fn contact(link_key: &[u8; 32]) -> ([u8; 24], BoxKey) {
    let okm = hkdf::<56>(None, link_key, b"SimpleXContactLink");
    let (id, key) = okm.split_at(24);
    (take(id), BoxKey::new(&take(key)))
}

/// The data key of a one-time invitation; the server makes the id.
pub fn invitation(link_key: &[u8; 32]) -> BoxKey {
    BoxKey::new(&hkdf(None, link_key, b"SimpleXInvLink"))
}

/// Encrypts one of a link's two data.
pub fn seal(
    rng: &mut impl CryptoRng,
    key: &BoxKey,
    padded: usize,
    plain: &[u8],
) -> Result<Vec<u8>, TooLarge> {
    let mut nonce = Nonce([0; NONCE]);
    rng.fill_bytes(&mut nonce.0);
    let mut data = Vec::with_capacity(NONCE + TAG + padded);
    write(&mut data, NONCE + TAG + padded, |out| {
        out.bytes(&nonce.0);
        out.then(
            |out| {
                out.bytes(&[0; TAG]);
                out.padded(padded, |out| out.bytes(plain));
            },
            |sealed| key.seal(nonce, sealed),
        );
    })?;
    Ok(data)
}

/// Decrypts one of a link's two data.
pub fn open<'a>(key: &BoxKey, data: &'a mut [u8]) -> Result<&'a [u8], Unopened> {
    let (nonce, sealed) = data.split_first_chunk_mut::<NONCE>().ok_or(Unopened)?;
    let padded = key.open(Nonce(*nonce), sealed)?;
    unpad(padded).map_err(|_| Unopened)
}
