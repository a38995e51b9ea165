//! What goes over the admin socket. Times are Unix seconds, lengths of time seconds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What everybody may do in a room.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Defaults {
    /// May read.
    pub read: bool,
    /// May know that the room exists.
    pub accessible: bool,
    /// May write.
    pub write: bool,
    /// May upload files, if they may write.
    pub upload: bool,
}

/// A room.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Room {
    /// What it is called in URLs.
    pub token: String,
    /// Its name.
    pub name: String,
    /// What it is about.
    pub description: Option<String>,
    /// The link to join it with.
    pub url: String,
    /// When it was made.
    pub created: i64,
    /// Users seen lately.
    pub active_users: i64,
    /// What everybody may do.
    pub defaults: Defaults,
    /// How long messages stay, if set for this room and not for ever.
    pub retention: Option<u64>,
    /// How long users wait between two posts, if set for this room.
    pub slow_mode: Option<u64>,
    /// Everybody who moderates it, the hidden ones too.
    pub moderators: Vec<String>,
    /// Its admins, the hidden ones too.
    pub admins: Vec<String>,
    /// How many of both are hidden.
    pub hidden: usize,
}

/// A room in figures.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct RoomInFigures {
    /// The room.
    pub room: Room,
    /// Messages that are there.
    pub messages: i64,
    /// Their bytes.
    pub message_bytes: i64,
    /// Files.
    pub files: i64,
    /// Their bytes.
    pub file_bytes: i64,
    /// Reactions.
    pub reactions: i64,
    /// The five most used, and how often.
    pub top_reactions: Vec<(String, i64)>,
    /// Users seen within 1, 7, 14 and 30 days.
    pub active: [i64; 4],
    /// Users banned from it.
    pub banned: i64,
}

/// A room to be made.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NewRoom {
    /// What it is called in URLs.
    pub token: String,
    /// Its name; the token if not said.
    pub name: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// What everybody may do.
    pub defaults: Defaults,
}

/// A change of a room: what is not said stays.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RoomEdit {
    /// Its name.
    pub name: Option<String>,
    /// What it is about; empty to remove it.
    pub description: Option<String>,
    /// Another image, in base64.
    pub image: Option<String>,
    /// How long messages stay; 0 for as long as configured.
    pub retention: Option<u64>,
    /// How long users wait between two posts; 0 for as long as configured.
    pub slow_mode: Option<u64>,
}

/// How many there were.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Count {
    /// How many.
    pub count: u64,
}

/// Somebody who moderates.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Moderator {
    /// Who.
    pub id: String,
    /// In which room; on the whole server if none.
    pub room: Option<String>,
    /// Whether they are an admin.
    pub admin: bool,
    /// Whether everybody is shown that.
    pub visible: bool,
}

/// A change of roles.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SetRole {
    /// Of whom.
    pub ids: Vec<String>,
    /// Tokens of rooms; or `+` alone, the whole server; or `*` alone, every room there is.
    pub rooms: Vec<String>,
    /// What they become.
    pub role: Role,
    /// Whether everybody is shown that; if not said, in rooms and not on the whole server.
    pub visible: Option<bool>,
}

/// What somebody becomes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Admin, and so moderator.
    Admin,
    /// Moderator, and no admin.
    Moderator,
    /// Neither.
    None,
}

/// Somebody who is banned.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Ban {
    /// Who.
    pub id: String,
    /// From which room; from the whole server if none.
    pub room: Option<String>,
    /// When it ends, if it does.
    pub until: Option<i64>,
}

/// A change of bans.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SetBan {
    /// Of whom.
    pub ids: Vec<String>,
    /// Tokens of rooms; or `+` alone, the whole server; or `*` alone, every room there is.
    pub rooms: Vec<String>,
    /// Whether they are banned then.
    pub banned: bool,
    /// For how long; for ever if not said.
    pub timeout: Option<u64>,
}

/// What may be done in a room, and by whom.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct RoomPermissions {
    /// What everybody may do.
    pub defaults: Defaults,
    /// What is set for single users, by id.
    pub users: Vec<UserPermissions>,
    /// What will be, by time.
    pub futures: Vec<Future>,
}

/// What is set for one user in a room; what is not said follows from the room.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct UserPermissions {
    /// Who.
    pub id: String,
    /// May read.
    pub read: Option<bool>,
    /// May know that the room exists.
    pub accessible: Option<bool>,
    /// May write.
    pub write: Option<bool>,
    /// May upload.
    pub upload: Option<bool>,
    /// Moderates.
    pub moderator: bool,
    /// Is an admin.
    pub admin: bool,
    /// Is a moderator or admin nobody is shown.
    pub hidden: bool,
    /// May do nothing.
    pub banned: bool,
}

