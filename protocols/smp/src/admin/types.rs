//! What the admin API says and hears. Fields are only ever added.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::KeyKind;

/// Where this server is, and who it is.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Address {
    /// With the password for creating queues, if there is one.
    pub address: String,
    /// Without it.
    pub public_address: String,
    /// Of the identity certificate, base64url.
    pub fingerprint: String,
    /// Whether clients elsewhere can use it: names were configured.
    pub has_hosts: bool,
}

/// A server's certificates.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Certificates {
    /// Of the identity certificate, base64url.
    pub fingerprint: String,
    /// Where the files are.
    pub folder: PathBuf,
    /// Whether `ca.key` is there too, so that a new certificate can be issued.
    pub has_ca_key: bool,
    /// As clients get them, the server's own first.
    pub chain: Vec<Certificate>,
}

/// A certificate.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Certificate {
    /// `server`, `identity`, `network` or `ca`; the CA of a chain of two is the identity.
    pub role: String,
    /// Its subject.
    pub name: String,
    /// `ed25519` or `ed448`.
    pub key_kind: KeyKind,
    /// From when it is valid, in unix seconds.
    pub not_before: i64,
    /// Until when it is valid, in unix seconds.
    pub not_after: i64,
    /// SHA-256, in hex.
    pub sha256: String,
}

/// How a new certificate is to differ from the one before.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rotation {
    /// The kind of its key.
    pub key_kind: Option<KeyKind>,
    /// Its name.
    pub name: Option<String>,
}
