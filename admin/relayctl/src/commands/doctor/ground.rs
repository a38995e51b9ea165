//! What every check stands on: the configuration as far as it can be understood, and the daemon's
//! answers if there is one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use relay_admin::client::{Client, ClientError};
use relay_admin::paths;
use relay_admin::types::{AuditEntry, Setting, Status};
use relay_config::{Section, SectionSpec, Sources};
use relay_core::settings::{AdminSettings, LimitSettings, Settings};
use relay_smp::SmpConfig;
use relay_storage::StorageOptions;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::cli::Global;
use crate::configuration::Configuration;

/// A daemon that takes longer than this to say how it is, is not well.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where the patient stands.
pub(super) struct Ground {
    pub(super) configuration: Configuration,
    /// These are known even when something else in the configuration is wrong.
    pub(super) data_dir: Option<PathBuf>,
    pub(super) admin: Option<AdminSettings>,
    pub(super) limits: Option<LimitSettings>,
    pub(super) storage: Option<StorageOptions>,
    pub(super) smp: Option<SmpConfig>,
    /// How the daemon is, or why it does not say.
    pub(super) daemon: Result<Status, Silence>,
    pub(super) running: Option<Running>,
}

/// Why there is no word from a daemon.
pub(super) enum Silence {
    /// It answers, but says no, or nothing in time.
    Odd(String),
    /// It would be at a socket that is not for us.
    Forbidden(String),
    /// Nobody is there.
    Nobody(String),
}

/// What a running daemon tells besides its status.
pub(super) struct Running {
    pub(super) settings: Vec<Setting>,
    pub(super) newest_audit: Option<AuditEntry>,
}

impl Ground {
    pub(super) async fn look(global: &Global) -> Self {
        let sources = global.sources();
        let configuration = Configuration::read(&sources);
        let data_dir = section::<Settings>(&sources).map(|settings| absolute(settings.data_dir));
        let storage = section::<StorageOptions>(&sources).zip(data_dir.as_ref());
        let (daemon, running) = match global.daemon() {
            Ok(client) => (status(&client).await, running(&client).await),
            Err(failure) => (Err(Silence::Nobody(failure.to_string())), None),
        };
        Self {
            configuration,
            admin: section(&sources),
            limits: section(&sources),
            smp: section(&sources),
            storage: storage.map(|(mut storage, data_dir)| {
                storage.url = storage.url.below(data_dir);
                storage
            }),
            data_dir,
            daemon,
            running,
        }
    }

    /// The process of the running daemon.
    pub(super) fn daemon_pid(&self) -> Option<u32> {
        self.daemon.as_ref().ok().map(|status| status.pid)
    }

    /// The database's file, if it is one.
    pub(super) fn database_file(&self) -> Option<&Path> {
        self.storage.as_ref().and_then(|storage| storage.url.file())
    }

    /// A value the running daemon was started with.
    pub(super) fn running_value(&self, key: &str) -> Option<&serde_json::Value> {
        let settings = &self.running.as_ref()?.settings;
        let found = settings.iter().find(|setting| setting.key == key);
        found.map(|setting| &setting.value)
    }
}

/// Advice holds in whichever directory it is followed.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

/// One section, whatever the others are like.
fn section<S: Section>(sources: &Sources) -> Option<S> {
    let loaded = relay_config::load_only(sources, &[SectionSpec::of::<S>()]);
    loaded.ok()?.section().ok()
}

async fn status(client: &Client) -> Result<Status, Silence> {
    match timeout(PATIENCE, client.get(paths::STATUS)).await {
        Ok(Ok(status)) => Ok(status),
        Ok(Err(error)) => Err(silence(&error)),
        Err(_) => Err(Silence::Odd(format!(
            "relayd at {} gives no answer within {} seconds",
            client.place(),
            PATIENCE.as_secs()
        ))),
    }
}

fn silence(error: &ClientError) -> Silence {
    let text = error.to_string();
    match error {
        ClientError::Unreachable { source, .. } => match source.kind() {
            std::io::ErrorKind::PermissionDenied => Silence::Forbidden(text),
            _ => Silence::Nobody(text),
        },
        _ => Silence::Odd(text),
    }
}

async fn running(client: &Client) -> Option<Running> {
    let newest: Vec<AuditEntry> = ask(client, &paths::with(paths::AUDIT_NEWEST, "1")).await?;
    Some(Running {
        settings: ask(client, paths::CONFIG).await?,
        newest_audit: newest.into_iter().next(),
    })
}

async fn ask<T: DeserializeOwned>(client: &Client, path: &str) -> Option<T> {
    timeout(PATIENCE, client.get(path)).await.ok()?.ok()
}
