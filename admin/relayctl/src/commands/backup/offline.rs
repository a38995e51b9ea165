//! Making a backup when no daemon runs.

use std::path::{Path, PathBuf};

use relay_admin::client::ClientError;
use relay_admin::types::Backup;
use relay_config::Sources;
use relay_core::clock::{Clock as _, SystemClock};
use relay_core::core::VERSION;
use relay_core::data_dir::{DataDir, LOCK};
use relay_core::lifecycle::{Blueprint, files, owners};
use relay_storage::backup::{self, Plan};
use relay_storage::{Database, DatabaseUrl, OpenError};

use crate::failure::Failure;

/// Copies what the configuration names; `unreachable` is why no daemon does it.
pub(super) async fn create(
    target: PathBuf,
    sources: &Sources,
    unreachable: ClientError,
) -> Result<Backup, Failure> {
    let protocols = relayd::protocols();
    let blueprint = Blueprint::draw(sources, &protocols)
        .map_err(|failure| Failure::Usage(failure.to_string()))?;
    let data_dir = blueprint.settings.data_dir;
    if !is_used(&data_dir, &blueprint.storage.url) {
        return Err(unreachable.into());
    }
    let _lock = lock(&data_dir)?;
    let plan = Plan {
        target: target.clone(),
        owners: owners(&protocols),
        data_dir,
        files: files(&protocols),
        relayd: VERSION.to_owned(),
        now: SystemClock.now().secs(),
    };
    let database = Database::open(blueprint.storage).await.map_err(unopened)?;
    let made = backup::create(&database, plan).await;
    database.close().await;
    Ok(Backup::of(target, &made?))
}

/// Whether a relayd ever worked here; opening a database would make one.
fn is_used(data_dir: &Path, url: &DatabaseUrl) -> bool {
    data_dir.is_dir() && url.file().is_none_or(Path::exists)
}

/// Keeps daemons from starting here. A lock that is missing is not made: it would belong to us,
/// not to the user relayd runs as.
pub(super) fn lock(data_dir: &Path) -> Result<Option<DataDir>, Failure> {
    if !data_dir.join(LOCK).exists() {
        return Ok(None);
    }
    let locked = DataDir::try_lock(data_dir).map_err(|f| Failure::Refused(f.to_string()))?;
    locked.map(Some).map_err(|holder| {
        let dir = data_dir.display();
        Failure::Refused(format!(
            "a relayd{holder} runs on {dir} and does not answer; stop it, or name its socket with --socket"
        ))
    })
}

fn unopened(error: OpenError) -> Failure {
    Failure::Refused(error.to_string())
}
