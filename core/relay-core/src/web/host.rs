//! The host a request is for.

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{Version, header};

/// The request does not say one host.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct NoHost;

/// The host in lower case, without a port and without a dot at its end. HTTP/1.0 need not say one.
///
/// What stands in the request line counts more than the header (RFC 9112, 3.2.2).
pub(crate) fn of(request: &Request) -> Result<Option<String>, NoHost> {
    if let Some(authority) = request.uri().authority() {
        return plain(authority).map(Some);
    }
    let mut headers = request.headers().get_all(header::HOST).iter();
    match (headers.next(), headers.next()) {
        (Some(only), None) => {
            let authority = Authority::try_from(only.as_bytes()).map_err(|_| NoHost)?;
            plain(&authority).map(Some)
        }
        (None, _) if request.version() < Version::HTTP_11 => Ok(None),
        _ => Err(NoHost),
    }
}

fn plain(authority: &Authority) -> Result<String, NoHost> {
    let host = authority.host();
    let host = host.strip_suffix('.').unwrap_or(host);
    if host.is_empty() || authority.as_str().contains('@') {
        return Err(NoHost);
    }
    Ok(host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn host(target: &str, hosts: &[&str]) -> Result<Option<String>, NoHost> {
        let mut request = Request::builder().uri(target);
        for host in hosts {
            request = request.header("host", *host);
        }
        of(&request.body(Body::empty()).unwrap())
    }

    #[test]
    fn one_host_however_it_is_written() {
        for (written, host_) in [
            ("Example.ORG", "example.org"),
            ("example.org:8443", "example.org"),
            ("example.org.", "example.org"),
            ("192.0.2.1:80", "192.0.2.1"),
            ("[2001:DB8::1]:80", "[2001:db8::1]"),
        ] {
            assert_eq!(host("/", &[written]), Ok(Some(host_.to_owned())));
        }
        let line = host("http://a.example/x", &["b.example"]);
        assert_eq!(line, Ok(Some("a.example".to_owned())));
    }

    #[test]
    fn none_or_two_are_refused() {
        for hosts in [
            &[][..],
            &["a", "b"],
            &[""],
            &["a b"],
            &["user@a"],
            &["a/b"],
            &["."],
        ] {
            assert_eq!(host("/", hosts), Err(NoHost), "{hosts:?}");
        }
    }
}
