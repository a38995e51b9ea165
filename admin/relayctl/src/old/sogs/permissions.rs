//! Permissions by their letters.

use relay_sogs::admin::types::{Change, Defaults, SetPermissions};

use super::Halt;

/// What becomes of each permission.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Perms {
    read: Change,
    write: Change,
    accessible: Change,
    upload: Change,
}

impl Perms {
    /// Reads the three options; a letter may be in one of them only.
    pub(super) fn parse(
        add: Option<&str>,
        remove: Option<&str>,
        clear: Option<&str>,
    ) -> Result<Self, Halt> {
        let mut perms = Self::default();
        let options = [
            (add, Change::Allow),
            (remove, Change::Deny),
            (clear, Change::Clear),
        ];
        for (letters, change) in options {
            for letter in letters.unwrap_or_default().chars() {
                let perm = perms.named(letter)?;
                if *perm != Change::Keep {
                    return Err(Halt::Error(format!(
                        "Error: permission flag '{letter}' in more than one permission set (add/remove/clear)"
                    )));
                }
                *perm = change;
            }
        }
        Ok(perms)
    }

    fn named(&mut self, letter: char) -> Result<&mut Change, Halt> {
        match letter {
            'r' => Ok(&mut self.read),
            'w' => Ok(&mut self.write),
            'u' => Ok(&mut self.upload),
            'a' => Ok(&mut self.accessible),
            other => Err(Halt::Error(format!(
                "Error: invalid permission flag '{other}'"
            ))),
        }
    }

    /// Whether nothing changes.
    pub(super) fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Whether something is left to the room, which makes no sense for the room itself.
    pub(super) fn clears(self) -> bool {
        self.each()
            .iter()
            .any(|(_, change)| *change == Change::Clear)
    }

    /// Each with its name, in the order in which changes are told.
    pub(super) fn each(self) -> [(&'static str, Change); 4] {
        [
            ("read", self.read),
            ("write", self.write),
            ("accessible", self.accessible),
            ("upload", self.upload),
        ]
    }

    /// What everybody may do in a new room.
    pub(super) fn for_new_room(self) -> Defaults {
        let allowed = |change| change != Change::Deny;
        Defaults {
            read: allowed(self.read),
            accessible: allowed(self.accessible),
            write: allowed(self.write),
            upload: allowed(self.upload),
        }
    }

    /// As the admin API is asked for it: for these users, or for everybody.
    pub(super) fn of(self, ids: &[String]) -> SetPermissions {
        SetPermissions {
            ids: ids.to_vec(),
            read: self.read,
            accessible: self.accessible,
            write: self.write,
            upload: self.upload,
            delay: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(perms: Result<Perms, Halt>) -> String {
        match perms {
            Err(Halt::Error(line)) => line,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn letters_become_changes() {
        let perms = Perms::parse(Some("ra"), Some("w"), None).expect("taken");
        let changes = perms.each().map(|(_, change)| change);
        assert_eq!(
            changes,
            [Change::Allow, Change::Deny, Change::Allow, Change::Keep]
        );
        let defaults = perms.for_new_room();
        assert!(defaults.read && !defaults.write && defaults.upload);
    }

    #[test]
    fn wrong_letters_are_refused() {
        assert_eq!(
            said(Perms::parse(Some("x"), None, None)),
            "Error: invalid permission flag 'x'"
        );
        assert!(said(Perms::parse(Some("r"), None, Some("r"))).contains("more than one"));
        assert!(said(Perms::parse(Some("rr"), None, None)).contains("more than one"));
    }
}
