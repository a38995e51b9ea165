//! `[sogs.files]`: uploads.

use relay_core::config::{ByteSize, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::unless_zero;
use crate::domain::files::Lifetimes;

/// `[sogs.files]`.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct FileConfig {
    /// How long files of messages are kept; `0s` is for ever. Room images and files of pinned
    /// messages never expire.
    pub expiry: Span,

    /// How long an upload is kept that no message shows.
    pub unattached_expiry: Span,

    /// How long after its upload a message may begin to show a file.
    pub attach_window: Span,

    /// The largest file. Session apps send at most 10 MB; through onion requests no more than
    /// 10 MiB arrives.
    pub max_size: ByteSize,

    /// Uploads are refused when less than this would be left on the disk.
    pub keep_free: ByteSize,
}

impl Default for FileConfig {
    fn default() -> Self {
        Self {
            expiry: Span::secs(15 * 24 * 60 * 60),
            unattached_expiry: Span::secs(60 * 60),
            attach_window: Span::secs(60 * 60),
            max_size: ByteSize::bytes(10_000_000),
            keep_free: ByteSize::mib(16),
        }
    }
}

impl FileConfig {
    /// How long files stay, by the rules of the domain.
    pub fn lifetimes(&self) -> Lifetimes {
        Lifetimes {
            unattached: self.unattached_expiry.get(),
            attachable: self.attach_window.get(),
            attached: unless_zero(self.expiry),
        }
    }
}
