//! `[smp.identity]`: where keys and certificates are, and how new ones are made.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Keys and certificates. They are made at the first start.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct IdentityConfig {
    /// Folder of `ca.crt`, `ca.key`, `server.crt`, `server.key` and `fingerprint`; `smp` in the
    /// data dir when not set. The folder of a smp-server will do as it is. A reload reads the
    /// files again; another folder needs a restart. The fingerprint of `ca.crt` is this server's
    /// identity: clients find it under no other.
    #[schemars(extend("x-example" = "/etc/opt/simplex"))]
    pub folder: Option<PathBuf>,

    /// Kind of new keys. Existing keys stay what they are.
    pub key_kind: KeyKind,
}

/// Kind of a key that signs.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    /// Quick and small; what smp-server makes today.
    #[default]
    Ed25519,
    /// What earlier releases of smp-server made.
    Ed448,
}

impl IdentityConfig {
    /// Where the files are.
    pub fn folder_in(&self, data_dir: &Path) -> PathBuf {
        match &self.folder {
            Some(folder) => folder.clone(),
            None => data_dir.join("smp"),
        }
    }
}
