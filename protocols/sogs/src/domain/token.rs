//! Room tokens: what a room is called in URLs.

use std::fmt;
use std::str::FromStr;

const MAX_LEN: usize = 64;

/// A token as it was written when the room was made. Two that differ in case are the same.
#[derive(Clone, Debug)]
pub struct RoomToken(String);

/// Something that should have been a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a room token: 1 to 64 of A-Z a-z 0-9 _ - are")]
pub struct NotAToken;

impl RoomToken {
    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same for all ways to write it.
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    /// The link that people join with.
    pub fn join_url(&self, base_url: &str, server_public_hex: &str) -> String {
        let base_url = base_url.trim_end_matches('/');
        format!("{base_url}/{}?public_key={server_public_hex}", self.0)
    }
}

impl FromStr for RoomToken {
    type Err = NotAToken;

    fn from_str(text: &str) -> Result<Self, NotAToken> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        let fits = (1..=MAX_LEN).contains(&text.len()) && text.bytes().all(allowed);
        fits.then(|| Self(text.to_owned())).ok_or(NotAToken)
    }
}

impl PartialEq for RoomToken {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for RoomToken {}

impl fmt::Display for RoomToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vectors;

    #[test]
    fn links_as_clients_parse_them() {
        let vectors = vectors::load();
        let expected = vectors::text(&vectors["server_key"]["room_url_example"]);
        let key = vectors::server_key().public_hex();
        let token: RoomToken = "lounge".parse().expect("a token");
        assert_eq!(token.join_url("http://sogs.example.com/", &key), expected);
    }

    #[test]
    fn tokens_are_short_and_ascii() {
        let long = "a".repeat(65);
        for bad in ["", "a b", "a/b", "räume", "*", "+", long.as_str()] {
            assert_eq!(bad.parse::<RoomToken>(), Err(NotAToken), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn case_is_kept_and_makes_no_difference(text in "[A-Za-z0-9_-]{1,64}") {
            let token: RoomToken = text.parse().expect("a token");
            let upper: RoomToken = text.to_uppercase().parse().expect("a token");
            prop_assert_eq!(token.as_str(), text);
            prop_assert_eq!(&token, &upper);
            prop_assert_eq!(token.folded(), upper.folded());
        }

        #[test]
        fn any_text_is_answered(text: String) {
            let _ = text.parse::<RoomToken>();
        }
    }
}
