//! Requests to the authority: signed with ES256, by a key or by an account (RFC 7515, RFC 8555).

use data_encoding::BASE64URL_NOPAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A public key, as JSON has it.
#[derive(Clone, Debug)]
pub(super) struct Key {
    x: String,
    y: String,
}

/// A request whose signature is yet to be verified.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) nonce: String,
    pub(super) url: String,
    pub(super) key: Option<Key>,
    pub(super) account: Option<String>,
    /// Null where there is none.
    pub(super) payload: Value,
    message: String,
    signature: Vec<u8>,
}

pub(super) fn decode(text: &str) -> Result<Vec<u8>, String> {
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes());
    bytes.map_err(|error| error.to_string())
}

fn json(text: &str) -> Result<Value, String> {
    let bytes = decode(text)?;
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&bytes).map_err(|error| error.to_string())
}

impl Signed {
    pub(super) fn parse(body: &[u8]) -> Result<Self, String> {
        let body: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (protected, payload) = (text(&body["protected"]), text(&body["payload"]));
        let header = json(&protected)?;
        if header["alg"] != "ES256" {
            return Err("the algorithm is not ES256".to_owned());
        }
        let jwk = &header["jwk"];
        Ok(Self {
            nonce: text(&header["nonce"]),
            url: text(&header["url"]),
            key: jwk.is_object().then(|| Key {
                x: text(&jwk["x"]),
                y: text(&jwk["y"]),
            }),
            account: header["kid"].as_str().map(str::to_owned),
            payload: json(&payload)?,
            message: format!("{protected}.{payload}"),
            signature: decode(&text(&body["signature"]))?,
        })
    }

    pub(super) fn verify(&self, key: &Key) -> Result<(), String> {
        let point = [vec![4], decode(&key.x)?, decode(&key.y)?].concat();
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
        let verified = key.verify(self.message.as_bytes(), &self.signature);
        verified.map_err(|_| "the signature is wrong".to_owned())
    }
}

impl Key {
    /// RFC 7638.
    pub(super) fn thumbprint(&self) -> String {
        let Self { x, y } = self;
        let text = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        BASE64URL_NOPAD.encode(&Sha256::digest(text))
    }
}
