//! Reading the protocol's primitive encodings: a cursor that borrows from the block it reads,
//! never copies, never panics, and never reads past the end.

use std::fmt;

use super::Short;

/// The bytes do not follow the grammar. It says no more: what was wrong is the peer's business,
/// and the bytes belong in no log.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("malformed")]
pub struct Malformed;

/// A cursor over received bytes.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Runs `parse` over all of `bytes`; what it leaves over is an error.
    pub fn all<T>(
        bytes: &'a [u8],
        parse: impl FnOnce(&mut Self) -> Result<T, Malformed>,
    ) -> Result<T, Malformed> {
        let mut reader = Self::new(bytes);
        let value = parse(&mut reader)?;
        reader.end()?;
        Ok(value)
    }

    /// What has not been read, without reading it.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Nothing may be left.
    pub fn end(&self) -> Result<(), Malformed> {
        self.rest.is_empty().then_some(()).ok_or(Malformed)
    }

    /// All that is left.
    pub fn tail(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// The next `n` bytes.
    pub fn bytes(&mut self, n: usize) -> Result<&'a [u8], Malformed> {
        let (head, rest) = self.rest.split_at_checked(n).ok_or(Malformed)?;
        self.rest = rest;
        Ok(head)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], Malformed> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(Malformed)?;
        self.rest = rest;
        Ok(head)
    }

    /// One byte.
    pub fn byte(&mut self) -> Result<u8, Malformed> {
        self.array().map(|&[byte]| byte)
    }

    /// Exactly this byte.
    pub fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        (self.byte()? == byte).then_some(()).ok_or(Malformed)
    }

    /// The space between a tag and its parameters.
    pub fn space(&mut self) -> Result<(), Malformed> {
        self.expect(b' ')
    }

    /// The bytes before the next space, or all if there is none; the space stays.
    pub fn word(&mut self) -> &'a [u8] {
        let end = self.rest.iter().position(|&byte| byte == b' ');
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        word
    }

    /// `T` or `F`.
    pub fn bool(&mut self) -> Result<bool, Malformed> {
        match self.byte()? {
            b'T' => Ok(true),
            b'F' => Ok(false),
            _ => Err(Malformed),
        }
    }

    /// Two bytes, big endian.
    pub fn word16(&mut self) -> Result<u16, Malformed> {
        self.array().copied().map(u16::from_be_bytes)
    }

    /// Eight bytes, big endian, two's complement.
    pub fn int64(&mut self) -> Result<i64, Malformed> {
        self.array().copied().map(i64::from_be_bytes)
    }

    /// A string with one length byte.
    pub fn short(&mut self) -> Result<Short<'a>, Malformed> {
        let length = self.byte()?;
        self.bytes(usize::from(length)).map(Short::cut)
    }

    /// A short string of exactly `N` bytes.
    pub fn short_array<const N: usize>(&mut self) -> Result<&'a [u8; N], Malformed> {
        self.short()?.as_bytes().try_into().map_err(|_| Malformed)
    }

    /// A string with two length bytes.
    pub fn large(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.word16()?;
        self.bytes(usize::from(length))
    }

    /// `0`, or `1` and a value.
    pub fn maybe<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Option<T>, Malformed> {
        match self.byte()? {
            b'0' => Ok(None),
            b'1' => parse(self).map(Some),
            _ => Err(Malformed),
        }
    }

    /// A value if it parses here; if not, nothing is read.
    pub fn optional<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<T, Malformed>,
    ) -> Option<T> {
        let mut ahead = *self;
        let value = parse(&mut ahead).ok()?;
        *self = ahead;
        Some(value)
    }

    /// A count byte and that many values, at least one.
    pub fn non_empty<T>(
        &mut self,
        mut parse: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        match self.byte()? {
            0 => Err(Malformed),
            count => (0..count).map(|_| parse(self)).collect(),
        }
    }
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reader({} bytes)", self.rest.len())
    }
}
