//! The bencoding of onion requests: a list of byte strings, `l5:hello0:e`, and nothing else of
//! what bencode could hold.

/// Ten million has eight digits; more are refused before anything is multiplied.
const MAX_DIGITS: usize = 8;

/// Parses a list of at most `max` strings, in place. Anything before, between or after is refused.
pub fn parse_strings(bytes: &[u8], max: usize) -> Option<Vec<&[u8]>> {
    let mut rest = bytes.strip_prefix(b"l")?;
    let mut strings = Vec::with_capacity(max.min(2));
    while rest != b"e" {
        if strings.len() == max {
            return None;
        }
        let (string, tail) = take_string(rest)?;
        strings.push(string);
        rest = tail;
    }
    Some(strings)
}

fn take_string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let window = &bytes[..bytes.len().min(MAX_DIGITS + 1)];
    let colon = window.iter().position(|byte| *byte == b':')?;
    let digits = &bytes[..colon];
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let len = str::from_utf8(digits).ok()?.parse().ok()?;
    bytes[colon + 1..].split_at_checked(len)
}

/// Writes a list of strings.
pub fn write_strings(strings: &[&[u8]]) -> Vec<u8> {
    let content: usize = strings.iter().map(|string| string.len()).sum();
    let mut out = Vec::with_capacity(content + strings.len() * (MAX_DIGITS + 1) + 2);
    out.push(b'l');
    for string in strings {
        out.extend_from_slice(format!("{}:", string.len()).as_bytes());
        out.extend_from_slice(string);
    }
    out.push(b'e');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lists_of_strings() {
        let parsed = parse_strings(b"l5:hello0:e", 2);
        assert_eq!(parsed, Some(vec![b"hello".as_slice(), b""]));
        assert_eq!(parse_strings(b"le", 2), Some(vec![]));
    }

    #[test]
    fn corpus_of_lists_that_are_none() {
        let corpus: [&[u8]; 16] = [
            b"",
            b"l",
            b"e",
            b"lee",
            b"l5:hello",
            b"l5:helloe ",
            b" l5:helloe",
            b"l6:helloe",
            b"l-1:e",
            b"l+1:ae",
            b"l:e",
            b"li5ee",
            b"ll0:ee",
            b"l0:0:0:e",
            b"l99999999999999999999:e",
            b"l18446744073709551615:e",
        ];
        for bytes in corpus {
            assert_eq!(parse_strings(bytes, 2), None, "{}", bytes.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_parsed(strings: Vec<Vec<u8>>) {
            let strings: Vec<&[u8]> = strings.iter().map(Vec::as_slice).collect();
            let list = write_strings(&strings);
            prop_assert_eq!(parse_strings(&list, strings.len()), Some(strings.clone()));
            if let Some(fewer) = strings.len().checked_sub(1) {
                prop_assert_eq!(parse_strings(&list, fewer), None);
            }
        }

        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>, text in "l[0-9:le]{0,20}e?") {
            let _ = parse_strings(&bytes, 2);
            let _ = parse_strings(text.as_bytes(), 2);
        }
    }
}
