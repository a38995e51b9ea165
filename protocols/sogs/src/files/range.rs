//! Which part of a file a client asks for (RFC 9110, section 14).

use std::ops::RangeInclusive;

use axum::http::HeaderMap;
use axum::http::header::{IF_RANGE, RANGE};

/// What a request asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Asked {
    /// All of it: 200.
    Whole,
    /// A part: 206, with this `content-range`.
    Part(RangeInclusive<u64>),
    /// A part that does not exist: 416, with `content-range: bytes */SIZE`.
    Nothing,
}

impl Asked {
    /// Of a file of so many bytes with this `etag`. Several parts at once, other units, and parts
    /// of another version than the file has, are answered with the whole.
    pub fn of(headers: &HeaderMap, size: u64, etag: &str) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let outdated = headers.contains_key(IF_RANGE) && text(IF_RANGE) != Some(etag);
        let spec = text(RANGE).filter(|_| !outdated);
        spec.and_then(|spec| Self::parse(spec, size))
            .unwrap_or(Self::Whole)
    }

    fn parse(spec: &str, size: u64) -> Option<Self> {
        let (unit, range) = spec.split_once('=')?;
        if !unit.eq_ignore_ascii_case("bytes") {
            return None;
        }
        let (first, last) = range.split_once('-')?;
        let (first, last) = (first.trim(), last.trim());
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(first) || !digits(last) {
            return None;
        }
        match (number(first), number(last)) {
            (Some(first), Some(last)) if first > last => None,
            (Some(first), last) => Some(Self::up_to(first, last.unwrap_or(u64::MAX), size)),
            (None, Some(0)) => Some(Self::Nothing),
            (None, Some(length)) => Some(Self::up_to(size.saturating_sub(length), u64::MAX, size)),
            (None, None) => None,
        }
    }

    fn up_to(first: u64, last: u64, size: u64) -> Self {
        if first < size {
            Self::Part(first..=last.min(size - 1))
        } else {
            Self::Nothing
        }
    }
}

/// Of digits: as large as it says, or as large as can be; `None` if there are none.
fn number(digits: &str) -> Option<u64> {
    (!digits.is_empty()).then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn asked(range: &str, size: u64) -> Asked {
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_str(range) {
            headers.insert(RANGE, value);
        }
        Asked::of(&headers, size, "\"7\"")
    }

    #[test]
    fn parts_are_understood() {
        assert_eq!(asked("bytes=0-", 10), Asked::Part(0..=9));
        assert_eq!(asked("bytes=2-4", 10), Asked::Part(2..=4));
        assert_eq!(asked("bytes=2-99", 10), Asked::Part(2..=9));
        assert_eq!(asked("bytes=-3", 10), Asked::Part(7..=9));
        assert_eq!(asked("bytes=-99", 10), Asked::Part(0..=9));
        for nothing in ["bytes=10-", "bytes=99-100", "bytes=-0"] {
            assert_eq!(asked(nothing, 10), Asked::Nothing, "{nothing}");
        }
        assert_eq!(asked("bytes=0-", 0), Asked::Nothing);
        for whole in [
            "",
            "bytes=4-2",
            "bytes=-",
            "lines=1-2",
            "bytes=0-1,3-4",
            "bytes=+1-2",
            "0-1",
        ] {
            assert_eq!(asked(whole, 10), Asked::Whole, "{whole}");
        }
    }

    #[test]
    fn parts_of_another_version_are_not_mixed() {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, HeaderValue::from_static("bytes=1-2"));
        headers.insert(IF_RANGE, HeaderValue::from_static("\"7\""));
        assert_eq!(Asked::of(&headers, 10, "\"7\""), Asked::Part(1..=2));
        assert_eq!(Asked::of(&headers, 10, "\"8\""), Asked::Whole);
    }

    proptest! {
        #[test]
        fn any_range_is_answered_within_the_file(text in "(bytes=)?[0-9, -]{0,24}|.*", size: u64) {
            if let Asked::Part(range) = asked(&text, size) {
                prop_assert!(range.start() <= range.end() && *range.end() < size);
            }
        }
    }
}
