//! `smp-server.ini`: sections, `key = value` or `key: value`, comments that have a line of their
//! own.

use std::fmt;

/// A parsed file. Every setting is kept, in its order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ini {
    settings: Vec<Setting>,
}

/// One line of the file that sets something.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Setting {
    pub(crate) section: String,
    pub(crate) key: String,
    pub(crate) value: String,
}

/// A line that is neither a section, nor a setting, nor a comment. It is not shown: it may hold a
/// password.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Malformed {
    line: usize,
}

impl Ini {
    /// Reads a file's text.
    pub(crate) fn parse(text: &str) -> Result<Self, Malformed> {
        let mut section = String::new();
        let mut settings = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim().trim_start_matches('\u{feff}');
            match line.strip_prefix('[') {
                _ if line.is_empty() || line.starts_with(['#', ';']) => {}
                Some(rest) => {
                    let name = rest.strip_suffix(']').ok_or(Malformed { line: at + 1 })?;
                    name.trim().clone_into(&mut section);
                }
                None => {
                    let (key, value) = line
                        .split_once(['=', ':'])
                        .ok_or(Malformed { line: at + 1 })?;
                    settings.push(Setting {
                        section: section.clone(),
                        key: key.trim().to_owned(),
                        value: value.trim().to_owned(),
                    });
                }
            }
        }
        Ok(Self { settings })
    }

    /// The value of a key; of several, the first.
    pub(crate) fn get(&self, section: &str, key: &str) -> Option<&str> {
        let mut of_key = self
            .settings
            .iter()
            .filter(|setting| setting.is(section, key));
        of_key.next().map(|setting| setting.value.as_str())
    }

    /// Everything that is set, in order.
    pub(crate) fn settings(&self) -> &[Setting] {
        &self.settings
    }
}

impl Setting {
    fn is(&self, section: &str, key: &str) -> bool {
        self.section == section && self.key == key
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {} is neither `[section]` nor `key = value` nor a `# comment`; correct it",
            self.line
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_read_in_either_spelling() {
        let text = "\u{feff}# c\r\n[A]\r\nx = 1\r\n; c\r\ny: a = b\r\n\r\n[ B ]\nx=2\nx=3\ncreate_password = a#b;c\nempty =\n";
        let ini = Ini::parse(text).unwrap();
        assert_eq!(ini.get("A", "x"), Some("1"));
        assert_eq!(ini.get("A", "y"), Some("a = b"));
        assert_eq!(ini.get("B", "x"), Some("2"));
        assert_eq!(ini.get("B", "create_password"), Some("a#b;c"));
        assert_eq!(ini.get("B", "empty"), Some(""));
        assert_eq!(ini.get("B", "y"), None);
        assert_eq!(ini.settings().len(), 6);
    }

    #[test]
    fn other_lines_are_refused_by_number_only() {
        let refused = Ini::parse("[A]\nx = 1\nhunter2\n").unwrap_err().to_string();
        assert!(
            refused.contains("line 3") && !refused.contains("hunter2"),
            "{refused}"
        );
        assert!(Ini::parse("[A\n").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "[\\[\\]=:#; \nä1a]{0,60}") {
            let _ = Ini::parse(&text);
        }
    }
}
