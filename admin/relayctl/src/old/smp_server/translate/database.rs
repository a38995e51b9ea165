//! PostgreSQL's own ways to say where a database is, as the URL that relayd takes.

use std::fmt::Write as _;

/// A URL stays one; `host=/run/postgresql dbname=smp user=smp` becomes one. `None` for what is
/// neither.
pub(super) fn url(connection: &str) -> Option<String> {
    if connection.starts_with("postgres://") || connection.starts_with("postgresql://") {
        return Some(connection.to_owned());
    }
    let mut database = String::new();
    let mut parameters = Vec::new();
    for (name, value) in pairs(connection)? {
        match name.as_str() {
            "dbname" => database = encoded(&value),
            "host" | "hostaddr" | "port" | "user" | "password" | "sslmode" | "sslrootcert"
            | "sslcert" | "sslkey" | "application_name" | "options" => {
                parameters.push(format!("{name}={}", encoded(&value)));
            }
            _ => return None,
        }
    }
    let known = !database.is_empty() || !parameters.is_empty();
    let question = if parameters.is_empty() { "" } else { "?" };
    known.then(|| format!("postgresql:///{database}{question}{}", parameters.join("&")))
}

/// `name = value` and `name='a \'quoted\' value'`, apart by spaces.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = value(after.trim_start())?;
        pairs.push((name.trim().to_owned(), value));
        rest = after.trim_start();
    }
    Some(pairs)
}

fn value(text: &str) -> Option<(String, &str)> {
    let (text, is_quoted) = match text.strip_prefix('\'') {
        Some(quoted) => (quoted, true),
        None => (text, false),
    };
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => value.push(letters.next()?.1),
            '\'' if is_quoted => return Some((value, &text[at + 1..])),
            ' ' if !is_quoted => return Some((value, &text[at..])),
            letter => value.push(letter),
        }
    }
    (!is_quoted).then_some((value, ""))
}

fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_understood() {
        for (connection, expected) in [
            (
                "postgresql://smp@/smp_server_store",
                "postgresql://smp@/smp_server_store",
            ),
            ("dbname=smp", "postgresql:///smp"),
            (
                "host=/run/postgresql dbname = smp user=smp",
                "postgresql:///smp?host=%2Frun%2Fpostgresql&user=smp",
            ),
            (
                r"dbname=smp password='a \'b\' c&d'",
                "postgresql:///smp?password=a%20%27b%27%20c%26d",
            ),
        ] {
            assert_eq!(url(connection).as_deref(), Some(expected), "{connection}");
        }
        for other in ["", "smp", "dbname='smp", "colour=blue", "mysql://x"] {
            assert_eq!(url(other), None, "{other}");
        }
    }
}
