//! Which of the server's endpoints a path is.
//!
//! Paths come decoded, so an emoji may have been sent encoded or as it is. Numbers are plain
//! decimals and ids may be in upper case. What does not fit is no endpoint at all: 404, and no
//! bogus user.

use axum::http::Method;

use crate::config::SogsConfig;
use crate::crypto::SessionId;
use crate::domain::reactions::Emoji;
use crate::domain::token::RoomToken;
use crate::wire::onion::{self, Version};
use crate::wire::{MAX_JSON, Refusal, Target};

/// An endpoint and what its path names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Endpoint {
    /// `/batch` or `/sequence`.
    Batch(Order),
    /// `/capabilities`.
    Capabilities,
    /// `/rooms/all/{id}`: everything somebody wrote anywhere.
    Everywhere(SessionId),
    /// `/inbox`, and `/inbox/since/{id}`.
    Inbox(Option<i64>),
    /// `/inbox/{id}`: to somebody.
    InboxOf(SessionId),
    /// `/legacy/…`, and what follows.
    Legacy(String),
    /// Where onion requests arrive; not for what is inside one.
    Onion(Version),
    /// `/outbox`, and `/outbox/since/{id}`.
    Outbox(Option<i64>),
    /// `/room/{token}` and all below.
    Room(RoomToken, InRoom),
    /// `/rooms`.
    Rooms,
    /// `/user/{id}/…`.
    User(SessionId, Moderation),
}

/// How the parts of a batch run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Order {
    /// All of them.
    All,
    /// Until one fails.
    UntilFailure,
}

/// What there is in a room.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum InRoom {
    /// `all/{id}`: everything somebody wrote.
    AllOf(SessionId),
    /// `file/{id}`, with or without a name.
    File(i64),
    /// `futurePermissions`, of all or one.
    Futures(Option<SessionId>),
    /// The room itself.
    Info,
    /// `message/{id}`.
    Message(i64),
    /// `messages/…`.
    Messages(Which),
    /// `permissions`, of all or one.
    Permissions(Option<SessionId>),
    /// `pin/{id}`.
    Pin(i64),
    /// `pollInfo/{info_updates}`.
    PollInfo(i64),
    /// `message`, to post.
    Post,
    /// `reaction/{id}/{emoji}`.
    Reaction(i64, Emoji),
    /// `reactions/{id}`, or only those with one emoji.
    Reactions(i64, Option<Emoji>),
    /// `reactors/{id}/{emoji}`.
    Reactors(i64, Emoji),
    /// `unpin/{id}`, or `unpin/all`.
    Unpin(Option<i64>),
    /// `file`, to upload.
    Upload,
}

/// Which messages are read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Which {
    /// `before/{id}`.
    Before(i64),
    /// `recent`.
    Recent,
    /// `since/{seqno}`.
    Since(i64),
}

/// What is done about somebody.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Moderation {
    /// `ban`.
    Ban,
    /// `moderator`.
    Role,
    /// `unban`.
    Unban,
}

const GET: &[Method] = &[Method::GET];
const POST: &[Method] = &[Method::POST];
const DELETE: &[Method] = &[Method::DELETE];
const GET_POST: &[Method] = &[Method::GET, Method::POST];
const GET_PUT: &[Method] = &[Method::GET, Method::PUT];
const GET_DELETE: &[Method] = &[Method::GET, Method::DELETE];
const PUT_DELETE: &[Method] = &[Method::PUT, Method::DELETE];
const GET_PUT_DELETE: &[Method] = &[Method::GET, Method::PUT, Method::DELETE];
const GET_POST_DELETE: &[Method] = &[Method::GET, Method::POST, Method::DELETE];

impl Endpoint {
    /// The endpoint a path leads to. A reaction that is too long is refused as malformed, everything
    /// else as not found.
    pub fn of(target: &Target, config: &SogsConfig) -> Result<Self, Refusal> {
        let path = target.path();
        if let Some(version) = Version::of_path(path) {
            return Ok(Self::Onion(version));
        }
        let path = path.strip_prefix('/').ok_or(Refusal::NotFound)?;
        if let Some((token, rest)) = path.strip_prefix("room/").map(split) {
            let token = token.parse().map_err(|_| Refusal::NotFound)?;
            let max_emoji = config.messages.max_reaction;
            return InRoom::of(rest, max_emoji).map(|rest| Self::Room(token, rest));
        }
        if let Some(rest) = path.strip_prefix("legacy/") {
            return Ok(Self::Legacy(rest.to_owned()));
        }
        Self::elsewhere(path).ok_or(Refusal::NotFound)
    }

