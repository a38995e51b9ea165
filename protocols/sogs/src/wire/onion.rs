//! Onion requests: a sealed request in the body of a POST, and its sealed reply.
//!
//! ```text
//! u32 little-endian N ‖ N sealed bytes ‖ {"ephemeral_key": …, "enc_type": …}
//! ```
//!
//! What is sealed is of version 4 ([`v4`], all of today's clients) or 3 ([`v3`], old ones). What
//! cannot be opened is answered outside, with status 400: there is nobody to seal to.

pub mod v3;
pub mod v4;

use rand::CryptoRng;
use serde::Deserialize;

use super::json::object;
use super::{SubRequest, SubResponse, encode_base64, hex_or_base64};
use crate::crypto::{Encryption, SealKey, ServerKey};
use crate::private::private_debug;

/// The largest body that is read: the 10 MiB that nodes pass on, and some.
pub const MAX_BODY: usize = 10 * 1024 * 1024 + 512 * 1024;

/// What is sealed, by the path it arrived on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Version {
    /// JSON and base64.
    V3,
    /// A list of strings.
    V4,
}

/// Why a body is no onion request. Answered with status 400, whichever it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum OnionError {
    /// The length in front does not fit what follows.
    #[error("the onion request is cut off")]
    CutOff,
    /// No key, or no encryption we speak.
    #[error("the onion request does not say how it is sealed")]
    Metadata,
    /// Sealed to somebody else, or broken.
    #[error("the onion request does not open")]
    Sealed,
}

/// An opened request: what was inside and the key the reply is sealed with.
pub struct Opened {
    /// Of version 3 or 4, as the path said.
    pub plaintext: Vec<u8>,
    /// For the reply.
    pub key: SealKey,
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow)]
    ephemeral_key: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    enc_type: Option<std::borrow::Cow<'a, str>>,
}

impl Version {
    /// Of the requests that arrive on a path.
    pub fn of_path(path: &str) -> Option<Self> {
        match path {
            "/oxen/v4/lsrpc" => Some(Self::V4),
            "/oxen/v3/lsrpc" | "/loki/v3/lsrpc" => Some(Self::V3),
            _ => None,
        }
    }
}

impl Opened {
    /// The request that was inside, and the key for its reply. One that makes no sense, or is for
    /// another onion, is answered like any other: sealed.
    pub fn into_request(self, version: Version) -> (Option<SubRequest>, ReplyKey) {
        let request = match version {
            Version::V3 => v3::parse(&self.plaintext),
            Version::V4 => v4::parse(self.plaintext),
        };
        let request = request.filter(|request| !request.target.is_onion());
        let key = self.key;
        (request, ReplyKey { version, key })
    }
}

/// Seals the reply to one request.
#[derive(Debug)]
pub struct ReplyKey {
    version: Version,
    key: SealKey,
}

impl ReplyKey {
    /// The body of the outer answer, whose status is 200; `None` is the answer to what made no
    /// sense.
    pub fn seal(
        &self,
        response: Option<&SubResponse>,
        rng: &mut impl CryptoRng,
    ) -> Option<Vec<u8>> {
        match self.version {
            Version::V3 => {
                let text = response.map_or_else(v3::invalid, v3::reply);
                let sealed = self.key.seal(&text, rng)?;
                Some(encode_base64(&sealed).into_bytes())
            }
            Version::V4 => {
                let invalid = || v4::reply(&v4::invalid());
                self.key
                    .seal(&response.map_or_else(invalid, v4::reply), rng)
            }
        }
    }
}

/// Opens the body of a POST.
pub fn open(server: &ServerKey, body: &[u8]) -> Result<Opened, OnionError> {
    let (len, rest) = body.split_first_chunk().ok_or(OnionError::CutOff)?;
    let len = usize::try_from(u32::from_le_bytes(*len)).map_err(|_| OnionError::CutOff)?;
    let (sealed, metadata) = rest.split_at_checked(len).ok_or(OnionError::CutOff)?;
    let (encryption, client) = parse_metadata(metadata).ok_or(OnionError::Metadata)?;
    let key = SealKey::agree(server, encryption, &client).ok_or(OnionError::Metadata)?;
    let plaintext = key.open(sealed).ok_or(OnionError::Sealed)?;
    Ok(Opened { plaintext, key })
}

fn parse_metadata(json: &[u8]) -> Option<(Encryption, [u8; 32])> {
    let metadata: Metadata<'_> = object(json)?;
    let encryption = Encryption::named(metadata.enc_type.as_deref())?;
    Some((encryption, hex_or_base64(&metadata.ephemeral_key)?))
}

