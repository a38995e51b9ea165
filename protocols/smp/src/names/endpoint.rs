//! Where a resolver is, and what shows it that we may ask.

use std::fmt;
use std::net::IpAddr;

use axum::http::uri::{Scheme, Uri};
use data_encoding::BASE64;
use zeroize::Zeroizing;

/// The address of a resolver: `http://` or `https://`, a host, perhaps a port and a path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Endpoint {
    pub(super) encrypted: bool,
    pub(super) host: String,
    pub(super) port: u16,
    /// As it stands in the request.
    pub(super) authority: String,
    /// Before `/resolve` and `/health`; without a slash at its end.
    pub(super) path: String,
}

/// The value of an `Authorization` header.
#[derive(Clone)]
pub(crate) struct Authorization(pub(super) Zeroizing<String>);

impl Endpoint {
    /// Reads an address; says what is wrong with it.
    pub(crate) fn parse(address: &str) -> Result<Self, &'static str> {
        let uri: Uri = address.parse().map_err(|_| NOT_AN_ADDRESS)?;
        let encrypted = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err(NOT_AN_ADDRESS),
        };
        let authority = uri.authority().ok_or(NOT_AN_ADDRESS)?;
        if authority.as_str().contains('@') {
            return Err("must not have a user or password; they belong in smp.names.authorization");
        }
        if uri.query().is_some() || address.contains('#') || authority.host().is_empty() {
            return Err(NOT_AN_ADDRESS);
        }
        let usual = if encrypted { 443 } else { 80 };
        Ok(Self {
            encrypted,
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(usual),
            authority: authority.as_str().to_owned(),
            path: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    /// Whether a secret may be sent there: encrypted, or not leaving this machine.
    pub(crate) fn keeps_secrets(&self) -> bool {
        let local = |address: IpAddr| address.is_loopback() || address.is_unspecified();
        self.encrypted || self.host == "localhost" || self.host.parse().is_ok_and(local)
    }
}

const NOT_AN_ADDRESS: &str =
    "must be an address like http://127.0.0.1:8000 or https://names.example.org";

impl Authorization {
    /// Reads `bearer TOKEN` or `basic USER:PASSWORD`.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        const WRONG: &str = "must be `bearer TOKEN` or `basic USER:PASSWORD`";
        let (kind, secret) = text.split_once(' ').ok_or(WRONG)?;
        let printable = |secret: &str| secret.bytes().all(|byte| byte.is_ascii_graphic());
        let value = match kind.to_ascii_lowercase().as_str() {
            "bearer" if !secret.is_empty() && printable(secret) => format!("Bearer {secret}"),
            "basic" if secret.contains(':') => {
                format!("Basic {}", BASE64.encode(secret.as_bytes()))
            }
            _ => return Err(WRONG),
        };
        Ok(Self(Zeroizing::new(value)))
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authorization")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_operators_write() {
        for (address, host, port, path, secret) in [
            ("http://127.0.0.1:8000", "127.0.0.1", 8000, "", true),
            ("http://[::1]:8000/", "::1", 8000, "", true),
            (
                "http://names.example.org",
                "names.example.org",
                80,
                "",
                false,
            ),
            (
                "https://names.example.org/a/",
                "names.example.org",
                443,
                "/a",
                true,
            ),
        ] {
            let endpoint = Endpoint::parse(address).unwrap();
            assert_eq!(
                (&*endpoint.host, endpoint.port, &*endpoint.path),
                (host, port, path)
            );
            assert_eq!(endpoint.keeps_secrets(), secret, "{address}");
        }
        for wrong in [
            "",
            "names.example.org",
            "ftp://a",
            "http://",
            "http://u:p@a",
            "http://a?b",
        ] {
            assert!(Endpoint::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn authorizations_operators_write() {
        let value = |text| Authorization::parse(text).map(|header| header.0.to_string());
        assert_eq!(value("bearer abc").unwrap(), "Bearer abc");
        assert_eq!(value("basic user:pass").unwrap(), "Basic dXNlcjpwYXNz");
        for wrong in [
            "",
            "abc",
            "bearer ",
            "bearer a b",
            "basic user",
            "digest a:b",
        ] {
            assert!(Authorization::parse(wrong).is_err(), "{wrong}");
        }
    }
}
