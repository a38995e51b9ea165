//! Where a listener listens, as an operator writes it.
//!
//! A [`ListenAddr`] is parsed once, from config; from then on it is a value. Host names are refused, except
//! `localhost`: a daemon that waits for DNS before it can bind does not start at boot.

use std::{
    borrow::Cow,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    str::FromStr,
};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A TCP address or the path of a unix socket.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum ListenAddr {
    /// `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`; `:8080` and `*:8080` mean `[::]:8080`, which serves
    /// IPv4 as well.
    Tcp(SocketAddr),
    /// `unix:/run/relayd/sogs.sock`.
    Unix(PathBuf),
}

impl ListenAddr {
    /// Whether both could not be bound at the same time.
    ///
    /// A wildcard overlaps every address of its port; `[::]` is dual-stack, so it overlaps IPv4 too. Port 0 asks
    /// for any free port and overlaps nothing.
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tcp(a), Self::Tcp(b)) => {
                a.port() == b.port() && a.port() != 0 && ips_overlap(a.ip(), b.ip())
            }
            (Self::Unix(a), Self::Unix(b)) => same_path(a, b),
            (Self::Tcp(_), Self::Unix(_)) | (Self::Unix(_), Self::Tcp(_)) => false,
        }
    }

    /// Whether a socket bound to `bound` is what this address asks for. All addresses of IPv4 and all
    /// of IPv6 are one: systemd binds the second, and the first where there is no IPv6.
    pub(super) fn is_bound_as(&self, bound: &Self) -> bool {
        match (self, bound) {
            (Self::Tcp(a), Self::Tcp(b)) => {
                let (own, other) = (a.ip().to_canonical(), b.ip().to_canonical());
                let are_all = own.is_unspecified() && other.is_unspecified();
                a.port() == b.port() && (own == other || are_all)
            }
            (Self::Unix(a), Self::Unix(b)) => same_path(a, b),
            (Self::Tcp(_), Self::Unix(_)) | (Self::Unix(_), Self::Tcp(_)) => false,
        }
    }
}

fn ips_overlap(a: IpAddr, b: IpAddr) -> bool {
    let (a, b) = (a.to_canonical(), b.to_canonical());
    let covers = |wide: IpAddr, other: IpAddr| match wide {
        IpAddr::V4(v4) => v4.is_unspecified() && other.is_ipv4(),
        IpAddr::V6(v6) => v6.is_unspecified(),
    };
    a == b || covers(a, b) || covers(b, a)
}

fn same_path(a: &Path, b: &Path) -> bool {
    a == b || matches!((std::path::absolute(a), std::path::absolute(b)), (Ok(a), Ok(b)) if a == b)
}

impl fmt::Display for ListenAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(addr) => addr.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl FromStr for ListenAddr {
    type Err = AddrError;

    fn from_str(text: &str) -> Result<Self, AddrError> {
        let parsed = match text.strip_prefix("unix:") {
            Some(path) => parse_unix(path),
            None => parse_tcp(text),
        };
        parsed.map_err(|reason| AddrError {
            text: text.to_owned(),
            reason,
        })
    }
}

fn parse_unix(path: &str) -> Result<ListenAddr, Reason> {
    match path {
        "" => Err(Reason::NoPath),
        path if path.contains('\0') || path.starts_with('@') => Err(Reason::BadPath),
        path => Ok(ListenAddr::Unix(PathBuf::from(path))),
    }
}

fn parse_tcp(text: &str) -> Result<ListenAddr, Reason> {
    if text.starts_with('/') {
        return Err(Reason::BarePath);
    }
    if text
        .parse::<Ipv6Addr>()
        .is_ok_and(|_| !text.starts_with('['))
    {
        return Err(Reason::NoBrackets);
    }
    let (host, port) = text.rsplit_once(':').ok_or(Reason::NoPort)?;
    if host.starts_with('[') != host.ends_with(']') {
        return Err(Reason::NoPort);
    }
    let ip = parse_host(host)?;
    Ok(ListenAddr::Tcp(SocketAddr::new(
        ip.to_canonical(),
        parse_port(port)?,
    )))
}

fn parse_host(host: &str) -> Result<IpAddr, Reason> {
    let bracketed = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    match (host, bracketed) {
        (_, Some(v6)) => v6.parse().map(IpAddr::V6).map_err(|_| Reason::BadIpv6),
        ("" | "*", None) => Ok(Ipv6Addr::UNSPECIFIED.into()),
        ("localhost", None) => Ok(Ipv4Addr::LOCALHOST.into()),
        (host, None) if host.contains(':') => Err(Reason::NoBrackets),
        (host, None) if host.bytes().all(|b| b.is_ascii_digit() || b == b'.') => {
            host.parse().map(IpAddr::V4).map_err(|_| Reason::BadIpv4)
        }
        _ => Err(Reason::HostName),
    }
}

fn parse_port(port: &str) -> Result<u16, Reason> {
    // Which `u16::from_str` takes.
    if port.starts_with('+') {
        return Err(Reason::BadPort);
    }
    port.parse().map_err(|_| Reason::BadPort)
}

