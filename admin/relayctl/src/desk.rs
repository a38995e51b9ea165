//! The admin API wherever it is: at the running daemon or, when none runs, in this process, with the
//! store open as a daemon would have it.
//!
//! The lock of the data dir decides: whoever holds it has the store to itself, so that a database
//! never has two writers.

use std::path::Path;
use std::time::Duration;

use nix::unistd::{Gid, Uid, User, geteuid, initgroups, setgid, setuid};
use relay_admin::client::{Client, ClientError};
use relay_admin::local;
use relay_admin::paths;
use relay_admin::types::Status;
use relay_config::Sources;
use relay_core::lifecycle::Offline;
use rustix::fs::stat;

use crate::connect;
use crate::failure::Failure;

/// How long a daemon may take to answer; one that hangs is not waited for.
const LIMIT: Duration = Duration::from_secs(30);

/// Where things are asked for and done.
pub(crate) struct Desk {
    client: Client,
    /// What to close, if it is done by ourselves.
    offline: Option<Offline>,
}

/// The daemon that runs, if one does; it need not be ours to ask.
pub(crate) async fn running(sources: &Sources) -> Result<Option<Client>, Failure> {
    let client = connect::daemon(None, sources)?.within(Some(LIMIT));
    match client.get::<Status>(paths::STATUS).await {
        Ok(_) | Err(ClientError::Refused(_)) => Ok(Some(client)),
        Err(error) if connect::is_nobody_there(&error) && !connect::is_named() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl Desk {
    /// The daemon that runs.
    pub(crate) fn of(client: Client) -> Self {
        Self {
            client,
            offline: None,
        }
    }

    /// Opens the store, when no daemon runs.
    pub(crate) async fn here(sources: Sources) -> Result<Self, Failure> {
        let opened = Offline::open(sources, relayd::protocols()).await;
        let offline = opened.map_err(|failure| Failure::Refused(failure.to_string()))?;
        Ok(Self {
            client: local::client(offline.core()),
            offline: Some(offline),
        })
    }

    /// Whom to ask.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Writes everything down, if it was done here.
    pub(crate) async fn close(self) {
        if let Some(offline) = self.offline {
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
