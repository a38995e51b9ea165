//! Servers as an operator names them in lists: a domain with all below it, or a network.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use relay_core::net::Network;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// One entry of a list of servers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Pattern {
    /// This name and all below it; lower case, no dot at its end.
    Domain(String),
    /// These addresses.
    Network(Network),
}

/// A text that is no pattern.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is neither a domain like example.org nor a network like 192.0.2.0/24")]
pub struct PatternError(String);

impl Pattern {
    /// Whether a host's name is meant; lower case, no dot at its end.
    pub fn names(&self, host: &str) -> bool {
        match self {
            Self::Domain(domain) => is_below(host, domain),
            Self::Network(_) => false,
        }
    }

    /// Whether an address is meant.
    pub fn holds(&self, address: IpAddr) -> bool {
        match self {
            Self::Domain(_) => false,
            Self::Network(network) => network.get().contains(&address.to_canonical()),
        }
    }
}

/// Whether a name is a domain or below it.
pub(crate) fn is_below(name: &str, domain: &str) -> bool {
    let rest = name.strip_suffix(domain);
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        if let Ok(network) = text.parse() {
            return Ok(Self::Network(network));
        }
        let domain = text.trim_start_matches("*.").trim_matches('.');
        let label = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if domain.is_empty() || !domain.bytes().all(label) {
            return Err(PatternError(text.to_owned()));
        }
        Ok(Self::Domain(domain.to_ascii_lowercase()))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(domain) => domain.fmt(f),
            Self::Network(network) => network.fmt(f),
        }
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

impl JsonSchema for Pattern {
    fn schema_name() -> Cow<'static, str> {
        "Pattern".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_means_all_below_it() {
        let pattern: Pattern = "*.Example.org.".parse().unwrap();
        for (host, meant) in [
            ("example.org", true),
            ("smp.example.org", true),
            ("badexample.org", false),
            ("example.org.net", false),
            ("org", false),
        ] {
            assert_eq!(pattern.names(host), meant, "{host}");
        }
        assert!(!pattern.holds([192, 0, 2, 1].into()));
    }

    #[test]
    fn a_network_means_addresses_however_they_are_written() {
        let pattern: Pattern = "192.0.2.0/24".parse().unwrap();
        assert!(pattern.holds([192, 0, 2, 9].into()));
        assert!(pattern.holds("::ffff:192.0.2.9".parse().unwrap()));
        assert!(!pattern.holds([192, 0, 3, 9].into()));
        assert!(!pattern.names("192.0.2.9"));
    }

    #[test]
    fn others_are_refused() {
        for text in ["", "*", "a b", "10.0.0.0/33", "http://example.org", "*."] {
            assert!(text.parse::<Pattern>().is_err(), "{text}");
        }
    }
}
