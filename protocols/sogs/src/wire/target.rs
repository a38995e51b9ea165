//! What a request is for: a percent-decoded path and a raw query string.
//!
//! Signatures cover exactly these two, and routes match the decoded path, so that an emoji may
//! come encoded or as it is. Segments keep what was in them: `%2F` is `/` to everybody.

use std::borrow::Cow;
use std::fmt::Write;

use super::refusal::Refusal;
use crate::private::private_debug;

/// The paths onion requests arrive on. What is inside one may not be for one again.
pub const ONION_PATHS: [&str; 3] = ["/oxen/v4/lsrpc", "/oxen/v3/lsrpc", "/loki/v3/lsrpc"];

/// Path and query of a request.
#[derive(Clone, Eq, PartialEq)]
pub struct Target {
    path: String,
    query: String,
}

/// What lists of messages may be asked for with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MessagesQuery {
    /// How many messages, at least 1.
    pub limit: usize,
    /// How many reactors to name per reaction.
    pub reactors: usize,
    /// Whether messages are wanted of which only the reactions changed (`t` has an `r`).
    pub reaction_updates: bool,
}

/// How long lists are if nothing is said, and how long they may be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ListLimits {
    /// Entries if nothing is said.
    pub default_list: u32,
    /// Most entries.
    pub max_list: u32,
    /// Reactors named if nothing is said.
    pub default_reactors: u32,
    /// Most reactors named.
    pub max_reactors: u32,
}

impl Default for ListLimits {
    fn default() -> Self {
        Self {
            default_list: 100,
            max_list: 256,
            default_reactors: 4,
            max_reactors: 20,
        }
    }
}

impl Target {
    /// Parses `/path?query`: `None` without the slash, or if the path does not decode to UTF-8.
    pub fn parse(text: &str) -> Option<Self> {
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let path = percent_decode(path)?;
        path.starts_with('/').then(|| Self {
            path: path.into_owned(),
            query: query.to_owned(),
        })
    }

    /// The decoded path.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The query as sent, without the question mark.
    pub fn query(&self) -> &str {
        &self.query
    }

    /// Whether this is a path onion requests arrive on.
    pub fn is_onion(&self) -> bool {
        ONION_PATHS.contains(&self.path())
    }

    /// The target in ASCII, for a router that takes no other.
    pub fn to_uri(&self) -> String {
        let mut uri = percent_encode(&self.path, b"-._~!$&'()*+,;=:@/");
        if !self.query.is_empty() {
            uri.push('?');
            uri += &percent_encode(&self.query, b"-._~!$&'()*+,;=:@/?%");
        }
        uri
    }

    /// The first value of a query parameter, decoded.
    pub fn parameter(&self, name: &str) -> Option<Cow<'_, str>> {
        let pairs = self.query.split('&');
        let mut pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let (_, value) = pairs.find(|(key, _)| *key == name)?;
        if value.contains('+') {
            let spaced = value.replace('+', " ");
            return percent_decode(&spaced).map(|text| Cow::Owned(text.into_owned()));
        }
        percent_decode(value)
    }

    /// The parameters of lists of messages, clamped; what is not a number is refused.
    pub fn messages_query(&self, limits: ListLimits) -> Result<MessagesQuery, Refusal> {
        let reactors = self.integer("reactors")?;
        let reactors = reactors.unwrap_or(i64::from(limits.default_reactors));
        let kinds = self.parameter("t").unwrap_or_default();
        Ok(MessagesQuery {
            limit: self.limit(limits)?,
            reactors: clamp(reactors, 0, limits.max_reactors),
            reaction_updates: kinds.contains('r'),
        })
    }

    /// How many are asked for, at least 1.
    pub fn limit(&self, limits: ListLimits) -> Result<usize, Refusal> {
        let limit = self.integer("limit")?;
        let limit = limit.unwrap_or(i64::from(limits.default_list));
        Ok(clamp(limit, 1, limits.max_list))
    }

    /// How many reactors are asked for: all, unless a positive limit is given.
    pub fn reactors_limit(&self) -> Result<Option<u64>, Refusal> {
        let limit = self.integer("limit")?.unwrap_or(0);
        Ok(u64::try_from(limit).ok().filter(|limit| *limit > 0))
    }

    /// A whole number among the parameters.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let value = self.parameter(name);
        let value = value.map(|text| text.trim().parse().map_err(|_| Refusal::Malformed));
        value.transpose()
    }
}