    fn elsewhere(path: &str) -> Option<Self> {
        match path.split('/').collect::<Vec<_>>().as_slice() {
            ["batch"] => Some(Self::Batch(Order::All)),
            ["capabilities"] => Some(Self::Capabilities),
            ["inbox"] => Some(Self::Inbox(None)),
            ["inbox", "since", id] => number(id).map(|id| Self::Inbox(Some(id))),
            ["inbox", id] => self::id(id).map(Self::InboxOf),
            ["outbox"] => Some(Self::Outbox(None)),
            ["outbox", "since", id] => number(id).map(|id| Self::Outbox(Some(id))),
            ["rooms"] => Some(Self::Rooms),
            ["rooms", "all", id] => self::id(id).map(Self::Everywhere),
            ["sequence"] => Some(Self::Batch(Order::UntilFailure)),
            ["user", id, what] => Some(Self::User(self::id(id)?, Moderation::named(what)?)),
            _ => None,
        }
    }

    /// The methods it knows, `HEAD` and `OPTIONS` aside.
    pub fn methods(&self) -> &'static [Method] {
        match self {
            Self::Capabilities | Self::Outbox(_) | Self::Rooms | Self::Inbox(Some(_)) => GET,
            Self::Inbox(None) => GET_DELETE,
            Self::Batch(_) | Self::InboxOf(_) | Self::Onion(_) | Self::User(..) => POST,
            Self::Everywhere(_) => DELETE,
            Self::Legacy(_) => GET_POST_DELETE,
            Self::Room(_, in_room) => in_room.methods(),
        }
    }

    /// The longest body it reads.
    pub fn max_body(&self, config: &SogsConfig) -> usize {
        match self {
            Self::Batch(_) | Self::Onion(_) | Self::Legacy(_) => onion::MAX_BODY,
            Self::Room(token, InRoom::Upload) => {
                let max = config.max_file_size_in(token.as_str()).get();
                usize::try_from(max).unwrap_or(usize::MAX)
            }
            _ => MAX_JSON,
        }
    }

    /// Its path with the names left open, for metrics.
    pub fn template(&self) -> &'static str {
        match self {
            Self::Batch(Order::All) => "/batch",
            Self::Batch(Order::UntilFailure) => "/sequence",
            Self::Capabilities => "/capabilities",
            Self::Everywhere(_) => "/rooms/all/{id}",
            Self::Inbox(None) => "/inbox",
            Self::Inbox(Some(_)) => "/inbox/since/{id}",
            Self::InboxOf(_) => "/inbox/{id}",
            Self::Legacy(_) => "/legacy",
            Self::Onion(Version::V3) => "/oxen/v3/lsrpc",
            Self::Onion(Version::V4) => "/oxen/v4/lsrpc",
            Self::Outbox(None) => "/outbox",
            Self::Outbox(Some(_)) => "/outbox/since/{id}",
            Self::Room(_, in_room) => in_room.template(),
            Self::Rooms => "/rooms",
            Self::User(_, Moderation::Ban) => "/user/{id}/ban",
            Self::User(_, Moderation::Role) => "/user/{id}/moderator",
            Self::User(_, Moderation::Unban) => "/user/{id}/unban",
        }
    }
}

impl InRoom {
    fn of(path: Option<&str>, max_emoji: usize) -> Result<Self, Refusal> {
        let Some(path) = path else {
            return Ok(Self::Info);
        };
        let (kind, rest) = split(path);
        let Some(rest) = rest else {
            return Self::plural(kind).ok_or(Refusal::NotFound);
        };
        if kind.starts_with("react") {
            return Self::reaction(kind, rest, max_emoji);
        }
        Self::single(kind, rest).ok_or(Refusal::NotFound)
    }

    fn plural(kind: &str) -> Option<Self> {
        match kind {
            "file" => Some(Self::Upload),
            "futurePermissions" => Some(Self::Futures(None)),
            "message" => Some(Self::Post),
            "permissions" => Some(Self::Permissions(None)),
            _ => None,
        }
    }

    fn single(kind: &str, rest: &str) -> Option<Self> {
        match kind {
            "all" => id(rest).map(Self::AllOf),
            // What follows the number is only there for whoever saves the file.
            "file" => match split(rest) {
                (_, Some("")) => None,
                (id, _) => number(id).map(Self::File),
            },
            "futurePermissions" => id(rest).map(|id| Self::Futures(Some(id))),
            "message" => number(rest).map(Self::Message),
            "messages" => Which::of(rest).map(Self::Messages),
            "permissions" => id(rest).map(|id| Self::Permissions(Some(id))),
            "pin" => number(rest).map(Self::Pin),
            "pollInfo" => number(rest).map(Self::PollInfo),
            "unpin" if rest == "all" => Some(Self::Unpin(None)),
            "unpin" => number(rest).map(|id| Self::Unpin(Some(id))),
            _ => None,
        }
    }