/// A text that is not a [`ListenAddr`], and why.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "`{text}` is not an address like 127.0.0.1:8080, [::1]:8080 or unix:/run/name.sock: {reason}"
)]
pub struct AddrError {
    text: String,
    reason: Reason,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
enum Reason {
    #[error("a unix socket is written unix:/path")]
    BarePath,
    #[error("four numbers of 0-255 make an IPv4 address")]
    BadIpv4,
    #[error("what stands in the brackets is not an IPv6 address")]
    BadIpv6,
    #[error("the path must name a file")]
    BadPath,
    #[error("port must be 0-65535")]
    BadPort,
    #[error("host names are not looked up, only localhost is known; write the IP address")]
    HostName,
    #[error("an IPv6 address needs brackets, like [::1]:8080")]
    NoBrackets,
    #[error("the path is missing")]
    NoPath,
    #[error("the port is missing")]
    NoPort,
}

impl Serialize for ListenAddr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ListenAddr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for ListenAddr {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ListenAddr".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "IP address and port, or the path of a unix socket",
            "examples": ["127.0.0.1:8080", "[::1]:8080", ":8080", "unix:/run/relayd/name.sock"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(text: &str) -> ListenAddr {
        text.parse().unwrap()
    }

    #[test]
    fn what_operators_write() {
        for (text, shown) in [
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("[::1]:80", "[::1]:80"),
            ("localhost:80", "127.0.0.1:80"),
            (":80", "[::]:80"),
            ("*:80", "[::]:80"),
            ("0.0.0.0:0", "0.0.0.0:0"),
            ("[::ffff:127.0.0.1]:80", "127.0.0.1:80"),
            ("unix:/run/x.sock", "unix:/run/x.sock"),
            ("unix:relay-data/admin.sock", "unix:relay-data/admin.sock"),
        ] {
            assert_eq!(addr(text).to_string(), shown);
            assert_eq!(addr(shown), addr(text));
        }
    }

    #[test]
    fn errors_are_one_line_that_helps() {
        for (text, why) in [
            ("127.0.0.1:99999", "port must be 0-65535"),
            ("127.0.0.1:+80", "port must be 0-65535"),
            ("127.0.0.1:", "port must be 0-65535"),
            ("127.0.0.1", "the port is missing"),
            ("[::1]", "the port is missing"),
            ("", "the port is missing"),
            ("::1", "an IPv6 address needs brackets, like [::1]:8080"),
            (
                "fe80::1:zz:80",
                "an IPv6 address needs brackets, like [::1]:8080",
            ),
            (
                "[::g]:80",
                "what stands in the brackets is not an IPv6 address",
            ),
            ("127.0.0:80", "four numbers of 0-255 make an IPv4 address"),
            (
                "example.org:80",
                "host names are not looked up, only localhost is known; write the IP address",
            ),
            ("/run/x.sock", "a unix socket is written unix:/path"),
            ("unix:", "the path is missing"),
            ("unix:@name", "the path must name a file"),
        ] {
            let error = text.parse::<ListenAddr>().unwrap_err().to_string();
            let expected = format!(
                "`{text}` is not an address like 127.0.0.1:8080, [::1]:8080 or unix:/run/name.sock: {why}"
            );
            assert_eq!(error, expected);
        }
    }

    #[test]
    fn overlaps() {
        for (a, b, expected) in [
            ("127.0.0.1:80", "127.0.0.1:80", true),
            ("127.0.0.1:80", "127.0.0.1:81", false),
            ("127.0.0.1:80", "127.0.0.2:80", false),
            ("0.0.0.0:80", "127.0.0.1:80", true),
            ("0.0.0.0:80", "[::1]:80", false),
            (":80", "0.0.0.0:80", true),
            (":80", "127.0.0.1:80", true),
            (":80", "[::1]:80", true),
            ("127.0.0.1:0", "127.0.0.1:0", false),
            ("unix:/run/x.sock", "unix:/run/./x.sock", true),
            ("unix:/run/x.sock", "unix:/run/y.sock", false),
            ("unix:/run/x.sock", "127.0.0.1:80", false),
        ] {
            assert_eq!(addr(a).overlaps(&addr(b)), expected, "{a} {b}");
            assert_eq!(addr(b).overlaps(&addr(a)), expected, "{b} {a}");
        }
    }

    #[test]
    fn serde_and_schema() {
        let json = serde_json::to_string(&addr(":80")).unwrap();
        assert_eq!(json, r#""[::]:80""#);
        assert_eq!(
            serde_json::from_str::<ListenAddr>(&json).unwrap(),
            addr(":80")
        );
        let error = serde_json::from_str::<ListenAddr>(r#""nowhere:80""#).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("`nowhere:80` is not an address")
        );
        let schema = SchemaGenerator::default().into_root_schema_for::<ListenAddr>();
        assert_eq!(schema.get("type").unwrap(), "string");
    }
}
