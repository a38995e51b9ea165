//! The cryptography of the protocol: identities, blinding, signatures, sealed requests.
//!
//! Pure and synchronous: keys, bytes and a random generator come in as arguments. Secrets are
//! zeroized when dropped and never printed. Everything a peer can influence answers with `None` or
//! `false`, never with a panic.

mod blinding;
mod legacy_token;
mod point;
mod sealed;
mod server_key;
mod session_id;

#[cfg(any(test, feature = "client"))]
pub mod client;

pub use self::blinding::Blinding;
pub use self::legacy_token::{Challenge, LegacyToken};
pub use self::point::{VerifyKey, author_signed, session_id_of_ed25519, verify};
pub use self::sealed::{Encryption, SealKey};
pub use self::server_key::{BotKey, ServerKey};
pub use self::session_id::{IdKind, NotASessionId, SessionId};

use blake2::{Blake2b256, Blake2b512, Digest};

/// BLAKE2b with 64 bytes of output over all parts.
pub fn blake2b_64(parts: &[&[u8]]) -> [u8; 64] {
    let mut hash = Blake2b512::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// BLAKE2b with 32 bytes of output over all parts.
pub fn blake2b_32(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Blake2b256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}
