//! A room as PySOGS shows it.

use relay_sogs::admin::types::{Moderator, Room, RoomInFigures};

/// Moderators and admins, by what is shown of them.
#[derive(Debug, Default)]
pub(super) struct Roster {
    moderators: Vec<String>,
    admins: Vec<String>,
    hidden_moderators: Vec<String>,
    hidden_admins: Vec<String>,
}

impl Roster {
    /// Those of a room, or of the whole server if none is named; others are left out.
    pub(super) fn of(room: Option<&str>, everybody: &[Moderator]) -> Self {
        let mut roster = Self::default();
        let theirs = everybody.iter().filter(|one| one.room.as_deref() == room);
        for moderator in theirs {
            let list = match (moderator.admin, moderator.visible) {
                (true, true) => &mut roster.admins,
                (true, false) => &mut roster.hidden_admins,
                (false, true) => &mut roster.moderators,
                (false, false) => &mut roster.hidden_moderators,
            };
            list.push(moderator.id.clone());
        }
        roster
    }

    /// `1 admins (0 hidden), 2 moderators (1 hidden)`, whatever the kind of admins is called.
    pub(super) fn counts(&self, admins: &str) -> String {
        format!(
            "{} {admins} ({} hidden), {} moderators ({} hidden)",
            self.admins.len() + self.hidden_admins.len(),
            self.hidden_admins.len(),
            self.moderators.len() + self.hidden_moderators.len(),
            self.hidden_moderators.len()
        )
    }

    /// A line for each, in groups.
    pub(super) fn lines(&self, before: &str) -> String {
        let groups = [
            (&self.admins, "admin"),
            (&self.hidden_admins, "hidden admin"),
            (&self.moderators, "moderator"),
            (&self.hidden_moderators, "hidden moderator"),
        ];
        let mut lines = String::new();
        for (ids, role) in groups {
            for id in ids {
                lines.extend([before, id, " (", role, ")\n"]);
            }
        }
        lines
    }
}

/// The block of a room. Its moderators are named if there is somebody and the caller wants it.
pub(super) fn room(figures: &RoomInFigures, roster: &Roster, verbose: bool) -> String {
    let RoomInFigures { room, .. } = figures;
    let names = roster.lines("    - ");
    let names = if verbose && !names.is_empty() {
        format!(":\n{names}")
    } else {
        "\n".to_owned()
    };
    let [day, week, fortnight, month] = figures.active;
    [
        String::new(),
        room.token.clone(),
        "=".repeat(room.token.len()),
        format!("Name: {}", room.name),
        format!("Description: {}", description(room)),
        format!("URL: {}", room.url),
        format!(
            "Messages: {} ({} MB)",
            figures.messages,
            megabytes(figures.message_bytes)
        ),
        format!(
            "Attachments: {} ({} MB)",
            figures.files,
            megabytes(figures.file_bytes)
        ),
        format!(
            "Reactions: {}; top 5: {}",
            figures.reactions,
            reactions(figures)
        ),
        format!("Active users: {day} (1d), {week} (7d), {fortnight} (14d), {month} (30d)"),
        format!("Default permissions: {}", permissions(room)),
        format!("Moderators: {}{names}", roster.counts("admins")),
    ]
    .join("\n")
}

/// Python's word for nothing.
pub(super) fn description(room: &Room) -> &str {
    room.description.as_deref().unwrap_or("None")
}

fn reactions(figures: &RoomInFigures) -> String {
    let top = figures.top_reactions.iter();
    let top: Vec<_> = top
        .map(|(reaction, count)| format!("{reaction} ({count})"))
        .collect();
    top.join(", ")
}

fn permissions(room: &Room) -> String {
    let sign = |given| if given { '+' } else { '-' };
    let may = room.defaults;
    format!(
        "{}read, {}write, {}upload, {}accessible",
        sign(may.read),
        sign(may.write),
        sign(may.upload),
        sign(may.accessible)
    )
}

/// With one digit, as Python rounds.
fn megabytes(bytes: i64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
    let megabytes = bytes as f64 / 1_000_000.0;
    format!("{megabytes:.1}")
}

#[cfg(test)]
mod tests {
    use relay_sogs::admin::types::Defaults;

    use super::*;

    fn figures() -> RoomInFigures {
        RoomInFigures {
            room: Room {
                token: "fish".to_owned(),
                name: "Fishing".to_owned(),
                description: None,
                url: "http://a.net/fish?public_key=00".to_owned(),
                created: 0,
                active_users: 3,
                defaults: Defaults {
                    read: true,
                    accessible: true,
                    write: false,
                    upload: true,
                },
                retention: None,
                slow_mode: None,
                moderators: Vec::new(),
                admins: Vec::new(),
                hidden: 0,
            },
            messages: 12,
            message_bytes: 1_250_000,
            files: 1,
            file_bytes: 49_999,
            reactions: 3,
            top_reactions: vec![("👍".to_owned(), 2), ("🎣".to_owned(), 1)],
            active: [1, 2, 3, 4],
            banned: 0,
        }
    }

    fn moderator(id: &str, room: Option<&str>, admin: bool, visible: bool) -> Moderator {
        Moderator {
            id: id.to_owned(),
            room: room.map(str::to_owned),
            admin,
            visible,
        }
    }

    #[test]
    fn a_room_is_shown_as_pysogs_shows_it() {
        let everybody = [
            moderator("05bb", Some("fish"), false, true),
            moderator("05aa", Some("fish"), true, false),
            moderator("05cc", None, true, true),
        ];
        let roster = Roster::of(Some("fish"), &everybody);
        insta::assert_snapshot!(room(&figures(), &roster, true), @r"

        fish
        ====
        Name: Fishing
        Description: None
        URL: http://a.net/fish?public_key=00
        Messages: 12 (1.2 MB)
        Attachments: 1 (0.0 MB)
        Reactions: 3; top 5: 👍 (2), 🎣 (1)
        Active users: 1 (1d), 2 (7d), 3 (14d), 4 (30d)
        Default permissions: +read, -write, +upload, +accessible
        Moderators: 1 admins (1 hidden), 1 moderators (0 hidden):
            - 05aa (hidden admin)
            - 05bb (moderator)
        ");
        assert!(room(&figures(), &roster, false).ends_with("1 moderators (0 hidden)\n"));
        assert!(room(&figures(), &Roster::default(), true).ends_with("0 moderators (0 hidden)\n"));
    }
}
