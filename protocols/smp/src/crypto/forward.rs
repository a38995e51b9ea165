//! The layers of private routing, for the relay, the proxy and the client.
//!
//! ```text
//! inner  box(client's secret, corrId of PFWD, pad(block content, 16226))       16242 bytes
//! outer  box(proxy's secret, corrId of RFWD, short corrId || version || key || inner)
//! ```
//!
//! Answers come back through the same two keys with the nonces reversed; the outer layer then
//! holds `short corrId || inner`, and neither outer layer is padded.

use std::fmt;

use super::{BoxKey, Nonce, Unopened, message};
use crate::wire::{
    DhKey, Encode, PADDED_FORWARDED, Reader, Short, TAG, TooLarge, Version, Writer, unpad, write,
};

/// What a proxy tells a relay beside the encrypted command.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Forwarded<'a> {
    /// Of the `PFWD`, and of the command inside.
    pub corr_id: Short<'a>,
    /// Of the command inside.
    pub version: Version,
    /// The client's half of the inner secret.
    pub key: DhKey,
    /// The inner layer.
    pub inner: &'a [u8],
}

impl<'a> Forwarded<'a> {
    /// Parses an opened outer layer.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, crate::wire::Malformed> {
        let mut reader = Reader::new(bytes);
        Ok(Self {
            corr_id: reader.short()?,
            version: Version(reader.word16()?),
            key: DhKey::try_from(crate::wire::PublicKey::from_spki(
                reader.short()?.as_bytes(),
            )?)?,
            inner: reader.tail(),
        })
    }
}

impl Encode for Forwarded<'_> {
    fn encode(&self, out: &mut Writer<'_>) {
        out.short(self.corr_id);
        out.put(&self.version);
        out.put(&self.key);
        out.bytes(self.inner);
    }
}

/// Encrypts a block's content for the other end of the route.
pub fn seal_inner(key: &BoxKey, nonce: Nonce, content: &[u8]) -> Result<Vec<u8>, TooLarge> {
    let length = TAG + PADDED_FORWARDED;
    let mut sealed = Vec::with_capacity(length);
    write(&mut sealed, length, |out| {
        seal_inner_to(out, key, nonce, |out| out.bytes(content));
    })?;
    Ok(sealed)
}

/// The same where the bytes leave from.
pub fn seal_inner_to(
    out: &mut Writer<'_>,
    key: &BoxKey,
    nonce: Nonce,
    content: impl FnOnce(&mut Writer<'_>),
) {
    message::seal(key, nonce, PADDED_FORWARDED, out, content);
}

/// Decrypts a block's content from the other end of the route, in place.
pub fn open_inner<'a>(
    key: &BoxKey,
    nonce: Nonce,
    inner: &'a mut [u8],
) -> Result<&'a [u8], Unopened> {
    let padded = key.open(nonce, inner)?;
    unpad(padded).map_err(|_| Unopened)
}

/// Encrypts the outer layer, which has no padding of its own.
pub fn seal_outer(
    key: &BoxKey,
    nonce: Nonce,
    plain: impl FnOnce(&mut Writer<'_>),
) -> Result<Vec<u8>, TooLarge> {
    let mut sealed = Vec::with_capacity(crate::wire::BLOCK);
    write(&mut sealed, crate::wire::BLOCK, |out| {
        seal_outer_to(out, key, nonce, plain);
    })?;
    Ok(sealed)
}

/// The same where the bytes leave from.
pub fn seal_outer_to(
    out: &mut Writer<'_>,
    key: &BoxKey,
    nonce: Nonce,
    plain: impl FnOnce(&mut Writer<'_>),
) {
    out.then(
        |out| {
            out.bytes(&[0; TAG]);
            plain(out);
        },
        |sealed| key.seal(nonce, sealed),
    );
}

impl fmt::Debug for Forwarded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Forwarded({} bytes)", self.inner.len())
    }
}
