//! Byte strings of at most 255 bytes: ids, correlation ids, passwords, keys.

use std::fmt;

use super::Malformed;

/// A borrowed byte string with one length byte on the wire.
///
/// It does not print its bytes: most of them are ids that belong in no log.
#[derive(Clone, Copy, Default, Eq, Hash, PartialEq)]
pub struct Short<'a>(&'a [u8]);

impl<'a> Short<'a> {
    /// No bytes.
    pub const EMPTY: Self = Self(&[]);

    /// The first 255 bytes of `bytes`.
    pub fn cut(bytes: &'a [u8]) -> Self {
        Self(bytes.get(..0xff).unwrap_or(bytes))
    }

    /// The bytes.
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn length(self) -> u8 {
        u8::try_from(self.0.len()).unwrap_or(u8::MAX)
    }
}

impl<'a> TryFrom<&'a [u8]> for Short<'a> {
    type Error = Malformed;

    fn try_from(bytes: &'a [u8]) -> Result<Self, Malformed> {
        if bytes.len() > 0xff {
            return Err(Malformed);
        }
        Ok(Self(bytes))
    }
}

impl<'a> From<&'a [u8; 16]> for Short<'a> {
    fn from(bytes: &'a [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl<'a> From<&'a [u8; 24]> for Short<'a> {
    fn from(bytes: &'a [u8; 24]) -> Self {
        Self(bytes)
    }
}

impl<'a> From<&'a [u8; 32]> for Short<'a> {
    fn from(bytes: &'a [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Short({} bytes)", self.0.len())
    }
}