private_debug!(Opened);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;
    use crate::vectors;
    use crate::wire::decode_base64;

    #[test]
    fn reference_requests_open() {
        let vectors = vectors::load();
        let case = &vectors["onion_reference"];
        for name in ["aes_gcm_request_hex", "xchacha20_request_hex"] {
            let opened = open(&vectors::server_key(), &vectors::hex(&case[name])).expect(name);
            assert_eq!(
                opened.plaintext,
                vectors::text(&case["plaintext"]).as_bytes()
            );
        }
    }

    #[test]
    fn computed_requests_and_replies_open() {
        let vectors = vectors::load();
        let requests = &vectors["onion_requests"];
        let server = vectors::server_key();
        for case in requests["cases"].as_array().expect("cases") {
            for scheme in ["aes_gcm", "xchacha20"] {
                let body = vectors::hex(&case[scheme]["http_body_hex"]);
                let opened = open(&server, &body).expect("an onion request");
                assert_eq!(opened.plaintext, vectors::hex(&case["plaintext_hex"]));
                let reply = &requests["v4_response"];
                let sealed = vectors::hex(&reply[format!("{scheme}_http_body_hex")]);
                let expected = vectors::text(&reply["plaintext_utf8"]).as_bytes();
                assert_eq!(opened.key.open(&sealed).expect("a reply"), expected);
            }
        }
    }

    #[test]
    fn old_replies_are_base64() {
        let vectors = vectors::load();
        let requests = &vectors["onion_requests"];
        let body = vectors::hex(&requests["cases"][2]["aes_gcm"]["http_body_hex"]);
        let opened = open(&vectors::server_key(), &body).expect("an onion request");
        let reply = &requests["v3_response"];
        let sealed = decode_base64(vectors::text(&reply["aes_gcm_http_body_b64"]));
        let text = opened.key.open(&sealed.expect("base64")).expect("a reply");
        assert_eq!(text, vectors::text(&reply["plaintext_utf8"]).as_bytes());
    }

    #[test]
    fn requests_are_answered_in_their_version() {
        let vectors = vectors::load();
        let server = vectors::server_key();
        for case in vectors["onion_requests"]["cases"]
            .as_array()
            .expect("cases")
        {
            let body = vectors::hex(&case["aes_gcm"]["http_body_hex"]);
            let client = open(&server, &body).expect("an onion request").key;
            let version = Version::of_path(vectors::text(&case["target"])).expect("a version");
            let opened = open(&server, &body).expect("an onion request");
            let (request, key) = opened.into_request(version);
            assert!(request.is_some());
            let rng = &mut StdRng::seed_from_u64(1);
            let sealed = key.seal(None, rng).expect("sealed");
            let (sealed, expected) = match version {
                Version::V3 => {
                    let sealed = str::from_utf8(&sealed).expect("text");
                    (decode_base64(sealed).expect("base64"), v3::invalid())
                }
                Version::V4 => (sealed, v4::reply(&v4::invalid())),
            };
            assert_eq!(client.open(&sealed).expect("a reply"), expected);
        }
    }

    #[test]
    fn onions_hold_no_onions() {
        let vectors = vectors::load();
        let body = vectors::hex(&vectors["onion_requests"]["cases"][0]["aes_gcm"]["http_body_hex"]);
        let mut opened = open(&vectors::server_key(), &body).expect("an onion request");
        let metadata = br#"{"method":"POST","endpoint":"/loki/v3/lsrpc"}"#;
        opened.plaintext = crate::wire::bencode::write_strings(&[metadata]);
        assert_eq!(opened.into_request(Version::V4).0, None);
    }

    #[test]
    fn corpus_of_bodies_that_are_none() {
        let vectors = vectors::load();
        let good = vectors::hex(&vectors["onion_reference"]["aes_gcm_request_hex"]);
        let server = vectors::server_key();
        let error = |body: &[u8]| open(&server, body).map(|_| ()).unwrap_err();
        let mut long = good.clone();
        long[..4].copy_from_slice(&[0xff; 4]);
        let mut flipped = good.clone();
        flipped[20] ^= 1;
        assert_eq!(error(b""), OnionError::CutOff);
        assert_eq!(error(&good[..3]), OnionError::CutOff);
        assert_eq!(error(&long), OnionError::CutOff);
        assert_eq!(error(&good[..good.len() - 1]), OnionError::Metadata);
        assert_eq!(error(&flipped), OnionError::Sealed);
        let metadata = |json: &str| error(&[&[0; 4], json.as_bytes()].concat());
        assert_eq!(metadata("{}"), OnionError::Metadata);
        assert_eq!(metadata(r#"{"ephemeral_key":"00"}"#), OnionError::Metadata);
        let key = "00".repeat(32);
        let small = format!(r#"{{"ephemeral_key":"{key}"}}"#);
        assert_eq!(metadata(&small), OnionError::Metadata);
        let key = "09".repeat(32);
        let cbc = format!(r#"{{"ephemeral_key":"{key}","enc_type":"aes-cbc"}}"#);
        assert_eq!(metadata(&cbc), OnionError::Metadata);
        let nothing = format!(r#"{{"ephemeral_key":"{key}","host":"x","port":443}}"#);
        assert_eq!(metadata(&nothing), OnionError::Sealed);
    }

    proptest! {
        #[test]
        fn any_body_is_answered(body: Vec<u8>) {
            prop_assert!(open(&vectors::server_key(), &body).is_err());
        }
    }
}
