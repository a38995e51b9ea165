//! Who is listed as moderating a room, and to whom.

use super::permissions::{GlobalRole, Override, visible_moderator};
use crate::private::private_debug;

/// The lists of a room, each sorted by id. Admins are not listed as moderators again.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Roster {
    /// Shown to everybody.
    pub moderators: Vec<String>,
    /// Shown to everybody.
    pub admins: Vec<String>,
    /// Shown to those who moderate the room.
    pub hidden_moderators: Vec<String>,
    /// Shown to those who moderate the room.
    pub hidden_admins: Vec<String>,
}

impl Roster {
    /// Of everybody with a role in the room or on the server. The system user, which acts for the
    /// operator, is in no list.
    pub fn of<'a>(people: impl IntoIterator<Item = (&'a str, GlobalRole, Override)>) -> Self {
        let mut roster = Self::default();
        for (id, user, room) in people {
            let Some(visible) = visible_moderator(user, room).filter(|_| !id.starts_with("ff"))
            else {
                continue;
            };
            let list = match (user.admin || room.admin, visible) {
                (true, true) => &mut roster.admins,
                (true, false) => &mut roster.hidden_admins,
                (false, true) => &mut roster.moderators,
                (false, false) => &mut roster.hidden_moderators,
            };
            list.push(id.to_owned());
        }
        roster.sorted()
    }

    /// As a caller sees it who moderates the room or does not.
    #[must_use]
    pub fn seen_by(mut self, moderator: bool) -> Self {
        if !moderator {
            self.hidden_moderators.clear();
            self.hidden_admins.clear();
        }
        self
    }

    /// All in one sorted list, as the legacy API has it.
    pub fn all(self) -> Vec<String> {
        let lists = [
            self.moderators,
            self.admins,
            self.hidden_moderators,
            self.hidden_admins,
        ];
        let mut all = lists.concat();
        all.sort_unstable();
        all
    }

    fn sorted(mut self) -> Self {
        self.moderators.sort_unstable();
        self.admins.sort_unstable();
        self.hidden_moderators.sort_unstable();
        self.hidden_admins.sort_unstable();
        self
    }
}

private_debug!(Roster);

#[cfg(test)]
mod tests {
    use super::*;

    fn room(admin: bool, visible: bool) -> Override {
        Override {
            moderator: true,
            admin,
            visible,
            ..Override::default()
        }
    }

    fn roster() -> Roster {
        let nobody = GlobalRole::default();
        let global = GlobalRole {
            moderator: true,
            admin: true,
            ..nobody
        };
        Roster::of([
            ("15d", nobody, room(false, true)),
            ("15c", nobody, room(false, true)),
            ("15b", nobody, room(true, true)),
            ("15a", nobody, room(false, false)),
            ("15e", global, Override::default()),
            ("15f", global, room(false, true)),
            ("150", nobody, Override::default()),
            ("ffab", global, Override::default()),
        ])
    }

    #[test]
    fn the_greater_role_counts_and_the_room_says_who_is_seen() {
        let roster = roster();
        assert_eq!(roster.moderators, ["15c", "15d"]);
        assert_eq!(roster.admins, ["15b", "15f"]);
        assert_eq!(roster.hidden_moderators, ["15a"]);
        assert_eq!(roster.hidden_admins, ["15e"]);
    }

    #[test]
    fn hidden_ones_are_for_those_who_moderate() {
        assert_eq!(roster().seen_by(true), roster());
        let seen = roster().seen_by(false);
        assert!(seen.hidden_admins.is_empty() && seen.hidden_moderators.is_empty());
        assert_eq!(seen.all(), ["15b", "15c", "15d", "15f"]);
    }
}
