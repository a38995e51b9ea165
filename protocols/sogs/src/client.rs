//! A client, for tests and load: signed requests, onions, and what comes back in them.
//!
//! It sends nothing. Nonces, times and ephemeral keys come in as arguments, so that a test can
//! send the same request twice.

mod way;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::crypto::client::Client;
use crate::crypto::{Blinding, Encryption, SealKey, blake2b_64};
use crate::private::private_debug;
use crate::wire::{bencode, decode_base64, encode_base64};

pub use self::way::{Asking, Way, Wrapped};

/// Under which of their ids somebody signs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum As {
    /// The plain key: `00`, which servers know as `05`.
    Plain,
    /// Blinded for the server: `15`.
    Blinded15,
    /// The same of the second blinding: `25`.
    Blinded25,
}

/// A request to be sent.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Upper case.
    pub method: &'a str,
    /// Path and query, with the path as it is sent.
    pub target: &'a str,
    /// May be empty.
    pub body: &'a [u8],
}

/// What came back, out of whatever it came in.
#[derive(Clone, Eq, PartialEq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// By lower-case name.
    pub headers: BTreeMap<String, String>,
    /// May be empty.
    pub body: Vec<u8>,
}

/// What makes a signature new.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fresh {
    /// Random.
    pub nonce: [u8; 16],
    /// Seconds since 1970.
    pub timestamp: i64,
}

impl Request<'_> {
    /// The four headers with which somebody signs the request for a server.
    pub fn sign(
        &self,
        client: &Client,
        signs: As,
        server: &[u8; 32],
        fresh: Fresh,
    ) -> [(&'static str, String); 4] {
        let blinding = Blinding::new(server);
        let message = self.signed_bytes(server, fresh);
        let (pubkey, signature) = match signs {
            As::Plain => {
                let hex = data_encoding::HEXLOWER.encode(&client.ed25519());
                (format!("00{hex}"), client.sign(&message))
            }
            As::Blinded15 => {
                let id = client.id15(&blinding).to_string();
                (id, client.sign15(&blinding, &message))
            }
            As::Blinded25 => {
                let id = client.id25(&blinding).to_string();
                (id, client.sign25(&blinding, &message))
            }
        };
        [
            ("X-SOGS-Pubkey", pubkey),
            ("X-SOGS-Nonce", encode_base64(&fresh.nonce)),
            ("X-SOGS-Timestamp", fresh.timestamp.to_string()),
            ("X-SOGS-Signature", encode_base64(&signature)),
        ]
    }

    fn signed_bytes(&self, server: &[u8; 32], fresh: Fresh) -> Vec<u8> {
        let mut bytes = [server.as_slice(), &fresh.nonce].concat();
        bytes.extend_from_slice(fresh.timestamp.to_string().as_bytes());
        bytes.extend_from_slice(self.method.as_bytes());
        let (path, query) = self.target.split_once('?').unwrap_or((self.target, ""));
        let path = crate::wire::target::percent_decode(path).unwrap_or_default();
        bytes.extend_from_slice(path.as_bytes());
        if !query.is_empty() {
            bytes.extend_from_slice(format!("?{query}").as_bytes());
        }
        if !self.body.is_empty() {
            bytes.extend_from_slice(&blake2b_64(&[self.body]));
        }
        bytes
    }

    /// The request in an onion of version 4, and what opens the reply.
    pub fn onion(&self, headers: &[(&str, String)], sealing: &Sealing) -> Option<Sealed> {
        let headers: BTreeMap<_, _> = headers.iter().map(|(name, value)| (*name, value)).collect();
        let metadata =
            json!({"method": self.method, "endpoint": self.target, "headers": headers}).to_string();
        let mut strings = vec![metadata.as_bytes()];
        if !self.body.is_empty() {
            strings.push(self.body);
        }
        sealing.seal(&bencode::write_strings(&strings))
    }
}

/// How something is sealed.
#[derive(Clone, Copy, Debug)]
pub struct Sealing {
    /// With which cipher.
    pub encryption: Encryption,
    /// To whom.
    pub server: [u8; 32],
    /// With a secret used once.
    pub ephemeral: [u8; 32],
}

/// A sealed request.
#[derive(Debug)]
pub struct Sealed {
    /// To post.
    pub body: Vec<u8>,
    key: SealKey,
}

impl Sealing {
    /// Seals a plaintext of any version.
    pub fn seal(&self, plaintext: &[u8]) -> Option<Sealed> {
        let (key, public) = Client::onion_key(&self.ephemeral, self.encryption, &self.server)?;
        let blob = key.seal(plaintext, &mut OneNonce(self.ephemeral[0]))?;
        let name = match self.encryption {
            Encryption::AesGcm => Value::Null,
            Encryption::XChaCha20 => "xchacha20".into(),
        };
        let public = data_encoding::HEXLOWER.encode(&public);
        let metadata = json!({"ephemeral_key": public, "enc_type": name, "host": "x"});
        let len = u32::try_from(blob.len()).ok()?.to_le_bytes();
        let body = [len.as_slice(), &blob, metadata.to_string().as_bytes()].concat();
        Some(Sealed { body, key })
    }
}

impl Sealed {
    /// The reply of version 4.
    pub fn open(&self, reply: &[u8]) -> Option<Reply> {
        let reply = self.key.open(reply)?;
        let strings = bencode::parse_strings(&reply, 2)?;
        let [metadata, body] = strings.as_slice() else {
            return None;
        };
        let metadata: Value = serde_json::from_slice(metadata).ok()?;
        Some(Reply {
            status: u16::try_from(metadata["code"].as_u64()?).ok()?,
            headers: serde_json::from_value(metadata["headers"].clone()).ok()?,
            body: body.to_vec(),
        })
    }

    /// The reply of version 3.
    pub fn open_v3(&self, reply: &[u8]) -> Option<Vec<u8>> {
        let sealed = decode_base64(str::from_utf8(reply).ok()?)?;
        self.key.open(&sealed)
    }
}

/// Every key seals one request, so that any nonce will do.
struct OneNonce(u8);

impl rand::TryRng for OneNonce {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(u32::from(self.0))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(u64::from(self.0))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes.fill(self.0);
        Ok(())
    }
}

impl rand::TryCryptoRng for OneNonce {}

private_debug!(Request<'_>);

impl Reply {
    /// The body as JSON; `Null` if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// A header, empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The content type, empty if there is none.
    pub fn content_type(&self) -> &str {
        self.header("content-type")
    }

    /// The body of a success.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.json()
    }
}

/// All of it: only tests see replies.
impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?} {}", self.status, self.headers, self.text())
    }
}
