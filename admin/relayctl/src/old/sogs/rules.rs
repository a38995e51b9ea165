//! Which options go together, and what they come to: one action.

use std::time::Duration;

use super::super::say;
use super::Halt;
use super::cli::{self, Args};
use super::permissions::Perms;

/// What is to be done.
#[derive(Debug)]
pub(super) enum Action {
    AddRoom(NewRoom),
    DeleteRoom { token: String, yes: bool },
    ClearRoom { token: String, yes: bool },
    Update(Update),
    ListRooms { verbose: bool },
    ListGlobalModerators,
    ListBans,
    PrintUrl,
    Initialize,
    Upgrade,
    CheckUpgrades,
}

/// A room to be made.
#[derive(Debug)]
pub(super) struct NewRoom {
    pub(super) token: String,
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) perms: Perms,
}

/// Changes of rooms, or of the whole server.
#[derive(Debug)]
pub(super) struct Update {
    pub(super) rooms: Vec<String>,
    pub(super) add_moderators: Vec<String>,
    pub(super) delete_moderators: Vec<String>,
    pub(super) admin: bool,
    pub(super) visible: bool,
    pub(super) hidden: bool,
    pub(super) ban: Vec<String>,
    pub(super) ban_time: Option<Duration>,
    pub(super) unban: Vec<String>,
    pub(super) users: Vec<String>,
    pub(super) perms: Perms,
    pub(super) description: Option<String>,
    pub(super) name: Option<String>,
}

/// The one action that these options mean.
pub(super) fn action(args: Args) -> Result<Action, Halt> {
    let args = without_blanks(args);
    let updates = is_update(&args);
    refuse_two_actions(&args, updates)?;
    if updates && args.rooms.is_empty() {
        return refused(
            "A room must be specified (using --rooms) when updating permissions or room details",
        );
    }
    if !args.rooms.is_empty() && !updates {
        return refused("Error: --rooms specified without a room modification option");
    }
    let perms = Perms::parse(
        args.add_perms.as_deref(),
        args.remove_perms.as_deref(),
        args.clear_perms.as_deref(),
    )?;
    let yes = args.yes;
    if let Some(token) = args.add_room.clone() {
        return new_room(args, token, perms).map(Action::AddRoom);
    }
    Ok(match args {
        Args {
            delete_room: Some(token),
            ..
        } => Action::DeleteRoom { token, yes },
        Args {
            clear_room: Some(token),
            ..
        } => Action::ClearRoom { token, yes },
        args if updates => Action::Update(update(args, perms)?),
        Args {
            list_rooms: true,
            verbose,
            ..
        } => Action::ListRooms { verbose },
        Args {
            list_global_mods: true,
            ..
        } => Action::ListGlobalModerators,
        Args {
            list_bans: true, ..
        } => Action::ListBans,
        Args {
            print_url: true, ..
        } => Action::PrintUrl,
        Args {
            initialize: true, ..
        } => Action::Initialize,
        Args { upgrade: true, .. } => Action::Upgrade,
        Args {
            check_upgrades: true,
            ..
        } => Action::CheckUpgrades,
        _ => {
            say::err("Error: no action given\n");
            say::out(&cli::usage());
            return Err(Halt::Said(1));
        }
    })
}

/// To PySOGS, an option with nothing is as good as none, but for names and descriptions.
fn without_blanks(mut args: Args) -> Args {
    let options = [
        &mut args.add_room,
        &mut args.delete_room,
        &mut args.clear_room,
        &mut args.add_perms,
        &mut args.remove_perms,
        &mut args.clear_perms,
    ];
    for option in options {
        option.take_if(|text| text.is_empty());
    }
    args.description = args.description.map(|text| unescaped(&text));
    args
}

fn is_update(args: &Args) -> bool {
    let people = [
        &args.add_moderators,
        &args.delete_moderators,
        &args.ban,
        &args.unban,
    ];
    let texts = [
        &args.description,
        &args.name,
        &args.add_perms,
        &args.remove_perms,
        &args.clear_perms,
    ];
    args.add_room.is_none()
        && (people.iter().any(|ids| !ids.is_empty()) || texts.iter().any(|text| text.is_some()))
}

