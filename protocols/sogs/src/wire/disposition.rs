//! File names on their way in and out, in `Content-Disposition`.

use super::target::{percent_decode, percent_encode};

/// What may stand in an RFC 5987 value as it is.
const ATTRIBUTE_CHARS: &[u8] = b"!#$&+-.^_`|~";

/// The file name of an upload: the extended form if there is one, the plain one otherwise.
pub fn filename(header: &str) -> Option<String> {
    let parameters = || parameters(header);
    let extended = parameters().find(|(name, _)| name.eq_ignore_ascii_case("filename*"));
    let plain = || parameters().find(|(name, _)| name.eq_ignore_ascii_case("filename"));
    extended
        .and_then(|(_, value)| decode_extended(&value))
        .or_else(|| plain().map(|(_, value)| value))
        .filter(|name| !name.is_empty())
}

/// The header of a download.
pub fn attachment(filename: Option<&str>) -> String {
    match filename {
        None => "attachment".to_owned(),
        Some(name) => {
            let encoded = percent_encode(name, ATTRIBUTE_CHARS);
            format!("attachment; filename*=UTF-8''{encoded}")
        }
    }
}

fn decode_extended(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_language, encoded) = rest.split_once('\'')?;
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    percent_decode(encoded).map(std::borrow::Cow::into_owned)
}

fn parameters(header: &str) -> impl Iterator<Item = (&str, String)> {
    let (_kind, mut rest) = header.split_once(';').unwrap_or((header, ""));
    std::iter::from_fn(move || {
        let (name, value) = rest.split_once('=')?;
        let (value, tail) = take_value(value.trim_start());
        rest = tail;
        Some((name.trim_matches([' ', '\t', ';']), value))
    })
}

/// A token up to the next semicolon, or a quoted string.
fn take_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_once(';').unwrap_or((text, ""));
        return (value.trim_end().to_owned(), rest);
    };
    let mut value = String::new();
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => value.extend(chars.next()),
            _ => value.push(c),
        }
    }
    (value, chars.as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_as_clients_send_them() {
        let name = |header| filename(header);
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(name("attachment"), None);
        assert_eq!(name("attachment; filename=\"\""), None);
        assert_eq!(name("attachment; filename=a.txt"), some("a.txt"));
        assert_eq!(
            name("attachment; filename=\"a; \\\"b\\\".txt\""),
            some("a; \"b\".txt")
        );
        assert_eq!(
            name("attachment; filename*=UTF-8''%F0%9F%8D%8D%00.txt"),
            some("🍍\0.txt")
        );
        let both = "attachment; filename=\"x\"; FileName*=utf-8'en'y";
        assert_eq!(name(both), some("y"));
        assert_eq!(
            name("attachment; filename=\"x\"; filename*=latin1''y"),
            some("x")
        );
        assert_eq!(name("attachment; filename*=UTF-8''%ff"), None);
    }

    #[test]
    fn downloads_say_what_they_are() {
        assert_eq!(attachment(None), "attachment");
        let pineapple = "attachment; filename*=UTF-8''%F0%9F%8D%8D%20a.txt";
        assert_eq!(attachment(Some("🍍 a.txt")), pineapple);
    }

    proptest! {
        #[test]
        fn names_come_back(name in ".+") {
            let header = attachment(Some(&name));
            prop_assert!(header.is_ascii());
            prop_assert_eq!(filename(&header), Some(name));
        }

        #[test]
        fn any_header_is_answered(header: String, pieces in "[;=\"\\\\ a*']{0,20}") {
            let _ = filename(&header);
            let _ = filename(&pieces);
        }
    }
}
