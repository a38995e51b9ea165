//! Where a server is, and how requests get there.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use relay_sogs::client::{Request, Sealing};
use relay_sogs::crypto::Encryption;
use relay_testkit::http::Client;

use super::Answer;

/// The ways of a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Over {
    /// In clear, as bots and browsers send them.
    Http,
    /// In an onion request, sealed as Android and Desktop do it.
    AesGcm,
    /// The same as iOS does it.
    XChaCha20,
}

/// A server that listens.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    /// Where.
    pub address: SocketAddr,
    /// Its public key, by which clients know it.
    pub key: [u8; 32],
}

impl Server {
    /// Sends a request; it carries the headers given and no others of its own.
    ///
    /// # Panics
    ///
    /// When there is no whole answer.
    #[track_caller]
    pub fn send(
        &self,
        over: Over,
        (method, target): (&str, &str),
        headers: &[(&str, String)],
        body: &[u8],
    ) -> Answer {
        let sent = self.try_send(over, (method, target), headers, body);
        sent.unwrap_or_else(|| panic!("no answer: {method} {target}"))
    }

    /// The same, for servers that die meanwhile.
    pub fn try_send(
        &self,
        over: Over,
        (method, target): (&str, &str),
        headers: &[(&str, String)],
        body: &[u8],
    ) -> Option<Answer> {
        match over {
            Over::Http => self.in_clear((method, target), headers, body),
            Over::AesGcm => self.sealed(Encryption::AesGcm, (method, target), headers, body),
            Over::XChaCha20 => self.sealed(Encryption::XChaCha20, (method, target), headers, body),
        }
    }

    fn in_clear(
        &self,
        (method, target): (&str, &str),
        headers: &[(&str, String)],
        body: &[u8],
    ) -> Option<Answer> {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect();
        let client = Client::new(self.address);
        let answer = client.request(method, &escaped(target), &headers, body);
        let answer = answer.ok()?;
        Some(Answer {
            asked: format!("{method} {target}"),
            status: answer.status,
            headers: answer.headers.into_iter().collect(),
            body: answer.body,
        })
    }

    fn sealed(
        &self,
        encryption: Encryption,
        (method, target): (&str, &str),
        headers: &[(&str, String)],
        body: &[u8],
    ) -> Option<Answer> {
        let request = Request {
            method,
            target,
            body,
        };
        let sealed = request.onion(headers, &self.sealing(encryption))?;
        let outer = self.posts_onion("/oxen/v4/lsrpc", &sealed.body)?;
        assert_eq!(outer.status, 200, "an onion is always answered: {outer}");
        let reply = sealed.open(&outer.body)?;
        let headers: BTreeMap<_, _> = reply.headers;
        assert!(!headers.contains_key("content-length"), "{headers:?}");
        Some(Answer {
            asked: format!("{method} {target} in an onion"),
            status: reply.status,
            headers,
            body: reply.body,
        })
    }

    /// How something is sealed to this server, with a key of its own.
    pub fn sealing(&self, encryption: Encryption) -> Sealing {
        let mut ephemeral = [7; 32];
        ephemeral[8..24].copy_from_slice(&unique());
        Sealing {
            encryption,
            server: self.key,
            ephemeral,
        }
    }

    /// Posts what is sealed, or anything else, where onions arrive.
    pub fn posts_onion(&self, path: &str, body: &[u8]) -> Option<Answer> {
        self.in_clear(("POST", path), &[], body)
    }
}

/// Bytes that no other call gets, in any process at this time.
pub(super) fn unique() -> [u8; 16] {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    bytes[8..12].copy_from_slice(&std::process::id().to_le_bytes());
    bytes
}

/// As HTTP can carry it: what is no ASCII goes encoded.
fn escaped(target: &str) -> String {
    use std::fmt::Write as _;
    target.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_graphic() {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}