fn refuse_two_actions(args: &Args, updates: bool) -> Result<(), Halt> {
    let all = [
        ("--add-room", args.add_room.is_some()),
        ("--delete-room", args.delete_room.is_some()),
        ("room modifiers", updates),
        ("--list-rooms", args.list_rooms),
        ("--list-global-mods", args.list_global_mods),
        ("--initialize", args.initialize),
        ("--upgrade", args.upgrade),
        ("--check-upgrades", args.check_upgrades),
        ("--clear-room", args.clear_room.is_some()),
        ("--print-url", args.print_url),
        ("--list-bans", args.list_bans),
    ];
    let mut wanted = all.into_iter().filter(|(_, wanted)| *wanted);
    match (wanted.next(), wanted.next()) {
        (Some((first, _)), Some((second, _))) => {
            refused(&format!("Error: {first} and {second} are incompatible"))
        }
        _ => Ok(()),
    }
}

fn new_room(args: Args, token: String, perms: Perms) -> Result<NewRoom, Halt> {
    let is_good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if token.len() > 64 || !token.chars().all(is_good) {
        return refused("Error: room tokens may only contain a-z, A-Z, 0-9, _, and - characters");
    }
    refuse_clearing_defaults(perms)?;
    Ok(NewRoom {
        token,
        name: args.name.filter(|name| !name.is_empty()),
        description: args.description,
        perms,
    })
}

fn update(args: Args, perms: Perms) -> Result<Update, Halt> {
    if args.users.is_empty() {
        refuse_clearing_defaults(perms)?;
    }
    Ok(Update {
        rooms: args.rooms,
        add_moderators: args.add_moderators,
        delete_moderators: args.delete_moderators,
        admin: args.admin,
        visible: args.visible,
        hidden: args.hidden,
        ban: args.ban,
        ban_time: args.ban_time.map(relay_config::Span::get),
        unban: args.unban,
        users: args.users,
        perms,
        description: args.description,
        name: args.name,
    })
}

/// PySOGS runs into its database here.
fn refuse_clearing_defaults(perms: Perms) -> Result<(), Halt> {
    if perms.clears() {
        return refused(
            "Error: --clear-perms needs --users: the permissions of a room itself can only be added or removed",
        );
    }
    Ok(())
}

fn refused<T>(line: &str) -> Result<T, Halt> {
    Err(Halt::Error(line.to_owned()))
}

/// `\n` is a new line and `\\` a backslash; whatever else follows a backslash stays.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (meant, length) = match rest.as_bytes().get(1) {
            Some(b'n') => ('\n', 2),
            Some(b'\\') => ('\\', 2),
            _ => ('\\', 1),
        };
        out.push(meant);
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn said(line: &str) -> String {
        let args = Args::try_parse_from(line.split(' ')).expect("a command line");
        match action(args) {
            Err(Halt::Error(line)) => line,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn one_action_at_a_time() {
        let pairs = [
            (
                "sogs --add-room a --delete-room b",
                "--add-room and --delete-room",
            ),
            (
                "sogs -L --name x --rooms a",
                "room modifiers and --list-rooms",
            ),
            ("sogs -L -M", "--list-rooms and --list-global-mods"),
            ("sogs --initialize --upgrade", "--initialize and --upgrade"),
        ];
        for (line, both) in pairs {
            assert_eq!(said(line), format!("Error: {both} are incompatible"));
        }
        assert!(said("sogs --name x").starts_with("A room must be specified"));
        assert!(said("sogs -L --rooms a").starts_with("Error: --rooms specified without"));
        assert_eq!(said("sogs --admin"), "Err(Said(1))");
    }

    #[test]
    fn tokens_and_permissions_are_checked() {
        assert!(said("sogs --add-room a.b").starts_with("Error: room tokens may only"));
        assert!(said("sogs --add-room a --clear-perms r").contains("needs --users"));
        assert!(said("sogs --rooms a --clear-perms r").contains("needs --users"));
        assert!(said("sogs --rooms a --users 05 --clear-perms r").starts_with("Ok(Update"));
    }

    #[test]
    fn descriptions_are_unescaped() {
        assert_eq!(unescaped(r"a\nb\\n\t\"), "a\nb\\n\\t\\");
        assert_eq!(unescaped("plain"), "plain");
    }
}
