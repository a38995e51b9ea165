//! Session ids: one prefix byte and a 32-byte key, written as 66 lowercase hex digits.
//!
//! A [`SessionId`] is one that may be stored: `05` (ordinary), `15` (blinded for one server) or
//! `25` (blinded, second version). The `00` of request headers is a plain Ed25519 key, which
//! becomes a `05` id before anybody sees it. Upper case is accepted and never kept.

use std::fmt;
use std::str::FromStr;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Serialize, Serializer};

/// Set in the last byte of a compressed Edwards point whose x is negative.
const SIGN: u8 = 0x80;

/// An id that may be stored and shown.
#[derive(Clone, Copy, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[serde(try_from = "String")]
pub struct SessionId([u8; 33]);

/// What the prefix says about the key.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum IdKind {
    /// `05`: an X25519 key, the same on every server.
    Unblinded,
    /// `15`: an Ed25519 key that differs from server to server.
    Blinded15,
    /// `25`: the same with a factor per user.
    Blinded25,
}

/// Something that should have been a session id.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a session id: 66 hex digits beginning with 05, 15 or 25 are")]
pub struct NotASessionId;

impl IdKind {
    /// The prefix byte.
    pub const fn prefix(self) -> u8 {
        match self {
            Self::Unblinded => 0x05,
            Self::Blinded15 => 0x15,
            Self::Blinded25 => 0x25,
        }
    }

    const fn of_prefix(byte: u8) -> Option<Self> {
        match byte {
            0x05 => Some(Self::Unblinded),
            0x15 => Some(Self::Blinded15),
            0x25 => Some(Self::Blinded25),
            _ => None,
        }
    }
}

impl SessionId {
    /// From its parts.
    pub fn new(kind: IdKind, key: &[u8; 32]) -> Self {
        let mut bytes = [kind.prefix(); 33];
        bytes[1..].copy_from_slice(key);
        Self(bytes)
    }

    /// From prefix and key; `None` for a prefix that is never stored.
    pub fn from_bytes(bytes: [u8; 33]) -> Option<Self> {
        IdKind::of_prefix(bytes[0]).map(|_| Self(bytes))
    }

    /// Prefix and key.
    pub const fn as_bytes(&self) -> &[u8; 33] {
        &self.0
    }

    /// What kind of key it holds.
    pub fn kind(&self) -> IdKind {
        IdKind::of_prefix(self.0[0]).unwrap_or(IdKind::Unblinded)
    }

    /// The key without its prefix.
    pub fn key(&self) -> [u8; 32] {
        let mut key = [0; 32];
        key.copy_from_slice(&self.0[1..]);
        key
    }

    /// Whether requests of this id come from a blinded key.
    pub fn is_blinded(&self) -> bool {
        self.kind() != IdKind::Unblinded
    }

    /// The one of a `15` id and its negation that has no sign. A `05` id tells a server its user's
    /// blinded id up to that sign, so this is what pending users are filed under.
    #[must_use]
    pub const fn abs(mut self) -> Self {
        self.0[32] &= !SIGN;
        self
    }

    /// The other one.
    #[must_use]
    pub const fn neg(mut self) -> Self {
        self.0[32] |= SIGN;
        self
    }
}

impl FromStr for SessionId {
    type Err = NotASessionId;

    fn from_str(text: &str) -> Result<Self, NotASessionId> {
        let bytes = HEXLOWER_PERMISSIVE
            .decode(text.as_bytes())
            .map_err(|_| NotASessionId)?;
        let bytes = bytes.try_into().map_err(|_| NotASessionId)?;
        Self::from_bytes(bytes).ok_or(NotASessionId)
    }
}

impl TryFrom<String> for SessionId {
    type Error = NotASessionId;

    fn try_from(text: String) -> Result<Self, NotASessionId> {
        text.parse()
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hex = [0; 66];
        HEXLOWER.encode_mut(&self.0, &mut hex);
        f.write_str(str::from_utf8(&hex).unwrap_or_default())
    }
}

/// Says the kind only: an id names a person and must not reach a log by accident.
impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({:02x}…)", self.0[0])
    }
}

impl Serialize for SessionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "158f705fbc5125ec71d3da9d3078a9464614485b09e17f6d8ca64d60e9ef20ce5a";

    fn id() -> SessionId {
        ID.parse().expect("an id")
    }

    #[test]
    fn upper_case_is_the_same_id() {
        assert_eq!(ID.to_uppercase().parse(), Ok(id()));
        assert_eq!(id().to_string(), ID);
        assert_eq!(id().kind(), IdKind::Blinded15);
    }

    #[test]
    fn other_prefixes_and_lengths_are_no_ids() {
        let bad = [
            String::new(),
            "deleted".to_owned(),
            ID[..64].to_owned(),
            format!("{ID}00"),
            ID.replacen("15", "00", 1),
            ID.replacen("15", "ff", 1),
            ID.replacen("15", "1g", 1),
        ];
        for text in bad {
            assert_eq!(text.parse::<SessionId>(), Err(NotASessionId), "{text}");
        }
    }

    #[test]
    fn signs_differ_in_one_digit() {
        let neg = ID.replace("ce5a", "ceda");
        assert_eq!(id().neg().to_string(), neg);
        assert_eq!(id().neg().abs(), id());
    }

    #[test]
    fn debug_does_not_tell_who() {
        assert_eq!(format!("{:?}", id()), "SessionId(15…)");
    }

    proptest! {
        #[test]
        fn text_and_json_come_back(key: [u8; 32], kind in 0..3_usize) {
            let kind = [IdKind::Unblinded, IdKind::Blinded15, IdKind::Blinded25][kind];
            let id = SessionId::new(kind, &key);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
            let json = serde_json::to_string(&id).expect("json");
            prop_assert_eq!(serde_json::from_str::<SessionId>(&json).expect("id"), id);
            prop_assert_eq!((id.kind(), id.key()), (kind, key));
        }

        #[test]
        fn any_text_is_answered(text: String) {
            let _ = text.parse::<SessionId>();
        }
    }
}
