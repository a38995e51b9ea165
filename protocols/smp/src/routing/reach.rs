//! Whom this server lets itself be sent to.
//!
//! A name proves nothing, so what decides is the address it was looked up to, and that very
//! address is connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::config::{Pattern, ProxyConfig};

/// What the lists say of a name before it is looked up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Named {
    Denied,
    Allowed,
    /// Its address decides.
    Open,
}

/// Judges a name.
pub(super) fn name(config: &ProxyConfig, host: &str) -> Named {
    if config.deny.iter().any(|pattern| pattern.names(host)) {
        Named::Denied
    } else if config.allow.is_empty() || config.allow.iter().any(|pattern| pattern.names(host)) {
        Named::Allowed
    } else if config
        .allow
        .iter()
        .any(|p| matches!(p, Pattern::Network(_)))
    {
        Named::Open
    } else {
        Named::Denied
    }
}

/// Judges an address of a host whose name was judged so.
pub(super) fn address(config: &ProxyConfig, named: Named, address: IpAddr) -> bool {
    let listed = |list: &[Pattern]| list.iter().any(|pattern| pattern.holds(address));
    let allowed = match named {
        Named::Denied => false,
        Named::Allowed => true,
        Named::Open => listed(&config.allow),
    };
    allowed && !listed(&config.deny) && (config.allow_private_addresses || is_public(address))
}

/// Whether an address belongs to the internet, and not to a network of the operator's or of the
/// operator's provider.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => match embedded(v6) {
            Some(v4) => is_public_v4(v4),
            None => is_public_v6(v6),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        // This network; loopback; and what is reserved above multicast.
        [0 | 127 | 240..=255, ..]
        // Private: RFC 1918, and behind a carrier's NAT, where clouds put services, too.
        | [10, ..]
        | [172, 16..=31, ..]
        | [192, 168, ..]
        | [100, 64..=127, ..]
        // Link-local, with the metadata of most clouds.
        | [169, 254, ..]
        // Special purposes, documentation, benchmarks.
        | [192, 0, 0 | 2, _]
        | [198, 51, 100, _]
        | [198, 18..=19, ..]
        | [203, 0, 113, _]
        // Multicast.
        | [224..=239, ..]
        // Azure's host, a public address that is not.
        | [168, 63, 129, 16] => true,
        _ => false,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // Global unicast is 2000::/3; of it, documentation, benchmarks and protocol assignments are
    // nobody's.
    let global = segments[0] & 0xe000 == 0x2000;
    let special = matches!(
        segments,
        [0x2001, 0xdb8, ..] | [0x2001, 2, 0, ..] | [0x2001, 0..=1, ..] | [0x3fff, 0..=0x0fff, ..]
    );
    global && !special
}

/// The IPv4 address that packets to this one reach in the end: mapped, translated (NAT64), or
/// tunnelled (6to4).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = address.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] => v4(high, low),
        [0x64, 0xff9b, 0 | 1, ..] => v4(s[6], s[7]),
        [0x2002, high, low, ..] => v4(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_in_every_disguise_are_known() {
        for text in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "239.255.255.250",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:10.1.2.3",
            "64:ff9b::a00:1",
            "64:ff9b:1::a00:1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
        for text in [
            "1.1.1.1",
            "172.15.0.1",
            "172.32.0.1",
            "100.63.0.1",
            "192.0.1.1",
            "223.255.255.1",
            "2606:4700::1111",
            "2a01:4f8::1",
            "2002:101:101::",
            "64:ff9b::101:101",
        ] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn lists_decide_by_name_and_by_address() {
        let patterns = |list: &[&str]| list.iter().map(|text| text.parse().unwrap()).collect();
        let config = |allow: &[&str], deny: &[&str]| ProxyConfig {
            allow: patterns(allow),
            deny: patterns(deny),
            ..ProxyConfig::default()
        };
        let reaches = |config: &ProxyConfig, host: &str, ip: &str| {
            address(config, name(config, host), ip.parse().unwrap())
        };
        let all = config(&[], &[]);
        assert!(reaches(&all, "a.example", "1.1.1.1"));
        assert!(!reaches(&all, "a.example", "10.0.0.1"));
        let some = config(&["a.example", "1.1.1.0/24"], &["b.a.example", "1.1.1.9"]);
        for (host, ip, expected) in [
            ("a.example", "9.9.9.9", true),
            ("c.a.example", "9.9.9.9", true),
            ("b.a.example", "9.9.9.9", false),
            ("a.example", "1.1.1.9", false),
            ("other.example", "1.1.1.1", true),
            ("other.example", "9.9.9.9", false),
        ] {
            assert_eq!(reaches(&some, host, ip), expected, "{host} {ip}");
        }
        let domains = config(&["a.example"], &[]);
        assert_eq!(name(&domains, "other.example"), Named::Denied);
        let private = ProxyConfig {
            allow_private_addresses: true,
            ..config(&[], &["127.0.0.2"])
        };
        assert!(reaches(&private, "localhost", "127.0.0.1"));
        assert!(!reaches(&private, "localhost", "127.0.0.2"));
    }
}
