//! The client's Finished message: the session id.
//!
//! rustls computes it through two traits that a provider supplies: `Hkdf::hmac_sign` in TLS 1.3,
//! which a full handshake calls for the server's Finished and then for the client's, and
//! `Prf::for_secret` in TLS 1.2, with a label that says whose it is. Ours note what they return.
//!
//! They are not told for which connection. But both are called synchronously while a handshake is
//! polled, so a place of this thread's, open during one poll only, ties them to their connection:
//! [`Noting`] opens it.
//!
//! This depends on how rustls works inside. Anything but exactly one Finished of each side (a
//! resumed session computes a binder too) is refused, and tests hold the result against OpenSSL's.

use std::cell::RefCell;
use std::fmt;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use rustls::Error;
use rustls::crypto::ActiveKeyExchange;
use rustls::crypto::hmac::Tag;
use rustls::crypto::tls12::Prf;
use rustls::crypto::tls13::{Hkdf, HkdfExpander, OkmBlock};

use super::HandshakeError;

const TLS13_LEN: usize = 32;
const TLS12_LEN: usize = 12;

/// What both sides of a connection know it by: the client's Finished message (`tls-unique`),
/// 32 bytes in TLS 1.3, 12 in TLS 1.2.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct SessionId {
    bytes: [u8; TLS13_LEN],
    length: usize,
}

impl Deref for SessionId {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({} bytes)", self.length)
    }
}

impl SessionId {
    fn new(verify_data: &[u8]) -> Option<Self> {
        let mut bytes = [0; TLS13_LEN];
        bytes
            .get_mut(..verify_data.len())?
            .copy_from_slice(verify_data);
        Some(Self {
            bytes,
            length: verify_data.len(),
        })
    }
}

/// What was seen of Finished messages during one handshake.
#[derive(Debug, Default)]
pub(super) struct Seen {
    tls13: u32,
    tls12_client: u32,
    tls12_server: u32,
    /// The last one in TLS 1.3; the client's in TLS 1.2.
    last: Option<SessionId>,
}

impl Seen {
    /// The session id, if this was one full handshake.
    pub(super) fn session_id(&self) -> Result<SessionId, HandshakeError> {
        match (self.tls13, self.tls12_client, self.tls12_server) {
            (2, 0, 0) | (0, 1, 1) => self.last.ok_or(HandshakeError::NoSessionId),
            _ => Err(HandshakeError::NoSessionId),
        }
    }

    fn note_tls13(&mut self, tag: &[u8]) {
        self.tls13 = self.tls13.saturating_add(1);
        self.last = SessionId::new(tag).filter(|id| id.length == TLS13_LEN);
    }

    fn note_tls12(&mut self, label: &[u8], output: &[u8]) {
        match label {
            b"client finished" => {
                self.tls12_client = self.tls12_client.saturating_add(1);
                self.last = SessionId::new(output).filter(|id| id.length == TLS12_LEN);
            }
            b"server finished" => self.tls12_server = self.tls12_server.saturating_add(1),
            _ => {}
        }
    }
}

thread_local! {
    static OPEN: RefCell<Option<Seen>> = const { RefCell::new(None) };
}

fn note(what: impl FnOnce(&mut Seen)) {
    OPEN.with_borrow_mut(|open| {
        if let Some(seen) = open {
            what(seen);
        }
    });
}

/// Closes this thread's place again, also when the handshake panics: the next connection polled
/// on this thread must not find it open.
struct Open<'a>(&'a mut Seen);

impl<'a> Open<'a> {
    fn new(seen: &'a mut Seen) -> Self {
        OPEN.set(Some(std::mem::take(seen)));
        Self(seen)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        *self.0 = OPEN.take().unwrap_or_default();
    }
}

/// Runs a part of a handshake and notes the Finished messages computed in it.
pub(super) fn noting<R>(seen: &mut Seen, part: impl FnOnce() -> R) -> R {
    let _open = Open::new(seen);
    part()
}

/// A handshake of which the Finished messages are noted.
#[derive(Debug)]
pub(super) struct Noting<F> {
    handshake: F,
    seen: Seen,
}

impl<F> Noting<F> {
    /// `seen` is what was noted before the first poll.
    pub(super) fn new(handshake: F, seen: Seen) -> Self {
        Self { handshake, seen }
    }
}

