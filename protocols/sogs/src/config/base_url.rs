//! The URL under which clients reach this server: checked, or guessed.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use relay_core::net::ListenAddr;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// `http://` or `https://`, a host, and a port if it is not the usual one. Nothing follows: apps
/// only find servers at the root, and sign the path they know.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BaseUrl(String);

/// The text is not such a URL.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "`{0}` is not a URL like https://sogs.example.org or http://192.0.2.7:8080, without a path"
)]
pub struct NotABaseUrl(String);

/// From where a URL can be reached, as far as it tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reach {
    /// It looks fine.
    Everywhere,
    /// From this machine only.
    ThisMachine,
    /// From the local network only.
    LocalNetwork,
    /// From nowhere: the name is one for examples.
    Nowhere,
}

impl BaseUrl {
    /// Without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The most likely one, given what is listened on and how the machine is called.
    pub fn guess(listen: &[ListenAddr], host_name: Option<&str>) -> Self {
        let tcp = listen.iter().find_map(|address| match address {
            ListenAddr::Tcp(address) => Some(*address),
            ListenAddr::Unix(_) => None,
        });
        let named = host_name.filter(|name| name.contains('.'));
        let text = match (tcp, named) {
            (Some(address), _) if !address.ip().is_unspecified() => http(address),
            (Some(address), Some(name)) => format!("http://{name}{}", port(address.port())),
            (Some(address), None) => http((IpAddr::from([127, 0, 0, 1]), address.port()).into()),
            (None, Some(name)) => format!("http://{name}"),
            (None, None) => "http://localhost".to_owned(),
        };
        Self(text)
    }

    /// The host, in lower case, without the port.
    pub fn host(&self) -> String {
        host(&self.0).to_ascii_lowercase()
    }

    /// From where it can be reached, as far as it tells.
    pub fn reach(&self) -> Reach {
        let host = host(&self.0);
        match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(ip) => reach_of_ip(ip),
            Err(_) => reach_of_name(&host.to_ascii_lowercase()),
        }
    }

    /// What to tell the operator, if clients elsewhere will not find it.
    pub fn warning(&self) -> Option<String> {
        let reach = match self.reach() {
            Reach::Everywhere => return None,
            Reach::ThisMachine => "works on this machine only",
            Reach::LocalNetwork => "works in the local network only",
            Reach::Nowhere => "is an example that works nowhere",
        };
        Some(format!(
            "sogs.base_url {self} {reach}; set it to the URL under which apps reach this server"
        ))
    }
}

/// The name of this machine, if it has a full one that others can know it by.
pub(super) fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = name.trim().to_owned();
    let proper = !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    proper.then_some(name)
}

fn http(address: SocketAddr) -> String {
    let host = match address.ip() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    format!("http://{host}{}", port(address.port()))
}

fn port(port: u16) -> String {
    match port {
        80 => String::new(),
        port => format!(":{port}"),
    }
}

fn host(url: &str) -> &str {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    match authority.rfind(']') {
        Some(end) => authority.get(..=end).unwrap_or(authority),
        None => authority.split(':').next().unwrap_or(authority),
    }
}

fn reach_of_ip(ip: IpAddr) -> Reach {
    let (private, unspecified) = match ip {
        IpAddr::V4(ip) => (ip.is_private() || ip.is_link_local(), ip.is_unspecified()),
        IpAddr::V6(ip) => (
            ip.is_unique_local() || ip.is_unicast_link_local(),
            ip.is_unspecified(),
        ),
    };
    match (ip.is_loopback(), private, unspecified) {
        (true, ..) => Reach::ThisMachine,
        (_, true, _) => Reach::LocalNetwork,
        (_, _, true) => Reach::Nowhere,
        _ => Reach::Everywhere,
    }
}

