//! A server's address as people see it, and the base64url that fingerprints are written in.
//!
//! ```text
//! smp://<fingerprint>[:<password>]@<host>[,<host>...][:<port>]
//! ```

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use data_encoding::{BASE64URL, BASE64URL_NOPAD};

use super::Malformed;

/// base64url with padding, as all texts of the protocol have it.
pub fn to_base64url(bytes: &[u8]) -> String {
    BASE64URL.encode(bytes)
}

/// Reads base64url, with its padding or without.
pub fn from_base64url(text: &str) -> Result<Vec<u8>, Malformed> {
    let unpadded = text.trim_end_matches('=').as_bytes();
    if text.len() != unpadded.len() && !text.len().is_multiple_of(4) {
        return Err(Malformed);
    }
    BASE64URL_NOPAD.decode(unpadded).map_err(|_| Malformed)
}

/// Where a server is, who it must be, and what it takes to create queues there.
#[derive(Clone, Eq, PartialEq)]
pub struct Address {
    /// The SHA-256 of its identity certificate.
    pub fingerprint: [u8; 32],
    /// Never passed on to contacts.
    pub password: Option<String>,
    /// Names or addresses of the same server, the one to show first; never empty.
    pub hosts: Vec<String>,
    /// 5223 when absent.
    pub port: Option<u16>,
}

impl Address {
    /// The port without one in the address.
    pub const DEFAULT_PORT: u16 = 5223;

    /// What may be shown to anybody.
    #[must_use]
    pub fn without_password(self) -> Self {
        Self {
            password: None,
            ..self
        }
    }

    /// Whether a text can stand as a host in an address: a name or an IP address, no port.
    pub fn is_host(text: &str) -> bool {
        let is_one = checked_host(text).is_ok() && !text.contains('[');
        is_one && (!text.contains(':') || text.parse::<Ipv6Addr>().is_ok())
    }

    /// Whether a text can stand as the password.
    pub fn is_password(text: &str) -> bool {
        checked_password(text).is_ok()
    }
}

impl FromStr for Address {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let rest = text.strip_prefix("smp://").ok_or(Malformed)?;
        let (who, place) = rest.split_once('@').ok_or(Malformed)?;
        let (fingerprint, password) = match who.split_once(':') {
            Some((fingerprint, password)) => (fingerprint, Some(password)),
            None => (who, None),
        };
        let fingerprint = from_base64url(fingerprint)?
            .try_into()
            .map_err(|_| Malformed)?;
        let (hosts, port) = split_port(place)?;
        Ok(Self {
            fingerprint,
            password: password.map(checked_password).transpose()?,
            hosts: hosts
                .split(',')
                .map(checked_host)
                .collect::<Result<_, _>>()?,
            port,
        })
    }
}

/// The port follows the last colon, unless that colon is inside an IPv6 address: those stand
/// last in brackets, or bare and then without a port.
fn split_port(place: &str) -> Result<(&str, Option<u16>), Malformed> {
    let last = place.rsplit(',').next().unwrap_or(place);
    let after_host = match last.rsplit_once(']') {
        Some((_, rest)) => rest,
        None if last.matches(':').count() > 1 => "",
        None => last,
    };
    let Some((_, port)) = after_host.split_once(':') else {
        return Ok((place, None));
    };
    let hosts = place
        .strip_suffix(port)
        .and_then(|rest| rest.strip_suffix(':'));
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    match port.parse() {
        Ok(number @ 1..) if digits => Ok((hosts.ok_or(Malformed)?, Some(number))),
        _ => Err(Malformed),
    }
}

/// Hosts are kept without brackets.
fn checked_host(host: &str) -> Result<String, Malformed> {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    let name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte);
    if bare.is_empty() || !bare.bytes().all(name) {
        return Err(Malformed);
    }
    Ok(bare.to_owned())
}

fn checked_password(password: &str) -> Result<String, Malformed> {
    let allowed = |byte: u8| byte.is_ascii_graphic() && !b"@:/".contains(&byte);
    if password.is_empty() || !password.bytes().all(allowed) {
        return Err(Malformed);
    }
    Ok(password.to_owned())
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "smp://{}", to_base64url(&self.fingerprint))?;
        if let Some(password) = &self.password {
            write!(f, ":{password}")?;
        }
        for (host, separator) in self
            .hosts
            .iter()
            .zip("@".chars().chain(",".chars().cycle()))
        {
            if host.contains(':') {
                write!(f, "{separator}[{host}]")?;
            } else {
                write!(f, "{separator}{host}")?;
            }
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

/// The password stays out of logs.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.clone().without_password(), f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::tests::vectors::{hex, vector};

    #[test]
    fn vectors() {
        let chain = vector("cert.chain");
        let fingerprint = hex(chain.text("fingerprint"));
        assert_eq!(to_base64url(&fingerprint), chain.text("fingerprint_text"));
        let address: Address = chain.text("server_address").parse().unwrap();
        assert_eq!(address.fingerprint.to_vec(), fingerprint);
        assert_eq!(address.to_string(), chain.text("server_address"));

        let fixture = vector("cert.repo_fixture");
        let address: Address = fixture.text("address").parse().unwrap();
        assert_eq!(
            to_base64url(&address.fingerprint),
            fixture.text("fingerprint_text")
        );
        assert_eq!(
            (&address.hosts[..], address.port),
            (&["localhost".to_owned()][..], Some(5001))
        );
    }

    #[test]
    fn hosts_passwords_and_ports() {
        let fp = to_base64url(&[7; 32]);
        let parse = |rest: &str| format!("smp://{rest}").parse::<Address>();
        let read = |rest: &str| {
            let address = parse(&format!("{fp}{rest}")).unwrap();
            assert_eq!(address, address.to_string().parse().unwrap());
            (address.password, address.hosts.join(" "), address.port)
        };
        assert_eq!(read("@a.example"), (None, "a.example".into(), None));
        assert_eq!(
            read("@a,b.onion:443"),
            (None, "a b.onion".into(), Some(443))
        );
        assert_eq!(
            read(":pw@203.0.113.5:1"),
            (Some("pw".into()), "203.0.113.5".into(), Some(1))
        );
        assert_eq!(
            read("@[2001:db8::1]:2"),
            (None, "2001:db8::1".into(), Some(2))
        );
        assert_eq!(read("@[2001:db8::1]"), (None, "2001:db8::1".into(), None));
        assert_eq!(read("@2001:db8::1"), (None, "2001:db8::1".into(), None));
        assert!(parse(&format!("{}@a", fp.trim_end_matches('='))).is_ok());
        for bad in [
            "@", "@a:", "@a:0", "@a:65536", "@a:+1", "@a,,b", ":@a", ":p w@a", "@a b", "",
        ] {
            assert_eq!(parse(&format!("{fp}{bad}")), Err(Malformed), "{bad}");
        }
        assert_eq!(parse("AAAA@a"), Err(Malformed), "a short fingerprint");
        let secret = parse(&format!("{fp}:pw@a")).unwrap();
        assert!(!format!("{secret:?}").contains("pw"));
    }

    proptest! {
        #[test]
        fn base64url_of_anything(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let text = to_base64url(&bytes);
            prop_assert_eq!(from_base64url(&text), Ok(bytes.clone()));
            prop_assert_eq!(from_base64url(text.trim_end_matches('=')), Ok(bytes));
        }

        #[test]
        fn any_text(text in "(smp://)?[A-Za-z0-9_=@:,./\\[\\]-]{0,80}") {
            let _ = text.parse::<Address>();
            let _ = from_base64url(&text);
        }
    }
}
