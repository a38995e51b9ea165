//! The options of PySOGS, and refusals in the form of Python's argparse.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use clap::{ArgAction, Parser};
use relay_config::Span;
use relay_core::core::VERSION;

use super::super::say;

/// Runs a Session Open Group Server: rooms, moderators, permissions.
///
/// Speaks the language of PySOGS. `relayctl sogs` does the same, and more.
#[derive(Debug, Parser)]
#[command(
    name = "sogs",
    override_usage = USAGE,
    after_help = HELP,
    args_override_self = true,
    infer_long_args = true,
    disable_version_flag = true
)]
pub(super) struct Args {
    /// Show the version and end
    #[arg(long, short = 'V')]
    pub(super) version: bool,
    /// Make a room
    #[arg(long, value_name = "TOKEN")]
    pub(super) add_room: Option<String>,
    /// The name of a room, with --add-room or --rooms; the token if a new room gets none
    #[arg(long)]
    pub(super) name: Option<String>,
    /// The description of a room, with --add-room or --rooms; \n is a new line, nothing removes it
    #[arg(long)]
    pub(super) description: Option<String>,
    /// Delete a room and everything in it
    #[arg(long, value_name = "TOKEN")]
    pub(super) delete_room: Option<String>,
    /// Make these moderators of the --rooms
    #[arg(long, value_name = "SESSIONID", num_args = 1.., action = ArgAction::Set)]
    pub(super) add_moderators: Vec<String>,
    /// Take the role of moderator or admin of the --rooms from these
    #[arg(long, value_name = "SESSIONID", num_args = 1.., action = ArgAction::Set)]
    pub(super) delete_moderators: Vec<String>,
    /// Change the permissions of these users, not of everybody
    #[arg(long, value_name = "SESSIONID", num_args = 1.., action = ArgAction::Set)]
    pub(super) users: Vec<String>,
    /// Allow in the --rooms (or the new one): any of r (read), w (write), u (upload), a (access)
    #[arg(long)]
    pub(super) add_perms: Option<String>,
    /// Deny the same
    #[arg(long)]
    pub(super) remove_perms: Option<String>,
    /// Let the room's own permissions count again for --users
    #[arg(long)]
    pub(super) clear_perms: Option<String>,
    /// Make them admins, not moderators only
    #[arg(long)]
    pub(super) admin: bool,
    /// Which rooms: tokens; or + for the whole server; or * for every room there is
    #[arg(long, value_name = "TOKEN", num_args = 1.., action = ArgAction::Set)]
    pub(super) rooms: Vec<String>,
    /// Show everybody that they moderate, as is usual in rooms
    #[arg(long, conflicts_with = "hidden")]
    pub(super) visible: bool,
    /// Show it to moderators only, as is usual for the whole server
    #[arg(long)]
    pub(super) hidden: bool,
    /// List rooms and their figures
    #[arg(long, short = 'L')]
    pub(super) list_rooms: bool,
    /// List moderators and admins of the whole server
    #[arg(long, short = 'M')]
    pub(super) list_global_mods: bool,
    /// Show more, such as the moderators of rooms
    #[arg(long, short = 'v', action = ArgAction::SetTrue)]
    pub(super) verbose: bool,
    /// Do it without asking
    #[arg(long)]
    pub(super) yes: bool,
    /// Make the database and the key, if there are none
    #[arg(long)]
    pub(super) initialize: bool,
    /// Bring the database up to date; relayd does so by itself when it starts
    #[arg(long, short = 'U')]
    pub(super) upgrade: bool,
    /// Say whether the database has to be brought up to date: exit code 0 if not, 5 if so
    #[arg(long)]
    pub(super) check_upgrades: bool,
    /// Print the links of all rooms (not in PySOGS)
    #[arg(long)]
    pub(super) print_url: bool,
    /// Delete all messages of a room (not in PySOGS)
    #[arg(long, value_name = "TOKEN")]
    pub(super) clear_room: Option<String>,
    /// Ban these from the --rooms (not in PySOGS)
    #[arg(long, value_name = "SESSIONID", num_args = 1.., action = ArgAction::Set)]
    pub(super) ban: Vec<String>,
    /// For how long, like 12h or 7d; for ever if not said (not in PySOGS)
    #[arg(long, value_name = "TIME")]
    pub(super) ban_time: Option<Span>,
    /// Let these into the --rooms again (not in PySOGS)
    #[arg(long, value_name = "SESSIONID", num_args = 1.., action = ArgAction::Set)]
    pub(super) unban: Vec<String>,
    /// List who is banned (not in PySOGS)
    #[arg(long)]
    pub(super) list_bans: bool,
}

