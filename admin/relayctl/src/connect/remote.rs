//! A daemon elsewhere, asked over TCP.

use std::fmt;
use std::io;
use std::path::Path;
use std::str::FromStr;

use relay_admin::client::{Connection, Dial, Dialing};
use relay_core::net::{ClientTls, TlsError};
use tokio::net::TcpStream;

/// Where relayd listens by `admin.listen` in the examples.
const PORT: u16 = 9465;

/// `https://host:port`, or `http://` to a port of this machine, a tunnel's for instance.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Url {
    host: String,
    port: u16,
    tls: bool,
}

impl FromStr for Url {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (tls, rest) = match text.split_once("://") {
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            _ => return Err("it must be like https://relay.example.org:9465".to_owned()),
        };
        let (host, port) = host_and_port(rest.trim_end_matches('/'))?;
        if !tls && !is_loopback(&host) {
            return Err("the token would be sent in clear; use https://".to_owned());
        }
        Ok(Self { host, port, tls })
    }
}

fn host_and_port(text: &str) -> Result<(String, u16), String> {
    let is_bare = text.ends_with(']') || !text.contains(':');
    let (host, port) = if is_bare {
        (text, PORT)
    } else {
        let (host, port) = text.rsplit_once(':').unwrap_or((text, ""));
        let port = port.parse().map_err(|_| format!("`{port}` is no port"))?;
        (host, port)
    };
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-_[]:".contains(&byte);
    if host.is_empty() || !host.bytes().all(is_host) {
        return Err(format!(
            "`{host}` is no host; give a name or address, without a path"
        ));
    }
    Ok((host.to_owned(), port))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host == "[::1]" || host.starts_with("127.")
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

/// Connects to it.
pub(super) struct Remote {
    url: Url,
    tls: Option<ClientTls>,
}

impl Remote {
    /// `authorities` is a file with certificates to believe instead of the web's.
    pub(super) fn new(url: Url, authorities: Option<&Path>) -> Result<Self, TlsError> {
        let tls = match (url.tls, authorities) {
            (false, _) => None,
            (true, None) => Some(ClientTls::of_the_web()?),
            (true, Some(file)) => Some(ClientTls::of_file(file)?),
        };
        Ok(Self { url, tls })
    }
}

impl Dial for Remote {
    fn dial(&self) -> Dialing<'_> {
        Box::pin(async {
            let host = self.url.host.trim_matches(['[', ']']);
            let tcp = TcpStream::connect((host, self.url.port)).await?;
            tcp.set_nodelay(true)?;
            let Some(tls) = &self.tls else {
                return Ok(Box::new(tcp) as Box<dyn Connection>);
            };
            let secured = tls.connect(host, tcp).await?;
            Ok(Box::new(secured.stream) as Box<dyn Connection>)
        })
    }

    fn place(&self) -> String {
        self.url.to_string()
    }

    fn advice(&self, error: &io::Error) -> &'static str {
        if error.to_string().contains("certificate") {
            "give the name its certificate is for, or name the certificate with --ca-file"
        } else {
            "see that relayd runs, and that admin.listen is this address"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for (text, shown) in [
            (
                "https://relay.example.org",
                "https://relay.example.org:9465",
            ),
            ("https://[2001:db8::1]:444/", "https://[2001:db8::1]:444"),
            ("https://[2001:db8::1]", "https://[2001:db8::1]:9465"),
            ("http://127.0.0.1:7", "http://127.0.0.1:7"),
        ] {
            assert_eq!(text.parse::<Url>().expect(text).to_string(), shown);
        }
        for text in [
            "relay.example.org",
            "http://relay.example.org",
            "https://",
            "https://a/b",
            "https://a:b",
        ] {
            assert!(text.parse::<Url>().is_err(), "{text}");
        }
    }
}
