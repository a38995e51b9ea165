//! The vectors every implementation must agree with, for tests.

use data_encoding::{BASE64, HEXLOWER};
use serde_json::Value;

use crate::crypto::ServerKey;

pub(crate) fn load() -> Value {
    serde_json::from_str(include_str!("../vectors/sogs-vectors.json")).expect("vectors")
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

pub(crate) fn hex(value: &Value) -> Vec<u8> {
    HEXLOWER.decode(text(value).as_bytes()).expect("hex")
}

pub(crate) fn bytes<const N: usize>(value: &Value) -> [u8; N] {
    hex(value).try_into().expect("the length")
}

pub(crate) fn base64<const N: usize>(value: &Value) -> [u8; N] {
    let bytes = BASE64.decode(text(value).as_bytes()).expect("base64");
    bytes.try_into().expect("the length")
}

/// The server of all vectors but two.
pub(crate) fn server_key() -> ServerKey {
    ServerKey::new(&bytes(&load()["server_key"]["x25519_private_hex"]))
}
