//! `relayctl sogs`: the command line.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use relay_config::Span;

#[derive(Debug, Subcommand)]
pub(crate) enum Sogs {
    /// Make, list, show, change, empty and delete rooms
    #[command(subcommand, arg_required_else_help = true)]
    Room(Room),
    /// Make moderators and admins, of rooms or of the whole server
    #[command(subcommand, arg_required_else_help = true)]
    Mod(Mod),
    /// Ban people, from rooms or from the whole server, for a while or for ever
    #[command(subcommand, arg_required_else_help = true)]
    Ban(Ban),
    /// Show and set what may be done in a room: by everybody, by single people, now and later
    #[command(subcommand, arg_required_else_help = true)]
    Perms(Perms),
    /// Show what is known of somebody
    #[command(subcommand, arg_required_else_help = true)]
    User(User),
    /// Show and delete single messages
    #[command(subcommand, arg_required_else_help = true)]
    Message(Message),
    /// Print the links to join rooms with
    #[command(after_help = "\
Examples:
  relayctl sogs url
  relayctl sogs url lounge --qr")]
    Url {
        /// Only of this room
        room: Option<String>,
        /// As a QR code, too; for terminals with light letters on a dark ground
        #[arg(long)]
        qr: bool,
    },
    /// Show what is filtered, and try it
    #[command(subcommand, arg_required_else_help = true)]
    Filter(Filter),
    /// Show the server in figures
    Stats,
    /// Show what moderators did, newest first
    Log {
        /// How many entries at most
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u32,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Room {
    /// Make a room
    #[command(after_help = "\
Examples:
  relayctl sogs room add lounge --name \"The Lounge\"
  relayctl sogs room add news --name News --perms ra      everybody reads, moderators write")]
    Add {
        /// What it is called in links: letters, digits, _ and -
        token: String,
        /// Its name; else the token
        #[arg(long)]
        name: Option<String>,
        /// What it is about
        #[arg(long)]
        description: Option<String>,
        /// What everybody may do: r(ead), w(rite), u(pload), a(ccess: know that it is there)
        #[arg(long, value_name = "FLAGS", default_value = "rwua")]
        perms: Flags,
    },
    /// List all rooms
    List,
    /// Show a room in figures
    Show {
        /// Its token
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        token: String,
    },
    /// Change a room
    #[command(after_help = "\
Examples:
  relayctl sogs room edit lounge --name \"Lobby\" --description \"\"
  relayctl sogs room edit lounge --retention 30d --slow-mode 10s")]
    Edit(RoomEdit),
    /// Delete a room and everything in it
    Delete(Sure),
    /// Forget all messages of a room; apps that have them keep them
    Clear(Sure),
}

#[derive(Args, Debug)]
pub(crate) struct RoomEdit {
    /// Its token
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) token: String,
    /// Another name
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// What it is about; empty to remove it
    #[arg(long)]
    pub(crate) description: Option<String>,
    /// Another image: a PNG, JPEG, GIF or WebP file of at most 1 MB
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) image: Option<std::path::PathBuf>,
    /// How long messages stay; 0s for as long as configured
    #[arg(long, value_name = "SPAN")]
    pub(crate) retention: Option<Span>,
    /// How long users wait between two posts; 0s for as long as configured
    #[arg(long, value_name = "SPAN")]
    pub(crate) slow_mode: Option<Span>,
}

#[derive(Args, Debug)]
pub(crate) struct Sure {
    /// Its token
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub(crate) token: String,
    /// Yes, for good
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Who {
    /// Their ids: 05, 15 or 25, and 64 hex digits
    #[arg(required = true, value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// In which rooms: tokens; or + for the whole server; or '*' for every room there is
    #[arg(
        long = "room",
        visible_alias = "rooms",
        required = true,
        value_name = "TOKEN"
    )]
    pub(crate) rooms: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Mod {
    /// Make somebody a moderator or an admin
    #[command(after_help = "\
Examples:
  relayctl sogs mod add 05… --room lounge
  relayctl sogs mod add 05… --room + --admin --visible

Visible in rooms and hidden on the whole server, if nothing is said. Admins named without --admin
become moderators.")]
    Add {
        #[command(flatten)]
        who: Who,
        /// An admin, who may also change rooms and make moderators
        #[arg(long)]
        admin: bool,
        /// Everybody is shown that
        #[arg(long, conflicts_with = "hidden")]
        visible: bool,
        /// Nobody but moderators is shown that
        #[arg(long)]
        hidden: bool,
    },
    /// Take away both roles
    Remove(Who),
    /// List everybody with a role
    List {
        /// Only of this room; + for those of the whole server
        room: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Ban {
    /// Ban somebody
    #[command(after_help = "\
Examples:
  relayctl sogs ban add 15… --room lounge --for 7d
  relayctl sogs ban add 15… --room +")]
    Add {
        #[command(flatten)]
        who: Who,
        /// For how long; else for ever
        #[arg(long = "for", value_name = "SPAN")]
        span: Option<Span>,
    },
    /// Let somebody back in
    Remove(Who),
    /// List everybody who is banned
    List {
        /// Only from this room; + for those banned from the whole server
        room: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Perms {
    /// Show what may be done in a room
    Show {
        /// Its token
        room: String,
    },
    /// Set what may be done in a room
    #[command(after_help = "\
Examples:
  relayctl sogs perms set lounge --deny u                  nobody uploads
  relayctl sogs perms set lounge --user 15… --allow u      but this one
  relayctl sogs perms set lounge --user 15… --clear rwua   as everybody again
  relayctl sogs perms set lounge --user 15… --deny w --in 1h")]
    Set {
        /// Its token
        room: String,
        /// Of whom; else of everybody
        #[arg(long = "user", value_name = "ID")]
        ids: Vec<String>,
        /// What to give: r(ead), w(rite), u(pload), a(ccess)
        #[arg(long, value_name = "FLAGS")]
        allow: Option<Flags>,
        /// What to take
        #[arg(long, value_name = "FLAGS")]
        deny: Option<Flags>,
        /// What shall follow from the room again
        #[arg(long, value_name = "FLAGS")]
        clear: Option<Flags>,
        /// Later by so long
        #[arg(long = "in", value_name = "SPAN")]
        delay: Option<Span>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Show what is known of somebody, and what they may do where
    Show {
        /// Their id
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Message {
    /// Show a message
    Show {
        /// Its number
        id: i64,
    },
    /// Delete a message; apps delete it, too
    Delete {
        /// Its number
        id: i64,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Filter {
    /// Show what is filtered; set it in [sogs.filter] and [sogs.rooms.TOKEN] of the configuration
    Show,
    /// Try what becomes of a message, without posting it
    ///
    /// Exits with 1 when it does not pass.
    Test {
        /// What it says
        text: String,
        /// In this room; else in one with no settings of its own
        #[arg(long, value_name = "TOKEN")]
        room: Option<String>,
        /// What its author is called
        #[arg(long)]
        name: Option<String>,
    },
}

/// Some of `rwua`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Flags {
    pub(crate) read: bool,
    pub(crate) write: bool,
    pub(crate) upload: bool,
    pub(crate) access: bool,
}

impl std::str::FromStr for Flags {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut flags = Self::default();
        for letter in text.chars() {
            match letter {
                'r' => flags.read = true,
                'w' => flags.write = true,
                'u' => flags.upload = true,
                'a' => flags.access = true,
                other => return Err(format!("`{other}` is none of r, w, u and a")),
            }
        }
        Ok(flags)
    }
}
