//! `relayctl backup`: through the daemon where one runs, directly where none does.

mod offline;
mod restore;

use std::path::{Path, PathBuf};

use relay_admin::paths;
use relay_admin::types::{Backup, BackupRequest};
use relay_storage::backup;

use super::{Context, Outcome, Verdict};
use crate::cli;
use crate::connect::is_nobody_there;
use crate::failure::Failure;
use crate::output::{count, harmless};
use crate::time;

pub(super) async fn run(command: cli::Backup, context: &Context) -> Outcome {
    match command {
        cli::Backup::Create { path } => create(path, context).await,
        cli::Backup::Restore { path, data_dir } => restore::run(&path, data_dir, context).await,
        cli::Backup::Verify { path } => verify(&path, context).await,
    }
}

async fn create(path: PathBuf, context: &Context) -> Outcome {
    let path = std::path::absolute(&path)
        .map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))?;
    context.output.progress("copying …");
    let request = BackupRequest { path: path.clone() };
    let asked = context.daemon()?.post(paths::BACKUPS, &request).await;
    let made: Backup = match asked {
        // Whoever names a socket wants that daemon, not the files of another.
        Err(error) if is_nobody_there(&error) && context.global.socket.is_none() => {
            offline::create(path, &context.global.sources(), error).await?
        }
        asked => asked?,
    };
    context
        .output
        .answer(&made, || describe("complete", &made))?;
    Ok(Verdict::Good)
}

async fn verify(path: &Path, context: &Context) -> Outcome {
    context.output.progress("reading …");
    let manifest = backup::verify(path).await?;
    let sound = Backup::of(path, &manifest);
    context
        .output
        .answer(&sound, || describe("sound", &sound))?;
    Ok(Verdict::Good)
}

fn describe(state: &str, backup: &Backup) -> String {
    format!(
        "{} is {state}: {}, {}, {} database, made {} UTC by relayd {}",
        harmless(&backup.path.display().to_string()),
        count(backup.files as u64, "file"),
        time::size(backup.size),
        harmless(&backup.engine),
        time::stamp(backup.created),
        harmless(&backup.relayd),
    )
}