impl<F: Future + Unpin> Future for Noting<F> {
    type Output = (F::Output, Seen);

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { handshake, seen } = self.get_mut();
        let output = noting(seen, || Pin::new(handshake).poll(context));
        output.map(|output| (output, std::mem::take(seen)))
    }
}

/// Key derivation of TLS 1.3 that notes Finished messages.
pub(super) struct NotingHkdf(pub(super) &'static dyn Hkdf);

impl Hkdf for NotingHkdf {
    fn extract_from_zero_ikm(&self, salt: Option<&[u8]>) -> Box<dyn HkdfExpander> {
        self.0.extract_from_zero_ikm(salt)
    }

    fn extract_from_secret(&self, salt: Option<&[u8]>, secret: &[u8]) -> Box<dyn HkdfExpander> {
        self.0.extract_from_secret(salt, secret)
    }

    fn extract_from_kx_shared_secret(
        &self,
        salt: Option<&[u8]>,
        exchange: Box<dyn ActiveKeyExchange>,
        peer: &[u8],
    ) -> Result<Box<dyn HkdfExpander>, Error> {
        self.0.extract_from_kx_shared_secret(salt, exchange, peer)
    }

    fn expander_for_okm(&self, okm: &OkmBlock) -> Box<dyn HkdfExpander> {
        self.0.expander_for_okm(okm)
    }

    fn hmac_sign(&self, key: &OkmBlock, message: &[u8]) -> Tag {
        let tag = self.0.hmac_sign(key, message);
        note(|seen| seen.note_tls13(tag.as_ref()));
        tag
    }
}

/// Key derivation of TLS 1.2 that notes Finished messages.
pub(super) struct NotingPrf(pub(super) &'static dyn Prf);

impl Prf for NotingPrf {
    fn for_key_exchange(
        &self,
        output: &mut [u8; 48],
        exchange: Box<dyn ActiveKeyExchange>,
        peer: &[u8],
        label: &[u8],
        seed: &[u8],
    ) -> Result<(), Error> {
        self.0.for_key_exchange(output, exchange, peer, label, seed)
    }

    fn for_secret(&self, output: &mut [u8], secret: &[u8], label: &[u8], seed: &[u8]) {
        self.0.for_secret(output, secret, label, seed);
        note(|seen| seen.note_tls12(label, output));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(parts: &[&[u8]]) -> Option<Vec<u8>> {
        let mut seen = Seen::default();
        for part in parts {
            match part.len() {
                TLS13_LEN => seen.note_tls13(part),
                _ => seen.note_tls12(part, &[part[0]; TLS12_LEN]),
            }
        }
        seen.session_id().ok().map(|id| id.to_vec())
    }

    #[test]
    fn one_full_handshake_has_an_id_and_nothing_else_has() {
        let (server, client) = (&[1; TLS13_LEN][..], &[2; TLS13_LEN][..]);
        assert_eq!(seen(&[server, client]), Some(client.to_vec()));
        for other in [&[][..], &[server], &[server, client, client]] {
            assert_eq!(seen(other), None);
        }
        let (server, client) = (&b"server finished"[..], &b"client finished"[..]);
        let id = Some(vec![b'c'; TLS12_LEN]);
        assert_eq!(seen(&[client, server]), id);
        assert_eq!(seen(&[server, client]), id);
        for other in [&[client][..], &[server], &[client, client, server]] {
            assert_eq!(seen(other), None);
        }
        assert_eq!(seen(&[client, server, &[1; TLS13_LEN]]), None);
    }

    #[test]
    fn only_what_happens_inside_is_noted() {
        let mut first = Seen::default();
        note(|seen| seen.note_tls13(&[0; TLS13_LEN]));
        noting(&mut first, || note(|seen| seen.note_tls13(&[1; TLS13_LEN])));
        note(|seen| seen.note_tls13(&[0; TLS13_LEN]));
        noting(&mut first, || note(|seen| seen.note_tls13(&[2; TLS13_LEN])));
        assert_eq!(first.session_id().unwrap()[..], [2; TLS13_LEN]);
    }

    #[test]
    fn a_panic_leaves_nothing_open() {
        let mut seen = Seen::default();
        let panicking = std::panic::AssertUnwindSafe(|| noting(&mut seen, || panic!("a bug")));
        assert!(std::panic::catch_unwind(panicking).is_err());
        assert!(OPEN.take().is_none());
    }
}