/// A change that will come.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Future {
    /// When.
    pub at: i64,
    /// Of whom.
    pub id: String,
    /// May read.
    pub read: Option<bool>,
    /// May write.
    pub write: Option<bool>,
    /// May upload.
    pub upload: Option<bool>,
    /// Is banned, or is not any more.
    pub banned: Option<bool>,
}

/// What becomes of one permission.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It stays as it is.
    #[default]
    Keep,
    /// It is given.
    Allow,
    /// It is taken.
    Deny,
    /// The room's default counts again.
    Clear,
}

/// A change of permissions.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SetPermissions {
    /// Of whom; of everybody if nobody is named.
    pub ids: Vec<String>,
    /// May read.
    pub read: Change,
    /// May know that the room exists.
    pub accessible: Change,
    /// May write.
    pub write: Change,
    /// May upload.
    pub upload: Change,
    /// Later by so long; now if not said.
    pub delay: Option<u64>,
}

/// A user.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct User {
    /// Who.
    pub id: String,
    /// When they came, or were first named.
    pub created: i64,
    /// When they last signed something, if they did.
    pub last_active: Option<i64>,
    /// Whether they are banned from the whole server.
    pub banned: bool,
    /// Whether they moderate every room.
    pub moderator: bool,
    /// Whether they are an admin of every room.
    pub admin: bool,
    /// What is set for them in single rooms, by token.
    pub rooms: Vec<(String, UserPermissions)>,
}

/// A message.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Message {
    /// Its number.
    pub id: i64,
    /// In which room.
    pub room: String,
    /// Who wrote it.
    pub author: String,
    /// When.
    pub posted: i64,
    /// When it was last changed, if it was.
    pub edited: Option<i64>,
    /// Whether it is for moderators or one user.
    pub whisper: bool,
    /// Whether a filter keeps it from everybody.
    pub filtered: bool,
    /// What its author calls themselves.
    pub name: Option<String>,
    /// What it says.
    pub text: Option<String>,
}

/// Where everything is found.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Links {
    /// What links begin with.
    pub base_url: String,
    /// The server's key, in hex.
    pub public_key: String,
    /// What is wrong with the base URL, if something is.
    pub warning: Option<String>,
    /// The link of each room.
    pub rooms: Vec<Link>,
}

/// The link to join a room with.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Link {
    /// Of the room.
    pub token: String,
    /// The link.
    pub url: String,
    /// It as a QR code, for terminals with light letters on a dark ground.
    pub qr: String,
}

/// What is filtered in a room.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Filter {
    /// Of the room; of every other if none.
    pub room: Option<String>,
    /// Scripts that are not wanted.
    pub alphabets: Vec<String>,
    /// Whether the authors are left in the dark.
    pub alphabet_silent: bool,
    /// Whether words are looked for.
    pub profanity: bool,
    /// Whether the authors are left in the dark.
    pub profanity_silent: bool,
    /// Whether moderators are filtered, too.
    pub filter_moderators: bool,
}

/// A message to try a filter with.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FilterTest {
    /// In which room; in any other if none.
    pub room: Option<String>,
    /// What it says.
    pub text: String,
    /// What its author is called.
    pub name: Option<String>,
}

/// What a filter makes of a message.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct FilterVerdict {
    /// `pass`, `hide` or `reject`.
    pub verdict: String,
    /// What was found: `profanity` or an alphabet.
    pub found: Option<String>,
}

/// The server in figures.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Stats {
    /// Rooms.
    pub rooms: i64,
    /// Users ever seen or named.
    pub users: i64,
    /// Users seen within 7 days.
    pub active_users: i64,
    /// Messages that are there.
    pub messages: i64,
    /// Files.
    pub files: i64,
    /// Their bytes.
    pub file_bytes: i64,
    /// Direct messages.
    pub direct_messages: i64,
    /// Rights that wait for their owners to appear.
    pub pending: i64,
}

/// Something a moderator did.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Moderated {
    /// When.
    pub at: i64,
    /// By whom.
    pub by: String,
    /// What, such as `ban` or `message.delete`.
    pub what: String,
    /// In which room.
    pub room: Option<String>,
    /// To whom.
    pub to: Option<String>,
    /// To which message.
    pub message: Option<i64>,
    /// How.
    pub detail: Option<String>,
}