fn clamp(asked: i64, min: usize, max: u32) -> usize {
    let asked = asked.min(i64::from(max));
    usize::try_from(asked).unwrap_or(0).max(min)
}

/// Decodes `%xx`. What only looks like an escape stays as it is; what is not UTF-8 is refused.
pub fn percent_decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = (*first == b'%').then(|| hex_byte(tail)).flatten();
        decoded.push(escaped.unwrap_or(*first));
        rest = escaped.map_or(tail, |_| &tail[2..]);
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    let value = |at: usize| char::from(*digits.get(at)?).to_digit(16);
    u8::try_from(value(0)? * 16 + value(1)?).ok()
}

/// Encodes everything but ASCII letters, digits and the bytes in `keep`.
pub fn percent_encode(text: &str, keep: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || keep.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

private_debug!(Target);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn target(text: &str) -> Target {
        Target::parse(text).expect("a target")
    }

    #[test]
    fn paths_are_decoded_and_queries_are_not() {
        let encoded = target("/room/x/reaction/1/%F0%9F%8D%8D%2f?a=%20&b=?");
        assert_eq!(encoded.path(), "/room/x/reaction/1/🍍/");
        assert_eq!(encoded.query(), "a=%20&b=?");
        assert_eq!(target("/🍍").path(), target("/%f0%9f%8d%8d").path());
        assert_eq!(target("/100%").path(), "/100%");
        assert_eq!(target("/%zz?").query(), "");
    }

    #[test]
    fn targets_begin_with_a_slash_and_are_text() {
        for text in ["", "rooms", "?a", "/%ff", "/%F0%9F"] {
            assert_eq!(Target::parse(text), None, "{text}");
        }
    }

    #[test]
    fn limits_are_clamped() {
        let query = |text| target(text).messages_query(ListLimits::default());
        let limit = |text| query(text).map(|query| query.limit);
        assert_eq!(limit("/m"), Ok(100));
        assert_eq!(limit("/m?limit=0"), Ok(1));
        assert_eq!(limit("/m?limit=-5"), Ok(1));
        assert_eq!(limit("/m?limit=1000"), Ok(256));
        assert_eq!(limit("/m?limit=ten"), Err(Refusal::Malformed));
        let desktop = query("/m?t=r&reactors=5").expect("a query");
        assert_eq!((desktop.reactors, desktop.reaction_updates), (5, true));
        assert_eq!(query("/m?reactors=99&t=R").expect("a query").reactors, 20);
        assert!(!query("/m?t=R").expect("a query").reaction_updates);
        assert_eq!(target("/m?limit=-1").reactors_limit(), Ok(None));
        assert_eq!(target("/m?limit=3").reactors_limit(), Ok(Some(3)));
    }

    proptest! {
        #[test]
        fn uris_are_ascii_and_mean_the_same(path: String, query: String) {
            let path = format!("/{}", path.replace(['?', '%'], ""));
            let target = target(&format!("{path}?{query}"));
            let uri = target.to_uri();
            prop_assert!(uri.is_ascii());
            let same = Target::parse(&uri).expect("a target");
            prop_assert_eq!(same.path(), target.path());
        }

        #[test]
        fn any_text_is_answered(text: String, escapes in "/[%0-9a-fF?&=]{0,20}") {
            for text in [text, escapes] {
                if let Some(target) = Target::parse(&text) {
                    let _ = (target.to_uri(), target.messages_query(ListLimits::default()), target.parameter("a"));
                }
            }
        }
    }
}
