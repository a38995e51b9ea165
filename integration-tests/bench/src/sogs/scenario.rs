//! What can be measured of a SOGS.

use clap::ValueEnum;

/// How a request travels.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Carrier {
    /// HTTP, by nobody.
    Anonymous,
    /// HTTP, signed.
    Signed,
    /// Signed, and sealed in an onion request.
    Onion,
}

/// What a client does.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Scenario {
    /// The poll of an app: capabilities, every room's details and news, the inbox, in one sealed batch.
    Poll,
    /// The same batch, signed, in plain HTTP.
    PollPlain,
    /// A signed post in plain HTTP.
    Post,
    /// A post as the apps send it: sealed.
    PostOnion,
    /// The newest messages of a room, asked for by nobody in particular, as bots do.
    Recent,
    /// A file, sealed.
    Upload,
    /// The same file again and again, sealed.
    Download,
    /// Many clients, each with its own connection, that poll every five seconds, and one poll in a hundred is a post.
    Storm,
}

/// One thing done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Action {
    Poll,
    Post,
    Recent,
    Upload,
    Download,
}

impl Scenario {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::PollPlain => "poll-plain",
            Self::Post => "post",
            Self::PostOnion => "post-onion",
            Self::Recent => "recent",
            Self::Upload => "upload",
            Self::Download => "download",
            Self::Storm => "storm",
        }
    }

    pub(crate) fn carrier(self) -> Carrier {
        match self {
            Self::Recent => Carrier::Anonymous,
            Self::PollPlain | Self::Post => Carrier::Signed,
            Self::Poll | Self::PostOnion | Self::Upload | Self::Download | Self::Storm => {
                Carrier::Onion
            }
        }
    }

    /// What a client does in its turn of this number.
    pub(crate) fn action(self, turn: usize) -> Action {
        match self {
            Self::Storm if turn % 100 == 99 => Action::Post,
            Self::Poll | Self::PollPlain | Self::Storm => Action::Poll,
            Self::Post | Self::PostOnion => Action::Post,
            Self::Recent => Action::Recent,
            Self::Upload => Action::Upload,
            Self::Download => Action::Download,
        }
    }

    /// Bytes of a post or file, where nobody says otherwise.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::Upload | Self::Download => 100_000,
            _ => 300,
        }
    }
}
