//! The habits of the three apps: how they seal, what they ask for in a poll.

use clap::ValueEnum;
use relay_sogs::crypto::Encryption;

/// An app of Session.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum App {
    /// AES-GCM; asks for all details of a room every time.
    Desktop,
    /// AES-GCM; asks for what changed.
    Android,
    /// XChaCha20; asks for what changed, a hundred messages at most.
    Ios,
}

/// What a client knows of a room.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    pub(crate) token: String,
    pub(crate) info_updates: u64,
    pub(crate) seqno: Option<u64>,
}

impl Room {
    pub(crate) fn new(token: &str) -> Self {
        Self {
            token: token.to_owned(),
            info_updates: 0,
            seqno: None,
        }
    }
}

impl App {
    pub(crate) fn encryption(self) -> Encryption {
        match self {
            Self::Desktop | Self::Android => Encryption::AesGcm,
            Self::Ios => Encryption::XChaCha20,
        }
    }

    /// What is said of the encryption; nothing is AES-GCM.
    pub(crate) fn enc_type(self) -> Option<&'static str> {
        match self {
            Self::Desktop | Self::Android => None,
            Self::Ios => Some("xchacha20"),
        }
    }

    /// The parts of a poll, in the app's order: capabilities, two for each room, the inbox.
    pub(crate) fn poll(self, rooms: &[Room]) -> Vec<String> {
        let mut paths = Vec::with_capacity(2 + 2 * rooms.len());
        paths.push("/capabilities".to_owned());
        for room in rooms {
            paths.push(self.poll_info(room));
            paths.push(self.messages(room));
        }
        paths.push("/inbox".to_owned());
        paths
    }

    fn poll_info(self, room: &Room) -> String {
        let known = match self {
            Self::Desktop => 0,
            Self::Android | Self::Ios => room.info_updates,
        };
        format!("/room/{}/pollInfo/{known}", room.token)
    }

    fn messages(self, room: &Room) -> String {
        let limit = if self == Self::Ios { "&limit=100" } else { "" };
        let token = &room.token;
        match (room.seqno, self) {
            (Some(seqno), _) => {
                format!("/room/{token}/messages/since/{seqno}?t=r&reactors=5{limit}")
            }
            (None, Self::Desktop) => format!("/room/{token}/messages/recent?reactors=5"),
            (None, _) => format!("/room/{token}/messages/recent?t=r&reactors=5{limit}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polls_as_the_apps_send_them() {
        let seen = Room {
            token: "a".into(),
            info_updates: 7,
            seqno: Some(42),
        };
        let rooms = [seen, Room::new("b")];
        assert_eq!(
            App::Desktop.poll(&rooms),
            [
                "/capabilities",
                "/room/a/pollInfo/0",
                "/room/a/messages/since/42?t=r&reactors=5",
                "/room/b/pollInfo/0",
                "/room/b/messages/recent?reactors=5",
                "/inbox",
            ]
        );
        assert_eq!(
            App::Ios.poll(&rooms)[1..4],
            [
                "/room/a/pollInfo/7",
                "/room/a/messages/since/42?t=r&reactors=5&limit=100",
                "/room/b/pollInfo/0",
            ]
        );
    }
}
