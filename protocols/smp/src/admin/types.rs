//! What the admin API says and hears. Fields are only ever added.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::KeyKind;

/// Where this server is, and who it is.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
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
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
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
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
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
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rotation {
    /// The kind of its key.
    pub key_kind: Option<KeyKind>,
    /// Its name.
    pub name: Option<String>,
}

/// A queue as an operator sees it.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Queue {
    /// `active`, `suspended` (by its recipient) or `blocked` (by an operator).
    pub status: String,
    /// Why it is blocked, if it is.
    pub blocking: Option<Blocking>,
    /// `messaging` or `contact`; none for queues of old clients.
    pub mode: Option<String>,
    /// Whether a sender's key was set.
    pub secured: bool,
    /// Whether it has a notifier.
    pub notifier: bool,
    /// Whether it has a link.
    pub link: bool,
    /// Messages waiting.
    pub messages: u64,
    /// The day it was last used, in unix seconds.
    pub last_used: i64,
}

/// Why a queue is blocked.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Blocking {
    /// `spam` or `content`.
    pub reason: String,
    /// Whether clients are to show a notice.
    pub notice: bool,
    /// For how many seconds it holds; without it, for good.
    pub notice_ttl: Option<i64>,
}

/// A queue to be blocked.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BlockRequest {
    /// Why.
    pub reason: BlockReason,
    /// Whether clients are to show a notice.
    #[serde(default)]
    pub notice: bool,
    /// For how many seconds the notice holds; without it, for good.
    #[serde(default)]
    pub notice_ttl: Option<i64>,
}

/// Why a queue is to be blocked.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BlockReason {
    /// Unwanted bulk.
    Spam,
    /// Unlawful content.
    Content,
}

/// What became of the wish to block.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct BlockOutcome {
    /// Whether it was blocked now.
    pub blocked: bool,
    /// What it was before.
    pub before: String,
}

/// What became of the wish to unblock.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct UnblockOutcome {
    /// Whether it was unblocked now.
    pub unblocked: bool,
    /// What it was before.
    pub before: String,
    /// Why it was blocked, if it was.
    pub blocking: Option<Blocking>,
}

/// A queue that was deleted.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize)]
pub struct DeletedQueue {
    /// Messages that went with it.
    pub messages: u64,
}

/// What is there, and what happened; nothing of it names anybody.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Statistics {
    /// When the present period (a day) began, in unix seconds.
    pub period_began: i64,
    /// Queues there are.
    pub queues: i64,
    /// Messages waiting.
    pub messages: i64,
    /// Queues with a notifier.
    pub notifiers: i64,
    /// Notifications waiting.
    pub notifications: i64,
    /// Live subscriptions to queues.
    pub queue_subscriptions: usize,
    /// Live subscriptions to notifications.
    pub notifier_subscriptions: usize,
    /// Queues that had messages.
    pub active_queues: Active,
    /// Queues that had notifications.
    pub active_notifiers: Active,
    /// What was counted, by the names the daily file has for it.
    pub counters: Vec<Counter>,
}

/// How many different ones in this day, week and month.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Active {
    /// Since the day began.
    pub day: u64,
    /// Since Monday.
    pub week: u64,
    /// Since the first of the month.
    pub month: u64,
}

/// A counter.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Counter {
    /// Its name.
    pub name: String,
    /// Since the relay was first started.
    pub total: i64,
    /// In the present period.
    pub period: i64,
}
