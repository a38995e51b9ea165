//! The protocol's own cryptography, below the commands and above TLS.
//!
//! Pure and synchronous like [`wire`](crate::wire): whoever needs a key or a nonce passes a
//! generator in. Secrets are wiped when dropped, never printed, and compared in constant time;
//! encryption happens where the bytes lie, with the tag in front.
//!
//! - [`BoxKey`]: XSalsa20-Poly1305 as the protocol keys it, for everything that is encrypted.
//! - [`SecretKey`]: X25519 key agreement.
//! - [`Verifier`]: whether a command is authorized, in the same time whether or not there is
//!   anything to check against.
//! - [`X448`]: the other key agreement, of TLS.
//! - [`Chain`]: the moving keys of encrypted blocks.
//! - [`message`]: messages and notifications; [`forward`]: the layers of private routing;
//!   [`link`]: what a link's data is encrypted with.

mod authorize;
mod chain;
mod claims;
mod dh;
pub mod forward;
mod hash;
pub mod link;
pub mod message;
mod salsa;
mod secretbox;
mod sign;
mod x448;

#[cfg(test)]
mod tests;

pub use authorize::{Verifier, authenticator, authenticator_for};
pub use chain::{Chain, Chains};
pub use claims::Claim;
pub use dh::SecretKey;
pub use hash::{fingerprint, ids_digest, sender_id};
pub use secretbox::{BoxKey, Nonce, Unopened};
pub use sign::{Crrl, Ed448Verifier, OwnedSignature, SigningKey, verify_certificate_signature};
pub use x448::{X448, X448_LEN};
