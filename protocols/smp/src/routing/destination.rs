//! A relay as a client names it, and which of its hosts is connected to how.

use super::failure::Failure;
use super::reach::{self, Named};
use crate::config::{HostMode, ProxyConfig, SocksMode, SocksProxy, is_below};
use crate::wire::{Address, ServerAddress};

/// More names than this no server has.
const MOST_HOSTS: usize = 16;

/// Where a relay is and who it must be: what one connection to it is known by.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Destination {
    /// Lower case, without a dot at the end; never empty.
    hosts: Vec<String>,
    port: u16,
    fingerprint: [u8; 32],
}

/// The host to connect to, and how.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Route {
    pub(super) host: String,
    pub(super) port: u16,
    /// What the operator's lists say of the name.
    pub(super) named: Named,
    /// Through this, where it is not connected to directly.
    pub(super) socks: Option<SocksProxy>,
}

impl Destination {
    /// Takes an address that can be connected to; another has no host.
    pub(crate) fn parse(address: &ServerAddress<'_>) -> Result<Self, Failure> {
        let hosts = address.hosts.iter().map(|host| parse_host(host.as_bytes()));
        let hosts = hosts.collect::<Option<Vec<_>>>().ok_or(Failure::Host)?;
        if hosts.is_empty() || hosts.len() > MOST_HOSTS {
            return Err(Failure::Host);
        }
        // A certificate that has such a hash cannot be shown.
        let fingerprint = address.key_hash.as_bytes().try_into();
        Ok(Self {
            hosts,
            port: parse_port(address.port.as_bytes()).ok_or(Failure::Host)?,
            fingerprint: fingerprint.map_err(|_| Failure::Network)?,
        })
    }

    /// Who it must be.
    pub(super) fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// Whether it is one of the operator's own.
    pub(super) fn is_own(&self, config: &ProxyConfig) -> bool {
        let first = self.hosts.first().map_or("", String::as_str);
        let mut domains = config.own_server_domains.iter();
        domains.any(|domain| is_below(first, &domain.to_ascii_lowercase()))
    }

    /// How it is connected to.
    pub(super) fn route(&self, config: &ProxyConfig) -> Result<Route, Failure> {
        let judge = |host: &String| reach::name(config, host);
        if self.hosts.iter().any(|host| is_denied(config, host)) {
            return Err(Failure::Host);
        }
        let socks = config.socks();
        let host = self.host(config, socks.is_some()).ok_or(Failure::Host)?;
        let onion = is_onion(host);
        // Such a name must never be looked up here: whoever answers would know of the visit.
        if onion && socks.is_none() {
            return Err(Failure::Host);
        }
        Ok(Route {
            host: host.clone(),
            port: self.port,
            named: judge(host),
            socks: socks.filter(|_| onion || config.socks_mode == SocksMode::Always),
        })
    }

    fn host(&self, config: &ProxyConfig, has_socks: bool) -> Option<&String> {
        let onion = config.host_mode == HostMode::Onion && has_socks;
        let preferred = self.hosts.iter().find(|host| is_onion(host) == onion);
        if config.required_host_mode {
            preferred
        } else {
            preferred.or_else(|| self.hosts.first())
        }
    }
}

fn is_denied(config: &ProxyConfig, host: &str) -> bool {
    config.deny.iter().any(|pattern| pattern.names(host))
}

fn is_onion(host: &str) -> bool {
    is_below(host, "onion")
}

fn parse_host(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let text = text.strip_suffix('.').unwrap_or(text);
    Address::is_host(text).then(|| text.to_ascii_lowercase())
}

fn parse_port(bytes: &[u8]) -> Option<u16> {
    if bytes.is_empty() {
        return Some(Address::DEFAULT_PORT);
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Short;

    fn parse(hosts: &[&str], port: &str) -> Result<Destination, Failure> {
        Destination::parse(&ServerAddress {
            hosts: hosts.iter().map(|h| Short::cut(h.as_bytes())).collect(),
            port: Short::cut(port.as_bytes()),
            key_hash: Short::from(&[7; 32]),
        })
    }

    #[test]
    fn one_server_has_one_name_however_it_is_written() {
        let usual = parse(&["smp.example.org"], "").unwrap();
        assert_eq!(parse(&["SMP.Example.org."], "5223").unwrap(), usual);
        assert_ne!(parse(&["smp.example.org"], "443").unwrap(), usual);
        for (host, port) in [
            ("", ""),
            ("a b", ""),
            ("a.example:1", ""),
            ("[::1]", ""),
            ("a", "0"),
            ("a", "65536"),
            ("a", "+1"),
            ("a", " 1"),
        ] {
            assert_eq!(parse(&[host], port), Err(Failure::Host), "{host} {port}");
        }
        assert_eq!(parse(&["a"; 17], ""), Err(Failure::Host));
        let short = ServerAddress {
            hosts: vec![Short::cut(b"a.example")],
            port: Short::EMPTY,
            key_hash: Short::cut(b"short"),
        };
        assert_eq!(Destination::parse(&short), Err(Failure::Network));
    }

    #[test]
    fn host_modes_choose_as_the_reference_does() {
        let both = parse(&["a.example", "b.onion"], "").unwrap();
        let (public, onion) = (
            parse(&["a.example"], "").unwrap(),
            parse(&["b.ONION."], "").unwrap(),
        );
        let config = |host_mode, required_host_mode, socks: bool| ProxyConfig {
            host_mode,
            required_host_mode,
            socks_proxy: socks.then(|| "127.0.0.1:9050".into()),
            ..ProxyConfig::default()
        };
        let choice = |destination: &Destination, config: &ProxyConfig| {
            let route = destination.route(config);
            route.map(|route| (route.host, route.socks.is_some()))
        };
        let direct = Ok(("a.example".to_owned(), false));
        let tor = Ok(("b.onion".to_owned(), true));
        let none = Err(Failure::Host);
        for (mode, required, socks, expected) in [
            (HostMode::Public, false, false, [&direct, &direct, &none]),
            (HostMode::Public, false, true, [&direct, &direct, &tor]),
            (HostMode::Public, true, true, [&direct, &direct, &none]),
            (HostMode::Onion, false, true, [&tor, &direct, &tor]),
            (HostMode::Onion, true, true, [&tor, &none, &tor]),
            (HostMode::Onion, false, false, [&direct, &direct, &none]),
        ] {
            let config = config(mode, required, socks);
            let chosen = [&both, &public, &onion].map(|destination| choice(destination, &config));
            assert_eq!(chosen.each_ref(), expected, "{mode:?} {required} {socks}");
        }
    }

    #[test]
    fn all_goes_through_the_socks_proxy_where_the_operator_wants_it() {
        let config = ProxyConfig {
            socks_proxy: Some("127.0.0.1:9050".into()),
            socks_mode: SocksMode::Always,
            ..ProxyConfig::default()
        };
        let route = parse(&["a.example"], "").unwrap().route(&config).unwrap();
        assert!(route.socks.is_some());
    }

    #[test]
    fn any_denied_name_of_a_server_denies_it() {
        let config = ProxyConfig {
            deny: vec!["example.net".parse().unwrap()],
            own_server_domains: vec!["Example.org".to_owned()],
            ..ProxyConfig::default()
        };
        let denied = parse(&["a.example.org", "b.example.net"], "").unwrap();
        assert_eq!(denied.route(&config), Err(Failure::Host));
        assert!(denied.is_own(&config));
        assert!(!parse(&["b.example.net"], "").unwrap().is_own(&config));
    }
}
