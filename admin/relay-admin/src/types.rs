//! What the admin API says and hears. Fields are only ever added.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The daemon at a glance.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Status {
    /// Of the running daemon.
    pub version: String,
    /// `starting`, `serving` or `draining`.
    pub phase: String,
    /// Its process.
    pub pid: u32,
    /// When it started, in unix seconds.
    pub started: i64,
    /// Seconds since then.
    pub uptime: u64,
    /// Whether everything is well.
    pub ready: bool,
    /// How each part is.
    pub parts: Vec<Part>,
    /// The database.
    pub store: Store,
    /// When the last backup was made by the daemon, in unix seconds, if it ever was.
    #[serde(default)]
    pub last_backup: Option<i64>,
    /// What browsers are shown on the web ports, if anything is served over TLS there.
    #[serde(default)]
    pub web_certificate: Option<WebCertificate>,
    /// Background workers.
    pub workers: Vec<Worker>,
}

/// How a part of the daemon is.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Whether it does its work.
    pub well: bool,
    /// Why it does not.
    pub reason: Option<String>,
}

/// The database.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Store {
    /// Where it is, without its password.
    pub url: String,
    /// `power` or `process`.
    pub durability: String,
    /// The fault it has, if any.
    pub fault: Option<String>,
    /// Units of work waiting to be written.
    pub queue: usize,
}

/// The certificate of the web ports.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct WebCertificate {
    /// `files`, `acme`, or `self_signed` until there is a proper one.
    pub source: String,
    /// The hosts it is for.
    pub names: Vec<String>,
    /// Until when it is valid, in unix seconds.
    pub not_after: i64,
}

/// Everything measured.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Metrics {
    /// In Prometheus' text format.
    pub text: String,
}

/// The filter of the logs.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct LogLevel {
    /// Such as `info`, or `info,relay_smp=debug`.
    pub level: String,
}

/// A background worker.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Worker {
    /// Its name.
    pub name: String,
    /// `waiting`, `running` or `paused`.
    pub state: String,
    /// Seconds from the end of a run to the next.
    pub every: f64,
    /// Runs since the daemon started.
    pub runs: u64,
    /// Failed runs since then.
    pub failures: u64,
    /// Its last run.
    pub last: Option<WorkerRun>,
}

/// A run of a worker.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct WorkerRun {
    /// When it began, in unix seconds.
    pub at: i64,
    /// Seconds it took.
    pub took: f64,
    /// What was done, unless it failed.
    pub done: Option<String>,
    /// Why it failed, if it did.
    pub error: Option<String>,
}

/// Whether a worker's schedule is to stand still.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize)]
pub struct WorkerPaused {
    /// Stand still.
    pub paused: bool,
}

/// A backup to be made.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct BackupRequest {
    /// An absolute path, on the daemon's machine: a directory to make, or a file ending in `.tar`.
    pub path: PathBuf,
}

/// A backup that was made.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Backup {
    /// Where it is.
    pub path: PathBuf,
    /// When, in unix seconds.
    pub created: i64,
    /// The relayd that made it.
    pub relayd: String,
    /// `sqlite` or `postgres`.
    pub engine: String,
    /// How many files it holds.
    pub files: usize,
    /// Their bytes.
    pub size: u64,
}

/// Who did what, and when.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct AuditEntry {
    /// In order of writing.
    pub id: i64,
    /// When, in unix seconds.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// To what, and how.
    pub detail: String,
    /// `done`, or why it was refused.
    pub outcome: String,
}

/// A note for the audit log.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct AuditNote {
    /// What to remember.
    pub text: String,
}

/// A note that is in the audit log.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize)]
pub struct AuditNoted {
    /// Its number.
    pub id: i64,
}

/// What to forget of the audit log.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize)]
pub struct AuditPrune {
    /// Everything older than this, in unix seconds.
    pub before: i64,
}

/// What was forgotten.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize)]
pub struct AuditPruned {
    /// How many entries.
    pub removed: u64,
}

/// A key of the configuration, as in force.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Setting {
    /// Such as `smp.listen`.
    pub key: String,
    /// Its value; secrets are hidden.
    pub value: serde_json::Value,
    /// Where it was said.
    pub origin: String,
}

/// What a reload came to.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Reload {
    /// Changed keys now in force.
    pub applied: Vec<String>,
    /// Changed keys that need a restart.
    pub need_restart: Vec<String>,
}

/// An upgrade that has begun.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Upgrade {
    /// The new process, which takes over when it is able to.
    pub pid: u32,
}

/// Nothing to say but that it was done.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Done {
    /// Always true.
    pub done: bool,
}

/// Why a request was refused, as RFC 9457 has it; of the type `about:blank`, for the status says
/// which kind of problem it is.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
pub struct Problem {
    /// Always `about:blank`.
    #[serde(rename = "type", default = "Problem::blank")]
    pub kind: String,
    /// The status in words.
    #[serde(default)]
    pub title: String,
    /// The status.
    #[serde(default)]
    pub status: u16,
    /// One line: what is wrong and what to do.
    #[serde(alias = "error")]
    pub detail: String,
}

impl Problem {
    /// The type of problems that the status describes.
    pub fn blank() -> String {
        "about:blank".to_owned()
    }
}
