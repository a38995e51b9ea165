//! Putting a backup into an empty place.

use std::fs;
use std::path::{Path, PathBuf};

use relay_admin::types::Backup;
use relay_config::SectionSpec;
use relay_core::data_dir::{DataDir, LOCK};
use relay_core::lifecycle::owners;
use relay_core::settings::Settings;
use relay_storage::StorageOptions;
use relay_storage::backup::{self, Target};
use serde::Serialize;

use crate::commands::{Context, Outcome, Verdict};
use crate::failure::Failure;
use crate::output::{count, harmless};
use crate::time;

/// What was restored, and where to.
#[derive(Serialize)]
struct Restored {
    #[serde(flatten)]
    backup: Backup,
    data_dir: PathBuf,
    database: String,
}

pub(super) async fn run(from: &Path, data_dir: Option<PathBuf>, context: &Context) -> Outcome {
    let target = target(data_dir, context)?;
    let (data_dir, database) = (target.data_dir.clone(), target.options.url.to_string());
    let working = context.output.working("verifying and restoring …");
    let place = Place::claim(&data_dir)?;
    let manifest = match backup::restore(from, target).await {
        Ok(manifest) => manifest,
        Err(error) => {
            place.leave();
            return Err(error.into());
        }
    };
    drop(working);
    let restored = Restored {
        backup: Backup::of(from, &manifest),
        data_dir,
        database,
    };
    context.output.answer(&restored, || restored.text())?;
    Ok(Verdict::Good)
}

/// Where the configuration, or the flag, wants it. Only what says that is read: a restore has to
/// be possible while the rest is still being mended.
fn target(data_dir: Option<PathBuf>, context: &Context) -> Result<Target, Failure> {
    let specs = [
        SectionSpec::of::<Settings>(),
        SectionSpec::of::<StorageOptions>(),
    ];
    let loaded = relay_config::load_only(&context.global.sources(), &specs)?;
    let settings: Settings = loaded.section()?;
    let mut options: StorageOptions = loaded.section()?;
    let data_dir = data_dir.unwrap_or(settings.data_dir);
    let data_dir = std::path::absolute(&data_dir)
        .map_err(|error| Failure::Usage(format!("{}: {error}", data_dir.display())))?;
    options.url = options.url.below(&data_dir);
    Ok(Target {
        data_dir,
        options,
        owners: owners(&relayd::protocols()),
    })
}

/// The data dir, which no daemon may use meanwhile.
struct Place {
    lock: Option<DataDir>,
    made_dir: Option<PathBuf>,
    made_lock: Option<PathBuf>,
}

impl Place {
    /// Takes it if it is a data dir or can become one. Anything else is left untouched, for the
    /// restore to refuse it.
    fn claim(data_dir: &Path) -> Result<Self, Failure> {
        let lock = data_dir.join(LOCK);
        let (is_there, is_locked) = (data_dir.exists(), lock.exists());
        if is_there && !is_locked && !is_empty(data_dir) {
            return Ok(Self {
                lock: None,
                made_dir: None,
                made_lock: None,
            });
        }
        let refused = |failure: relay_core::failure::Failure| Failure::Refused(failure.to_string());
        DataDir::create(data_dir).map_err(refused)?;
        let locked = DataDir::try_lock(data_dir).map_err(refused)?;
        let held = locked.map_err(|holder| {
            let dir = data_dir.display();
            Failure::Refused(format!(
                "a relayd{holder} runs on {dir}; stop it with `relayctl stop` and move its data away, or name another place with --data-dir"
            ))
        })?;
        Ok(Self {
            lock: Some(held),
            made_dir: (!is_there).then(|| data_dir.to_owned()),
            made_lock: (!is_locked).then_some(lock),
        })
    }

    /// Leaves no trace of a restore that was refused.
    fn leave(self) {
        drop(self.lock);
        if let Some(lock) = self.made_lock {
            let _ = fs::remove_file(lock);
        }
        if let Some(dir) = self.made_dir {
            let _ = fs::remove_dir(dir);
        }
    }
}

fn is_empty(dir: &Path) -> bool {
    fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_none())
}

impl Restored {
    fn text(&self) -> String {
        let dir = harmless(&self.data_dir.display().to_string());
        let mut lines = vec![format!(
            "restored {} ({}) of {} UTC into {dir}, database {}",
            count(self.backup.files as u64, "file"),
            time::size(self.backup.size),
            time::stamp(self.backup.created),
            harmless(&self.database),
        )];
        if rustix::process::geteuid().is_root() {
            let owner = "if relayd runs as a user of its own, give it the files";
            lines.push(format!("next: {owner}: chown -R relayd: {dir}"));
        }
        lines.push("next: start relayd, then run `relayctl doctor`".to_owned());
        lines.join("\n")
    }
}
