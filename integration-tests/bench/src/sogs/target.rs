//! Where a server is and what its key is: a join link, its room optional.

use std::str::FromStr;

use data_encoding::HEXLOWER_PERMISSIVE;

/// A server that is asked over plain HTTP; its requests are sealed all the same.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Target {
    /// `host:port`.
    pub(crate) authority: String,
    pub(crate) room: Option<String>,
    pub(crate) public_key: [u8; 32],
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected http://host[:port][/room]?public_key=<64 hex digits>")]
pub(crate) struct NotATarget;

impl FromStr for Target {
    type Err = NotATarget;

    fn from_str(text: &str) -> Result<Self, NotATarget> {
        let rest = text.strip_prefix("http://").ok_or(NotATarget)?;
        let (place, key) = rest.split_once("?public_key=").ok_or(NotATarget)?;
        let (authority, room) = place.split_once('/').unwrap_or((place, ""));
        let room = room
            .strip_prefix("r/")
            .unwrap_or(room)
            .trim_end_matches('/');
        let key = HEXLOWER_PERMISSIVE
            .decode(key.as_bytes())
            .map_err(|_| NotATarget)?;
        if authority.is_empty() || room.contains('/') {
            return Err(NotATarget);
        }
        let port = if authority.contains(':') { "" } else { ":80" };
        Ok(Self {
            authority: format!("{authority}{port}"),
            room: (!room.is_empty()).then(|| room.to_owned()),
            public_key: key.try_into().map_err(|_| NotATarget)?,
        })
    }
}

impl Target {
    /// The port, if the server is on this machine.
    pub(crate) fn local_port(&self) -> Option<u16> {
        let (host, port) = self.authority.rsplit_once(':')?;
        let local = ["localhost", "[::1]"].contains(&host) || host.starts_with("127.");
        port.parse().ok().filter(|_| local)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "a03c383cf63c3c4efe67acc52112a6dd734b3a946b9545f488aaa93da7991238";

    fn parse(place: &str) -> Result<Target, NotATarget> {
        format!("{place}?public_key={KEY}").parse()
    }

    #[test]
    fn links_as_servers_print_them() {
        let target = parse("http://127.0.0.1:8080/lounge").unwrap();
        assert_eq!(target.authority, "127.0.0.1:8080");
        assert_eq!(target.room.as_deref(), Some("lounge"));
        assert_eq!(target.local_port(), Some(8080));
        assert_eq!(parse("http://127.0.0.1:8080/r/lounge/").unwrap(), target);
        let elsewhere = parse("http://example.org").unwrap();
        assert_eq!(
            (elsewhere.authority.as_str(), elsewhere.room),
            ("example.org:80", None)
        );
        assert_eq!(parse("http://example.org").unwrap().local_port(), None);
    }

    #[test]
    fn what_is_no_link_is_refused() {
        for text in [
            "",
            "http://a/b",
            "https://a?public_key=00",
            "http://a?public_key=zz",
        ] {
            assert_eq!(text.parse::<Target>(), Err(NotATarget), "{text}");
        }
        assert!(parse("http:///room").is_err() && parse("http://a/b/c").is_err());
    }
}
