//! Block encryption (v11): a chain of keys for each direction, moved on with every block, so
//! that a key that leaks opens nothing older.
//!
//! ```text
//! ck_s2c || ck_c2s     = HKDF-SHA512(salt = sessionId, ikm = secret, "SimpleXSbChainInit", 64)
//! ck' || key || nonce  = HKDF-SHA512(salt = "",        ikm = ck,     "SimpleXSbChain",     88)
//! ```

use std::fmt;

use hkdf::Hkdf;
use sha2::Sha512;
use zeroize::Zeroizing;

use super::{BoxKey, Nonce, Unopened};

/// The chain of one direction. Blocks must be sealed in the order in which they leave.
pub struct Chain(Zeroizing<[u8; 32]>);

/// Both directions of a connection.
#[derive(Debug)]
pub struct Chains {
    /// From server to client.
    pub to_client: Chain,
    /// From client to server.
    pub to_server: Chain,
}

impl Chains {
    /// From the secret of both session keys.
    pub fn new(session_id: &[u8], secret: &[u8; 32]) -> Self {
        let okm = hkdf::<64>(Some(session_id), secret, b"SimpleXSbChainInit");
        let (to_client, to_server) = okm.split_at(32);
        Self {
            to_client: Chain(Zeroizing::new(take(to_client))),
            to_server: Chain(Zeroizing::new(take(to_server))),
        }
    }
}

impl Chain {
    /// Encrypts a block whose first 16 bytes are free for the tag.
    pub fn seal(&mut self, block: &mut [u8]) {
        let (key, nonce) = self.next();
        key.seal(nonce, block);
    }

    /// Decrypts a block in place. The chain moves on even if that fails.
    pub fn open<'a>(&mut self, block: &'a mut [u8]) -> Result<&'a mut [u8], Unopened> {
        let (key, nonce) = self.next();
        key.open(nonce, block)
    }

    fn next(&mut self) -> (BoxKey, Nonce) {
        let okm = hkdf::<88>(None, &*self.0, b"SimpleXSbChain");
        let (chain, rest) = okm.split_at(32);
        let (key, nonce) = rest.split_at(32);
        *self.0 = take(chain);
        (BoxKey::new(&Zeroizing::new(take(key))), Nonce(take(nonce)))
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chain")
    }
}

pub(super) fn hkdf<const N: usize>(
    salt: Option<&[u8]>,
    secret: &[u8],
    info: &[u8],
) -> Zeroizing<[u8; N]> {
    const { assert!(N <= 255 * 64, "more than HKDF-SHA512 gives") }
    let mut okm = Zeroizing::new([0; N]);
    // Cannot fail: the only error is the length ruled out above.
    let _ = Hkdf::<Sha512>::new(salt, secret).expand(info, &mut *okm);
    okm
}

/// Callers split constants: the length is always right.
pub(super) fn take<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(bytes);
    array
}