const USAGE: &str = "sogs [-h] [--version] [--add-room TOKEN] [--name NAME]
            [--description DESCRIPTION] [--delete-room TOKEN]
            [--add-moderators SESSIONID [SESSIONID ...]]
            [--delete-moderators SESSIONID [SESSIONID ...]]
            [--users SESSIONID [SESSIONID ...]] [--add-perms ADD_PERMS]
            [--remove-perms REMOVE_PERMS] [--clear-perms CLEAR_PERMS]
            [--admin] [--rooms TOKEN [TOKEN ...]] [--visible | --hidden]
            [--list-rooms] [--list-global-mods] [--verbose] [--yes]
            [--initialize] [--upgrade] [--check-upgrades]
            [--print-url] [--clear-room TOKEN] [--list-bans]
            [--ban SESSIONID [SESSIONID ...]] [--ban-time TIME]
            [--unban SESSIONID [SESSIONID ...]]";

const HELP: &str = "\
Examples:
  sogs --add-room fish --name Fishing --description 'Australian fisheries chat'
  sogs --rooms fish --add-moderators 05… 05… --admin
  sogs --rooms + --add-moderators 05… --visible      moderator of the whole server
  sogs --rooms '*' --remove-perms u                  no uploads in any room
  sogs --rooms '*' --users 05… --clear-perms rwua
  sogs -L -v

Settings are found as relayctl finds them (relayd.toml); without such a file, sogs.ini is read for
them: $SOGS_CONFIG, or the one in the current directory.";

/// Understands the command line; what there is to say otherwise has been said.
pub(super) fn parse(args: &[OsString]) -> Result<Args, ExitCode> {
    match Args::try_parse_from(args) {
        Ok(args) if args.version => {
            say::out(&format!("PySOGS 0.3.8 (relayd {VERSION})\n"));
            Err(ExitCode::SUCCESS)
        }
        Ok(args) => Ok(args),
        Err(error) if !error.use_stderr() => {
            say::out(&error.to_string());
            Err(ExitCode::SUCCESS)
        }
        Err(error) => {
            say::err(&format!(
                "{}sogs: error: {}\n",
                usage(),
                reason(&error, args)
            ));
            Err(ExitCode::from(2))
        }
    }
}

/// The options in short.
pub(super) fn usage() -> String {
    format!("usage: {USAGE}\n")
}

fn reason(error: &Error, args: &[OsString]) -> String {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => option(text),
        Some(ContextValue::Strings(texts)) => texts.iter().map(|text| option(text)).collect(),
        _ => String::new(),
    };
    let arg = text(ContextKind::InvalidArg);
    match error.kind() {
        ErrorKind::UnknownArgument => format!("unrecognized arguments: {arg}"),
        ErrorKind::ArgumentConflict => {
            let other = text(ContextKind::PriorArg);
            let at = |option: &str| args.iter().position(|arg| arg == option);
            let (last, first) = if at(&arg) < at(&other) {
                (other, arg)
            } else {
                (arg, other)
            };
            format!("argument {last}: not allowed with argument {first}")
        }
        ErrorKind::InvalidValue if is_empty(error) => {
            let many = MANY.contains(&arg.as_str());
            let wanted = if many {
                "at least one argument"
            } else {
                "one argument"
            };
            format!("argument {arg}: expected {wanted}")
        }
        _ => {
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            line.strip_prefix("error: ").unwrap_or(line).to_owned()
        }
    }
}

/// Options that take several values.
const MANY: [&str; 6] = [
    "--add-moderators",
    "--delete-moderators",
    "--users",
    "--rooms",
    "--ban",
    "--unban",
];

fn is_empty(error: &Error) -> bool {
    let value = error.get(ContextKind::InvalidValue);
    matches!(value, Some(ContextValue::String(value)) if value.is_empty())
}

/// `--rooms <TOKEN>...` is `--rooms`.
fn option(text: &str) -> String {
    text.split([' ', '=']).next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parsed(line: &str) -> Result<Args, String> {
        let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        Args::try_parse_from(&args).map_err(|error| reason(&error, &args))
    }

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn options_are_as_argparse_takes_them() {
        let args = parsed("sogs --rooms=+ --add-mod 05aa 05bb --admin -Lv").expect("taken");
        assert_eq!(args.add_moderators, ["05aa", "05bb"]);
        assert_eq!(args.rooms, ["+"]);
        assert!(args.admin && args.list_rooms && args.verbose);
        let args = parsed("sogs --rooms a b --rooms c").expect("the last one counts");
        assert_eq!(args.rooms, ["c"]);
    }

    #[test]
    fn refusals_are_worded_as_argparse_words_them() {
        for (line, said) in [
            ("sogs --nonsense", "unrecognized arguments: --nonsense"),
            ("sogs stray", "unrecognized arguments: stray"),
            (
                "sogs --add-room",
                "argument --add-room: expected one argument",
            ),
            (
                "sogs --rooms",
                "argument --rooms: expected at least one argument",
            ),
            (
                "sogs --visible --hidden",
                "argument --hidden: not allowed with argument --visible",
            ),
        ] {
            assert_eq!(parsed(line).expect_err(line), said);
        }
    }
}
