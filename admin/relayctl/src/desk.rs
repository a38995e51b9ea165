//! The admin API wherever it is: at the running daemon or, when none runs, in this process, with the
//! store open as a daemon would have it.
//!
//! The lock of the data dir decides: whoever holds it has the store to itself, so that a database
//! never has two writers.

use std::path::Path;

use nix::unistd::{Gid, Uid, User, geteuid, initgroups, setgid, setuid};
use relay_admin::client::{Client, ClientError};
use relay_admin::local::Local;
use relay_admin::paths;
use relay_admin::types::Status;
use relay_config::Sources;
use relay_core::lifecycle::Offline;
use rustix::fs::stat;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::connect;
use crate::failure::Failure;

/// Where things are asked for and done.
pub(crate) enum Desk {
    /// By the daemon that runs.
    Daemon(Client),
    /// By ourselves.
    Here(Offline, Local),
}

/// The daemon that runs, if one does; it need not be ours to ask.
pub(crate) async fn running(sources: &Sources) -> Result<Option<Client>, Failure> {
    let client = connect::daemon(None, sources)?;
    match client.get::<Status>(paths::STATUS).await {
        Ok(_) | Err(ClientError::Refused(_)) => Ok(Some(client)),
        Err(error) if connect::is_nobody_there(&error) && !connect::is_named() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl Desk {
    /// Opens the store, when no daemon runs.
    pub(crate) async fn here(sources: Sources) -> Result<Self, Failure> {
        let opened = Offline::open(sources, relayd::protocols()).await;
        let offline = opened.map_err(|failure| Failure::Refused(failure.to_string()))?;
        let local = Local::new(offline.core());
        Ok(Self::Here(offline, local))
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        match self {
            Self::Daemon(client) => client.get(path).await,
            Self::Here(_, local) => local.get(path).await,
        }
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        match self {
            Self::Daemon(client) => client.post(path, body).await,
            Self::Here(_, local) => local.post(path, body).await,
        }
    }

    pub(crate) async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        match self {
            Self::Daemon(client) => client.put(path, body).await,
            Self::Here(_, local) => local.put(path, body).await,
        }
    }

    pub(crate) async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        match self {
            Self::Daemon(client) => client.delete(path).await,
            Self::Here(_, local) => local.delete(path).await,
        }
    }

    /// Writes everything down, if it was done here.
    pub(crate) async fn close(self) {
        if let Self::Here(offline, _) = self {
            offline.close().await;
        }
    }
}

/// Goes on as the user who owns the data dir, if we are root: what root makes there, the daemon
/// could not write.
pub(crate) fn become_owner(data_dir: &Path) -> Result<(), Failure> {
    let Ok(stat) = stat(data_dir) else {
        return Ok(());
    };
    let (uid, gid) = (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid));
    if !geteuid().is_root() || uid.is_root() {
        return Ok(());
    }
    let user = User::from_uid(uid).ok().flatten();
    let name = user.and_then(|user| std::ffi::CString::new(user.name).ok());
    let groups = name.map_or(Ok(()), |name| initgroups(&name, gid));
    let became = groups.and_then(|()| setgid(gid)).and_then(|()| setuid(uid));
    became.map_err(|error| {
        let dir = data_dir.display();
        Failure::Refused(format!(
            "cannot go on as the owner of {dir} ({error}); run this as that user"
        ))
    })
}
