//! Messages and notifications on their way to the recipient: encrypted with the queue's secret,
//! so that what a sender put in and what a recipient takes out look unrelated on the network.
//!
//! A [`Delivery`] is encrypted inside the block in which it leaves.

use super::{BoxKey, Nonce, Unopened};
use crate::wire::{
    Message, NotificationMeta, PADDED_MESSAGE, PADDED_NOTIFICATION, Short, TAG, Writer, unpad,
};

/// The `MSG` that delivers one message.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// The queue's.
    pub key: &'a BoxKey,
    /// The message's; it is the nonce too, so it must be unique in its queue.
    pub id: &'a [u8; 24],
    /// What is in it.
    pub message: Message<'a>,
}

impl Delivery<'_> {
    /// Writes the response.
    pub fn encode(&self, out: &mut Writer<'_>) {
        out.bytes(b"MSG ");
        out.short(Short::from(self.id));
        seal(self.key, Nonce(*self.id), PADDED_MESSAGE, out, |out| {
            out.put(&self.message);
        });
    }
}

/// Decrypts the body of a `MSG` in place.
pub fn open<'a>(key: &BoxKey, id: &[u8; 24], body: &'a mut [u8]) -> Result<Message<'a>, Unopened> {
    let padded = key.open(Nonce(*id), body)?;
    let message = unpad(padded).map_err(|_| Unopened)?;
    Message::parse(message).map_err(|_| Unopened)
}

/// Encrypts a notification's metadata.
pub fn seal_notification(
    key: &BoxKey,
    nonce: Nonce,
    meta: &NotificationMeta<'_>,
) -> Result<Vec<u8>, crate::wire::TooLarge> {
    let length = TAG + PADDED_NOTIFICATION;
    let mut sealed = Vec::with_capacity(length);
    crate::wire::write(&mut sealed, length, |out| {
        seal(key, nonce, PADDED_NOTIFICATION, out, |out| out.put(meta));
    })?;
    Ok(sealed)
}

/// Decrypts a notification's metadata in place.
pub fn open_notification<'a>(
    key: &BoxKey,
    nonce: Nonce,
    meta: &'a mut [u8],
) -> Result<NotificationMeta<'a>, Unopened> {
    let padded = key.open(nonce, meta)?;
    let meta = unpad(padded).map_err(|_| Unopened)?;
    NotificationMeta::parse(meta).map_err(|_| Unopened)
}

pub(super) fn seal(
    key: &BoxKey,
    nonce: Nonce,
    padded: usize,
    out: &mut Writer<'_>,
    plain: impl FnOnce(&mut Writer<'_>),
) {
    out.then(
        |out| {
            out.bytes(&[0; TAG]);
            out.padded(padded, plain);
        },
        |sealed| key.seal(nonce, sealed),
    );
}