fn reach_of_name(name: &str) -> Reach {
    let within = |zone: &&str| {
        name.strip_suffix(*zone)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let any = |zones: &[&str]| zones.iter().any(within);
    if any(&["localhost", "localdomain"]) {
        Reach::ThisMachine
    } else if any(&[
        "example.net",
        "example.org",
        "example.com",
        "example",
        "test",
        "invalid",
    ]) {
        Reach::Nowhere
    } else if any(&["local", "lan", "internal", "home.arpa"]) || !name.contains('.') {
        Reach::LocalNetwork
    } else {
        Reach::Everywhere
    }
}

impl FromStr for BaseUrl {
    type Err = NotABaseUrl;

    fn from_str(text: &str) -> Result<Self, NotABaseUrl> {
        let refused = || NotABaseUrl(text.to_owned());
        let url = text.trim_end_matches('/');
        let uri: axum::http::Uri = url.parse().map_err(|_| refused())?;
        let web = matches!(uri.scheme_str(), Some("http" | "https"));
        let plain = uri.path() == "/" && uri.query().is_none();
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let named = uri.host().is_some_and(|host| !host.is_empty());
        if web && plain && named && !authority.contains('@') && !authority.ends_with(':') {
            Ok(Self(url.to_owned()))
        } else {
            Err(refused())
        }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for BaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for BaseUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for BaseUrl {
    fn schema_name() -> Cow<'static, str> {
        "BaseUrl".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "uri", "pattern": "^https?://[^/]+/?$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> BaseUrl {
        text.parse().expect(text)
    }

    fn guess(listen: &str, name: Option<&str>) -> String {
        BaseUrl::guess(&[listen.parse().expect("an address")], name).to_string()
    }

    #[test]
    fn urls_are_a_scheme_a_host_and_a_port() {
        assert_eq!(url("https://sogs.net/").as_str(), "https://sogs.net");
        assert_eq!(
            url("http://[2001:db8::1]:80").as_str(),
            "http://[2001:db8::1]:80"
        );
        for bad in [
            "",
            "sogs.net",
            "ftp://sogs.net",
            "https://",
            "https:///x",
            "https://sogs.net/chat",
            "https://sogs.net?x",
            "https://me@sogs.net",
            "https://sogs.net:",
            "https://so gs.net",
        ] {
            assert!(bad.parse::<BaseUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn guesses_follow_what_is_listened_on() {
        assert_eq!(
            guess("127.0.0.1:8080", Some("a.net")),
            "http://127.0.0.1:8080"
        );
        assert_eq!(guess("0.0.0.0:80", Some("a.net")), "http://a.net");
        assert_eq!(guess("[::]:8080", Some("a.net")), "http://a.net:8080");
        assert_eq!(guess("0.0.0.0:80", Some("a")), "http://127.0.0.1");
        assert_eq!(guess("[2001:db8::1]:80", None), "http://[2001:db8::1]");
        assert_eq!(guess("unix:/run/sogs.sock", Some("a.net")), "http://a.net");
        assert_eq!(guess("unix:/run/sogs.sock", None), "http://localhost");
    }

    #[test]
    fn what_cannot_be_reached_is_warned_about() {
        let reach = |text| url(text).reach();
        for here in [
            "http://127.0.0.1:8080",
            "http://localhost",
            "http://[::1]:80",
        ] {
            assert_eq!(reach(here), Reach::ThisMachine, "{here}");
        }
        for near in [
            "http://192.168.1.7",
            "http://box.local",
            "http://server",
            "http://[fd00::1]",
        ] {
            assert_eq!(reach(near), Reach::LocalNetwork, "{near}");
        }
        for nowhere in [
            "http://example.net",
            "https://SOGS.Example.ORG:81",
            "http://0.0.0.0",
        ] {
            assert_eq!(reach(nowhere), Reach::Nowhere, "{nowhere}");
        }
        for fine in [
            "http://116.203.70.33",
            "https://open.getsession.org",
            "http://notexample.net",
        ] {
            assert_eq!(reach(fine), Reach::Everywhere, "{fine}");
            assert_eq!(url(fine).warning(), None);
        }
        let warning = url("http://example.net").warning().expect("a warning");
        assert!(warning.contains("http://example.net") && !warning.contains('\n'));
    }
}
