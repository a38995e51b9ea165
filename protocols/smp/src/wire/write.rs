//! Writing the protocol's primitive encodings straight into the block that will leave.
//!
//! A [`Writer`] never grows its buffer past the limit it was given: what does not fit is
//! remembered and reported once, at the end, so that encoders need not check each field.

use std::fmt;

use super::Short;

/// What was to be written does not fit where it was to go.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("does not fit")]
pub struct TooLarge;

/// Anything that can stand on the wire.
pub trait Encode {
    /// Writes it.
    fn encode(&self, out: &mut Writer<'_>);

    /// Its bytes in a buffer of their own; for tests and for what is made once.
    fn to_bytes(&self) -> Result<Vec<u8>, TooLarge> {
        let mut bytes = Vec::new();
        write(&mut bytes, usize::MAX, |out| self.encode(out))?;
        Ok(bytes)
    }
}

/// Lets `encode` append to `buffer` up to a length of `limit`. On failure the buffer is as it was.
pub fn write(
    buffer: &mut Vec<u8>,
    limit: usize,
    encode: impl FnOnce(&mut Writer<'_>),
) -> Result<(), TooLarge> {
    let start = buffer.len();
    let mut out = Writer {
        buffer,
        limit,
        failed: false,
    };
    encode(&mut out);
    if out.failed {
        buffer.truncate(start);
        return Err(TooLarge);
    }
    Ok(())
}

/// The end of a buffer under construction; made by [`write()`].
pub struct Writer<'b> {
    buffer: &'b mut Vec<u8>,
    limit: usize,
    failed: bool,
}

impl Writer<'_> {
    /// These bytes, as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        if self.failed || bytes.len() > self.limit.saturating_sub(self.buffer.len()) {
            self.failed = true;
        } else {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// One byte.
    pub fn byte(&mut self, byte: u8) {
        self.bytes(&[byte]);
    }

    /// `T` or `F`.
    pub fn bool(&mut self, value: bool) {
        self.byte(if value { b'T' } else { b'F' });
    }

    /// Two bytes, big endian.
    pub fn word16(&mut self, value: u16) {
        self.bytes(&value.to_be_bytes());
    }

    /// Eight bytes, big endian, two's complement.
    pub fn int64(&mut self, value: i64) {
        self.bytes(&value.to_be_bytes());
    }

    /// A string with one length byte.
    pub fn short(&mut self, value: Short<'_>) {
        self.byte(value.length());
        self.bytes(value.as_bytes());
    }

    /// A string with two length bytes.
    pub fn large(&mut self, value: &[u8]) {
        self.large_with(|out| out.bytes(value));
    }

    /// A string with two length bytes, written by `encode`.
    pub fn large_with(&mut self, encode: impl FnOnce(&mut Self)) {
        let start = self.buffer.len();
        self.word16(0);
        encode(self);
        let Some(slot) = self.buffer.get_mut(start..) else {
            return;
        };
        match (slot.len().checked_sub(2), slot.first_chunk_mut()) {
            (Some(length), Some(prefix)) => match u16::try_from(length) {
                Ok(length) => *prefix = length.to_be_bytes(),
                Err(_) => self.failed = true,
            },
            _ => self.failed = true,
        }
    }

    /// `0`, or `1` and a value.
    pub fn maybe<T>(&mut self, value: Option<T>, encode: impl FnOnce(&mut Self, T)) {
        match value {
            None => self.byte(b'0'),
            Some(value) => {
                self.byte(b'1');
                encode(self, value);
            }
        }
    }

    /// A count byte and the values; none or more than 255 cannot be written.
    pub fn non_empty<T>(&mut self, values: &[T], mut encode: impl FnMut(&mut Self, &T)) {
        match u8::try_from(values.len()) {
            Ok(count @ 1..) => self.byte(count),
            _ => self.failed = true,
        }
        for value in values {
            encode(self, value);
        }
    }

    /// Something with its own encoding.
    pub fn put(&mut self, value: &impl Encode) {
        value.encode(self);
    }

    /// Writes with `encode`, then hands what was written to `seal` to change in place.
    pub fn then(&mut self, encode: impl FnOnce(&mut Self), seal: impl FnOnce(&mut [u8])) {
        let start = self.buffer.len();
        encode(self);
        match self.buffer.get_mut(start..) {
            Some(written) if !self.failed => seal(written),
            _ => self.failed = true,
        }
    }

    /// [`pad`](super::pad)s what `encode` writes to `length` bytes.
    pub fn padded(&mut self, length: usize, encode: impl FnOnce(&mut Self)) {
        let start = self.buffer.len();
        self.large_with(encode);
        let end = start.saturating_add(length);
        if self.buffer.len() > end || end > self.limit {
            self.failed = true;
        }
        if !self.failed {
            self.buffer.resize(end, super::FILLER);
        }
    }
}

impl fmt::Debug for Writer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Writer({} bytes)", self.buffer.len())
    }
}