    fn reaction(kind: &str, rest: &str, max_emoji: usize) -> Result<Self, Refusal> {
        let (message, emoji) = split(rest);
        let message = number(message).ok_or(Refusal::NotFound)?;
        let emoji = emoji.filter(|emoji| !emoji.is_empty());
        let emoji = match (kind, emoji) {
            ("reactions", None) if !rest.ends_with('/') => None,
            (_, None) => return Err(Refusal::NotFound),
            (_, Some(emoji)) => Some(Emoji::parse(emoji, max_emoji)?),
        };
        match (kind, emoji) {
            ("reaction", Some(emoji)) => Ok(Self::Reaction(message, emoji)),
            ("reactions", emoji) => Ok(Self::Reactions(message, emoji)),
            ("reactors", Some(emoji)) => Ok(Self::Reactors(message, emoji)),
            _ => Err(Refusal::NotFound),
        }
    }

    const fn methods(&self) -> &'static [Method] {
        match self {
            Self::AllOf(_) | Self::Reactions(..) => DELETE,
            Self::File(_)
            | Self::Futures(None)
            | Self::Messages(_)
            | Self::Permissions(None)
            | Self::PollInfo(_)
            | Self::Reactors(..) => GET,
            Self::Futures(Some(_)) | Self::Permissions(Some(_)) => GET_POST,
            Self::Info => GET_PUT,
            Self::Message(_) => GET_PUT_DELETE,
            Self::Pin(_) | Self::Post | Self::Unpin(_) | Self::Upload => POST,
            Self::Reaction(..) => PUT_DELETE,
        }
    }

    const fn template(&self) -> &'static str {
        match self {
            Self::AllOf(_) => "/room/{token}/all/{id}",
            Self::File(_) => "/room/{token}/file/{id}",
            Self::Futures(None) => "/room/{token}/futurePermissions",
            Self::Futures(Some(_)) => "/room/{token}/futurePermissions/{id}",
            Self::Info => "/room/{token}",
            Self::Message(_) => "/room/{token}/message/{id}",
            Self::Messages(Which::Before(_)) => "/room/{token}/messages/before/{id}",
            Self::Messages(Which::Recent) => "/room/{token}/messages/recent",
            Self::Messages(Which::Since(_)) => "/room/{token}/messages/since/{seqno}",
            Self::Permissions(None) => "/room/{token}/permissions",
            Self::Permissions(Some(_)) => "/room/{token}/permissions/{id}",
            Self::Pin(_) => "/room/{token}/pin/{id}",
            Self::PollInfo(_) => "/room/{token}/pollInfo/{info_updates}",
            Self::Post => "/room/{token}/message",
            Self::Reaction(..) => "/room/{token}/reaction/{id}/{emoji}",
            Self::Reactions(_, None) => "/room/{token}/reactions/{id}",
            Self::Reactions(_, Some(_)) => "/room/{token}/reactions/{id}/{emoji}",
            Self::Reactors(..) => "/room/{token}/reactors/{id}/{emoji}",
            Self::Unpin(Some(_)) => "/room/{token}/unpin/{id}",
            Self::Unpin(None) => "/room/{token}/unpin/all",
            Self::Upload => "/room/{token}/file",
        }
    }
}

impl Which {
    fn of(path: &str) -> Option<Self> {
        match split(path) {
            ("before", Some(id)) => number(id).map(Self::Before),
            ("recent", None) => Some(Self::Recent),
            ("since", Some(seqno)) => number(seqno).map(Self::Since),
            _ => None,
        }
    }
}

impl Moderation {
    fn named(name: &str) -> Option<Self> {
        match name {
            "ban" => Some(Self::Ban),
            "moderator" => Some(Self::Role),
            "unban" => Some(Self::Unban),
            _ => None,
        }
    }
}

/// The first segment, and what follows its slash.
fn split(path: &str) -> (&str, Option<&str>) {
    match path.split_once('/') {
        Some((first, rest)) => (first, Some(rest)),
        None => (path, None),
    }
}

/// Digits and nothing else.
fn number(text: &str) -> Option<i64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

fn id(text: &str) -> Option<SessionId> {
    text.parse().ok()
}

#[cfg(test)]
mod tests;
