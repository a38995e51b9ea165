//! Where a SOCKS proxy is, and who one is to it.

use std::fmt;

use zeroize::Zeroizing;

/// A SOCKS5 proxy.
#[derive(Clone, Eq, PartialEq)]
pub struct SocksProxy {
    /// A name or an address, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// User name and password, where they are set.
    pub credentials: Option<(String, Zeroizing<String>)>,
}

impl SocksProxy {
    /// Parses `[USER:PASSWORD@]HOST:PORT`.
    pub fn parse(text: &str) -> Option<Self> {
        let (credentials, place) = match text.rsplit_once('@') {
            None => (None, text),
            Some((who, place)) => (Some(credentials(who)?), place),
        };
        let (host, port) = place.rsplit_once(':')?;
        let host = match host.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']')?,
            None if host.contains(':') => return None,
            None => host,
        };
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte);
        let port = port.parse().ok().filter(|port| *port != 0)?;
        (!host.is_empty() && host.bytes().all(known)).then(|| Self {
            host: host.to_owned(),
            port,
            credentials,
        })
    }
}

/// What SOCKS5 can say of them: 1 to 255 bytes each.
fn credentials(text: &str) -> Option<(String, Zeroizing<String>)> {
    let (user, password) = text.split_once(':')?;
    let fits = |part: &str| (1..=255).contains(&part.len());
    (fits(user) && fits(password)).then(|| (user.to_owned(), Zeroizing::new(password.to_owned())))
}

impl fmt::Debug for SocksProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SocksProxy({}:{})", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_with_and_without_a_password() {
        let plain = SocksProxy::parse("127.0.0.1:9050").unwrap();
        assert_eq!((&*plain.host, plain.port), ("127.0.0.1", 9050));
        assert_eq!(plain.credentials, None);
        let six = SocksProxy::parse("me:pa@ss:word@[::1]:1").unwrap();
        assert_eq!((&*six.host, six.port), ("::1", 1));
        let (user, password) = six.credentials.clone().unwrap();
        assert_eq!((&*user, &**password), ("me", "pa@ss:word"));
        assert!(!format!("{six:?}").contains("pa@ss"));
        for bad in [
            "", "host", ":1", "host:0", "host:x", "::1:9050", "me@h:1", ":p@h:1", "a b:1",
        ] {
            assert_eq!(SocksProxy::parse(bad), None, "{bad}");
        }
    }
}
