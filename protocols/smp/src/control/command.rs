//! The commands, parsed.

use super::Role;
use crate::wire::{BlockingInfo, from_base64url};

/// What is asked. Ids are of senders, or of links.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Command {
    Auth(String),
    Help,
    Quit,
    /// An empty line.
    Skip,
    Stats,
    StatsRts,
    Clients,
    Sockets,
    SocketThreads,
    Threads,
    ServerInfo,
    Suspend,
    Resume,
    Save,
    Status(Vec<u8>),
    Delete(Vec<u8>),
    Block(Vec<u8>, BlockingInfo),
    Unblock(Vec<u8>),
}

const UNKNOWN: &str = "Failed reading: bad ControlProtocol command";
const TOO_LITTLE: &str = "not enough input";
const TOO_MUCH: &str = "endOfInput";
const NO_ID: &str = "Failed reading: invalid queue ID";
const NO_REASON: &str = "Failed reading: invalid blocking reason";

impl Command {
    /// Of a line. The error says why it is none, in the reference's words where it has some.
    pub(super) fn parse(line: &str) -> Result<Self, &'static str> {
        let (name, rest) = line
            .split_once(' ')
            .map_or((line, None), |(n, r)| (n, Some(r)));
        let plain = match name {
            "help" => Self::Help,
            "quit" => Self::Quit,
            "" => Self::Skip,
            "stats" => Self::Stats,
            "stats-rts" => Self::StatsRts,
            "clients" => Self::Clients,
            "sockets" => Self::Sockets,
            "socket-threads" => Self::SocketThreads,
            "threads" => Self::Threads,
            "server-info" => Self::ServerInfo,
            "suspend" => Self::Suspend,
            "resume" => Self::Resume,
            "save" => Self::Save,
            "auth" => return Ok(Self::Auth(word(rest)?.to_owned())),
            "status" => return Ok(Self::Status(id(word(rest)?)?)),
            "delete" => return Ok(Self::Delete(id(word(rest)?)?)),
            "unblock" => return Ok(Self::Unblock(id(word(rest)?)?)),
            "block" => return block(rest),
            _ => return Err(UNKNOWN),
        };
        rest.map_or(Ok(plain), |_| Err(TOO_MUCH))
    }

    /// Who may ask this.
    pub(super) const fn needs(&self) -> Role {
        match self {
            Self::Auth(_) | Self::Help | Self::Quit | Self::Skip | Self::StatsRts => Role::Nobody,
            Self::Stats
            | Self::Sockets
            | Self::ServerInfo
            | Self::Status(_)
            | Self::Block(..)
            | Self::Unblock(_) => Role::User,
            Self::Clients
            | Self::SocketThreads
            | Self::Threads
            | Self::Suspend
            | Self::Resume
            | Self::Save
            | Self::Delete(_) => Role::Admin,
        }
    }

    /// Whether it is nothing to log.
    pub(super) const fn is_quiet(&self) -> bool {
        matches!(self, Self::Auth(_) | Self::Help | Self::Quit | Self::Skip)
    }

    /// For logs: without what it is about.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Auth(_) => "auth",
            Self::Help => "help",
            Self::Quit => "quit",
            Self::Skip => "",
            Self::Stats => "stats",
            Self::StatsRts => "stats-rts",
            Self::Clients => "clients",
            Self::Sockets => "sockets",
            Self::SocketThreads => "socket-threads",
            Self::Threads => "threads",
            Self::ServerInfo => "server-info",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::Save => "save",
            Self::Status(_) => "status",
            Self::Delete(_) => "delete",
            Self::Block(..) => "block",
            Self::Unblock(_) => "unblock",
        }
    }
}

fn word(rest: Option<&str>) -> Result<&str, &'static str> {
    let rest = rest.filter(|rest| !rest.is_empty()).ok_or(TOO_LITTLE)?;
    if rest.contains(' ') {
        Err(TOO_MUCH)
    } else {
        Ok(rest)
    }
}

fn id(text: &str) -> Result<Vec<u8>, &'static str> {
    let id = from_base64url(text).ok();
    id.filter(|id| !id.is_empty()).ok_or(NO_ID)
}

/// What follows the id is JSON at its end, and may have spaces.
fn block(rest: Option<&str>) -> Result<Command, &'static str> {
    let (queue, info) = rest
        .and_then(|rest| rest.split_once(' '))
        .ok_or(TOO_LITTLE)?;
    let info = BlockingInfo::parse(info.as_bytes()).map_err(|_| NO_REASON)?;
    Ok(Command::Block(id(queue)?, info))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::{BlockingReason, ClientNotice};

    #[test]
    fn commands_and_what_they_are_about() {
        let parse = Command::parse;
        assert_eq!(parse("auth p%ss"), Ok(Command::Auth("p%ss".to_owned())));
        assert_eq!(parse(""), Ok(Command::Skip));
        assert_eq!(parse("socket-threads"), Ok(Command::SocketThreads));
        assert_eq!(parse("status AQID"), Ok(Command::Status(vec![1, 2, 3])));
        let info = BlockingInfo {
            reason: BlockingReason::Content,
            notice: Some(ClientNotice { ttl: Some(60) }),
        };
        assert_eq!(
            parse("block AQID reason=content,notice={\"ttl\": 60}"),
            Ok(Command::Block(vec![1, 2, 3], info))
        );
    }

    #[test]
    fn what_is_no_command() {
        for (line, reason) in [
            ("stat", UNKNOWN),
            ("STATS", UNKNOWN),
            ("stats now", TOO_MUCH),
            ("auth", TOO_LITTLE),
            ("auth a b", TOO_MUCH),
            ("delete", TOO_LITTLE),
            ("delete ?", NO_ID),
            ("block AQID", TOO_LITTLE),
            ("block AQID spam", NO_REASON),
            ("block ? reason=spam", NO_ID),
        ] {
            assert_eq!(Command::parse(line), Err(reason), "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_line(line: String) {
            let _ = Command::parse(&line);
        }
    }
}
