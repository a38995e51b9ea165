//! Blocks: everything on a connection travels in 16384 bytes, filled up and never less.
//!
//! ```text
//! plain     = pad(content, 16384)
//! encrypted = tag(16) || xsalsa20(pad(content, 16368))
//! content   = count(1) || count x ( word16 length || transmission )
//! ```
//!
//! A [`Batch`] is read in place. A [`BatchWriter`] builds a block where it will leave from: for
//! an encrypted one the content starts 16 bytes later, so that sealing moves nothing.

use std::fmt;

use super::write::write;
use super::{Malformed, Reader, TooLarge, Writer};

/// The bytes of a block.
pub const BLOCK: usize = 16384;
/// The bytes of a Poly1305 tag.
pub const TAG: usize = 16;
/// What fills a padded message; readers do not look at it.
pub const FILLER: u8 = b'#';

/// The longest content a sender makes. The tag is always reserved, encrypted or not.
const MAX_CONTENT: usize = BLOCK - TAG - 2;

/// How the blocks of one direction are protected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Framing {
    /// TLS alone protects them.
    Plain,
    /// They are encrypted once more, with a tag in front.
    Sealed,
}

impl Framing {
    /// Where the padded content starts.
    pub fn offset(self) -> usize {
        match self {
            Self::Plain => 0,
            Self::Sealed => TAG,
        }
    }
}

/// The message inside a padded one.
pub fn unpad(padded: &[u8]) -> Result<&[u8], Malformed> {
    Reader::new(padded).large()
}

/// Appends `pad(message, length)` to `buffer`.
pub fn pad(
    buffer: &mut Vec<u8>,
    length: usize,
    message: impl FnOnce(&mut Writer<'_>),
) -> Result<(), TooLarge> {
    let limit = buffer.len().saturating_add(length);
    write(buffer, limit, |out| out.padded(length, message))
}

/// A handshake message in a block of its own.
pub fn handshake_block(message: &impl super::Encode) -> Result<Vec<u8>, TooLarge> {
    let mut block = Vec::with_capacity(BLOCK);
    pad(&mut block, BLOCK, |out| out.put(message))?;
    Ok(block)
}

/// The transmissions of a block, checked to fill its content exactly.
#[derive(Clone, Debug)]
pub struct Batch<'a> {
    left: u8,
    reader: Reader<'a>,
}

impl<'a> Batch<'a> {
    /// Splits a block's content.
    pub fn split(content: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(content);
        let batch = match reader.byte()? {
            0 => return Err(Malformed),
            left => Self { left, reader },
        };
        for _ in 0..batch.left {
            reader.large()?;
        }
        reader.end()?;
        Ok(batch)
    }

    /// The only transmission, where only one is allowed.
    pub fn single(mut self) -> Option<&'a [u8]> {
        self.next().filter(|_| self.left == 0)
    }
}

impl<'a> Iterator for Batch<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.left = self.left.checked_sub(1)?;
        self.reader.large().ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left.into(), Some(self.left.into()))
    }
}

impl ExactSizeIterator for Batch<'_> {}

/// A block being filled.
pub struct BatchWriter {
    buffer: Vec<u8>,
    framing: Framing,
    count: u8,
}

impl BatchWriter {
    /// An empty block.
    pub fn new(framing: Framing) -> Self {
        Self::reuse(Vec::with_capacity(BLOCK), framing)
    }

    /// An empty block in the memory of an old one.
    pub fn reuse(mut buffer: Vec<u8>, framing: Framing) -> Self {
        buffer.clear();
        buffer.resize(framing.offset() + 3, 0);
        Self {
            buffer,
            framing,
            count: 0,
        }
    }

    /// Adds the transmission that `encode` writes, or leaves the block as it was.
    pub fn push(&mut self, encode: impl FnOnce(&mut Writer<'_>)) -> Result<(), TooLarge> {
        let count = self.count.checked_add(1).ok_or(TooLarge)?;
        // The count byte is part of the content.
        let limit = self.framing.offset() + 2 + MAX_CONTENT;
        write(&mut self.buffer, limit, |out| out.large_with(encode))?;
        self.count = count;
        Ok(())
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many transmissions are in it.
    pub fn count(&self) -> u8 {
        self.count
    }

    /// Its content, unpadded: what private routing encrypts by itself.
    pub fn content(&mut self) -> &[u8] {
        let start = self.framing.offset() + 2;
        if let Some(count) = self.buffer.get_mut(start) {
            *count = self.count;
        }
        self.buffer.get(start..).unwrap_or_default()
    }

    /// The block: 16384 bytes. Of a sealed one the first 16 are still zero and the rest is still
    /// plain text.
    pub fn finish(mut self) -> Vec<u8> {
        let length = u16::try_from(self.content().len()).unwrap_or(0);
        let start = self.framing.offset();
        if let Some(slot) = self.buffer.get_mut(start..start + 2) {
            slot.copy_from_slice(&length.to_be_bytes());
        }
        self.buffer.resize(BLOCK, FILLER);
        self.buffer
    }
}

impl fmt::Debug for BatchWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BatchWriter({} transmissions)", self.count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_batch_is_as_long_as_it_says() {
        for bad in [
            &b""[..],
            b"\0",
            b"\x01",
            b"\x01\0\x02a",
            b"\x01\0\x01ab",
            b"\x02\0\x01a",
        ] {
            assert_eq!(Batch::split(bad).err(), Some(Malformed), "{bad:?}");
        }
        let two: Vec<_> = Batch::split(b"\x02\0\x01a\0\0").unwrap().collect();
        assert_eq!(two, [&b"a"[..], b""]);
        assert_eq!(
            Batch::split(b"\x01\0\x01a").unwrap().single(),
            Some(&b"a"[..])
        );
        assert_eq!(Batch::split(b"\x02\0\0\0\0").unwrap().single(), None);
    }

    #[test]
    fn a_single_transmission_is_at_most_16363_bytes() {
        for framing in [Framing::Plain, Framing::Sealed] {
            let mut block = BatchWriter::new(framing);
            assert_eq!(block.push(|out| out.bytes(&[0; 16364])), Err(TooLarge));
            assert!(block.is_empty());
            block.push(|out| out.bytes(&[0; 16363])).unwrap();
            assert_eq!(block.push(|_| ()), Err(TooLarge));
            let block = block.finish();
            assert_eq!((block.len(), block.capacity()), (BLOCK, BLOCK));
        }
    }

    #[test]
    fn at_most_255_transmissions_fit() {
        let mut block = BatchWriter::new(Framing::Plain);
        while block.push(|out| out.byte(0)).is_ok() {}
        assert_eq!(block.count(), 255);
    }

    proptest! {
        #[test]
        fn what_is_batched_is_split(
            parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 1..200),
            sealed: bool,
        ) {
            let framing = if sealed { Framing::Sealed } else { Framing::Plain };
            let mut block = BatchWriter::new(framing);
            for part in &parts {
                block.push(|out| out.bytes(part)).unwrap();
            }
            let block = block.finish();
            let content = unpad(&block[framing.offset()..]).unwrap();
            prop_assert!(Batch::split(content).unwrap().eq(parts.iter().map(Vec::as_slice)));
        }
    }
}
