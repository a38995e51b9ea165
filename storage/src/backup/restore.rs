//! Restoring a backup into an empty place.
//!
//! Nothing that exists is ever overwritten: the data dir and the database must be empty. What
//! is restored appears under its name only after it was verified and is on the disk.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::manifest::{Engine, FILES, Manifest, SQLITE, TABLES};
use super::{BackupError, archive, blocking, tables, verify};
use crate::migrate::refuse_newer;
use crate::{Database, DatabaseUrl, MigrationStatus, Migrations, StorageOptions};

const STAGING: &str = ".restoring";

/// Where to restore to.
#[derive(Clone, Debug)]
pub struct Target {
    /// Must be missing or empty.
    pub data_dir: PathBuf,
    /// The database; a URL that is not relative.
    pub options: StorageOptions,
    /// Owners of tables, as this program knows them.
    pub owners: Vec<Migrations>,
}

/// Verifies `backup` and restores it.
pub async fn restore(backup: &Path, target: Target) -> Result<Manifest, BackupError> {
    let manifest = verify(backup).await?;
    check_fits(&manifest, &target)?;
    let staging = target.data_dir.join(STAGING);
    let (from, data_dir, dir) = (backup.to_owned(), target.data_dir.clone(), staging.clone());
    let file = target.options.url.file().map(Path::to_owned);
    blocking(move || {
        refuse_occupied(&data_dir, file.as_deref())?;
        unpack(&from, &dir)
    })
    .await?;
    let put = put_in_place(&manifest, &target, &staging).await;
    blocking(move || archive::remove(&staging).map_err(BackupError::at(&staging))).await?;
    put.map(|()| manifest)
}

fn check_fits(manifest: &Manifest, target: &Target) -> Result<(), BackupError> {
    let engine = match target.options.url {
        DatabaseUrl::Sqlite(_) => Engine::Sqlite,
        DatabaseUrl::Postgres(_) => Engine::Postgres,
    };
    if manifest.engine != engine {
        return Err(BackupError::Unfit(format!(
            "this backup is of a {:?} database, but storage.url is {}; set storage.url to restore it",
            manifest.engine, target.options.url
        )));
    }
    refuse_newer(&unknown_steps(manifest, &target.owners))
        .map_err(|error| BackupError::Unfit(error.to_string()))
}

/// The manifest's migrations in the terms of a database's.
fn unknown_steps(manifest: &Manifest, owners: &[Migrations]) -> Vec<MigrationStatus> {
    let status = |owner: &Migrations| {
        let known: HashSet<String> = (owner.steps)()
            .iter()
            .map(|step| step.name().to_owned())
            .collect();
        let found = manifest
            .migrations
            .iter()
            .filter(|applied| applied.prefix == owner.prefix);
        let applied: Vec<String> = found.flat_map(|applied| applied.steps.clone()).collect();
        let unknown = applied
            .iter()
            .filter(|step| !known.contains(*step))
            .cloned()
            .collect();
        MigrationStatus {
            prefix: owner.prefix,
            applied,
            pending: Vec::new(),
            unknown,
        }
    };
    owners.iter().map(status).collect()
}

fn refuse_occupied(data_dir: &Path, database: Option<&Path>) -> Result<(), BackupError> {
    let in_the_way = |path: &Path, reason| BackupError::InTheWay {
        path: path.display().to_string(),
        reason,
    };
    if let Some(file) = database.filter(|file| file.exists()) {
        return Err(in_the_way(
            file,
            "exists; a backup is restored into an empty place only",
        ));
    }
    let entries = match fs::read_dir(data_dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(BackupError::at(data_dir)(error)),
    };
    let mut names = entries.flatten().map(|entry| entry.file_name());
    // A lock file is all that a daemon which never ran leaves behind.
    if names.any(|name| name != "relayd.lock" && name != STAGING && name != "lost+found") {
        return Err(in_the_way(
            data_dir,
            "is not empty; a backup is restored into an empty place only",
        ));
    }
    Ok(())
}

fn unpack(backup: &Path, staging: &Path) -> Result<(), BackupError> {
    archive::remove(staging).map_err(BackupError::at(staging))?;
    archive::create_dirs(staging).map_err(BackupError::at(staging))?;
    archive::read(backup, &mut |name, content| {
        let path = staging.join(name);
        archive::write_file(&path, content).map_err(BackupError::at(&path))
    })
}

async fn put_in_place(
    manifest: &Manifest,
    target: &Target,
    staging: &Path,
) -> Result<(), BackupError> {
    match &target.options.url {
        DatabaseUrl::Sqlite(file) => move_file(&staging.join(SQLITE), file)?,
        DatabaseUrl::Postgres(_) => fill_postgres(manifest, target, &staging.join(TABLES)).await?,
    }
    let (files, data_dir) = (staging.join(FILES), target.data_dir.clone());
    blocking(move || move_children(&files, &data_dir)).await
}

async fn fill_postgres(
    manifest: &Manifest,
    target: &Target,
    tables_dir: &Path,
) -> Result<(), BackupError> {
    let database = Database::open(target.options.clone())
        .await
        .map_err(|error| BackupError::Database(error.to_string()))?;
    let filled = fill_tables(manifest, target, &database, tables_dir).await;
    database.close().await;
    filled
}

async fn fill_tables(
    manifest: &Manifest,
    target: &Target,
    database: &Database,
    tables_dir: &Path,
) -> Result<(), BackupError> {
    let failed = |error: crate::MigrateError| BackupError::Database(error.to_string());
    let status = database
        .migration_status(&target.owners)
        .await
        .map_err(failed)?;
    if status.iter().any(|owner| !owner.applied.is_empty()) {
        let path = database.url().to_string();
        return Err(BackupError::InTheWay {
            path,
            reason: "has tables of relayd already; restore into an empty database",
        });
    }
    let steps = manifest
        .migrations
        .iter()
        .flat_map(|applied| applied.steps.iter().cloned())
        .collect();
    database
        .migrate_to(&target.owners, &steps)
        .await
        .map_err(failed)?;
    tables::fill(database, manifest, tables_dir).await
}

fn move_children(from: &Path, to: &Path) -> Result<(), BackupError> {
    let Ok(entries) = fs::read_dir(from) else {
        return Ok(());
    };
    for entry in entries {
        let entry = entry.map_err(BackupError::at(from))?;
        move_file(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Renames; a database outside the data dir may be on another file system and is copied.
fn move_file(from: &Path, to: &Path) -> Result<(), BackupError> {
    if fs::rename(from, to).is_err() {
        let mut content = fs::File::open(from).map_err(BackupError::at(from))?;
        archive::write_file(to, &mut content).map_err(BackupError::at(to))?;
    }
    archive::sync_parent(to).map_err(BackupError::at(to))
}
