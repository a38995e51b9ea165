//! `[sogs.messages]` and `[sogs.activity]`.

use std::time::Duration;

use relay_core::config::{ByteSize, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::unless_zero;
use crate::wire::ListLimits;

/// `[sogs.messages]`.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct MessageConfig {
    /// The largest message. The longest that Session apps send is about 45 KiB.
    pub max_size: ByteSize,

    /// How long messages are kept; `0s` is for ever. Pinned ones always stay. Apps that have
    /// fetched a message keep it.
    pub retention: Span,

    /// How long old versions of edited and deleted messages are kept; `0s` is for ever.
    pub history_expiry: Span,

    /// Whether the signature of a message is checked. Android signs with another key on servers
    /// that do not require blinded ids: do not reject there.
    pub check_signatures: SignatureCheck,

    /// Messages in a reply when a client does not ask for a number.
    pub default_list: u32,

    /// Most messages in a reply, whatever a client asks for.
    pub max_list: u32,

    /// Users named with a reaction when a client does not ask for a number.
    pub default_reactors: u32,

    /// Most users named with a reaction.
    pub max_reactors: u32,

    /// The longest reaction, in Unicode code points.
    pub max_reaction: usize,
}

/// What is done about a message whose signature is not its author's.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignatureCheck {
    /// It is not looked at: clients check signatures themselves, and hide what is forged.
    #[default]
    Off,
    /// It is posted, and counted in the metrics.
    Count,
    /// It is refused.
    Reject,
}

/// `[sogs.activity]`.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ActivityConfig {
    /// Who read in a room within this time counts as active there.
    pub active_within: Span,

    /// When it is forgotten that somebody read in a room; `0s` is never.
    pub forget_after: Span,

    /// How often the time that somebody was last active is written down, at most.
    pub write_every: Span,
}

impl Default for MessageConfig {
    fn default() -> Self {
        Self {
            max_size: ByteSize::kib(100),
            retention: Span::secs(0),
            history_expiry: Span::secs(30 * 24 * 60 * 60),
            check_signatures: SignatureCheck::Off,
            default_list: 100,
            max_list: 256,
            default_reactors: 4,
            max_reactors: 20,
            max_reaction: 12,
        }
    }
}

impl MessageConfig {
    /// How long lists are.
    pub const fn lists(&self) -> ListLimits {
        ListLimits {
            default_list: self.default_list,
            max_list: self.max_list,
            default_reactors: self.default_reactors,
            max_reactors: self.max_reactors,
        }
    }

    /// How long old versions are kept; for ever if `None`.
    pub fn history_lifetime(&self) -> Option<Duration> {
        unless_zero(self.history_expiry)
    }
}

impl Default for ActivityConfig {
    fn default() -> Self {
        Self {
            active_within: Span::secs(7 * 24 * 60 * 60),
            forget_after: Span::secs(60 * 24 * 60 * 60),
            write_every: Span::secs(60),
        }
    }
}
