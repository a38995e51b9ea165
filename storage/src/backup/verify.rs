//! Finding out whether a backup is whole and sound, without restoring it.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::archive::{self, Hashing};
use super::manifest::{Engine, Entry, FORMAT, Manifest, NAME, SQLITE, TABLES};
use super::{BackupError, blocking};
use crate::{Database, DatabaseUrl, StorageOptions};

/// Reads every byte of the backup, compares it with the manifest, and checks the database
/// inside. Gives the manifest of a sound backup.
pub async fn verify(backup: &Path) -> Result<Manifest, BackupError> {
    let path = backup.to_owned();
    let manifest = blocking(move || check_entries(&path)).await?;
    if manifest.engine == Engine::Sqlite {
        check_sqlite(backup).await?;
    }
    Ok(manifest)
}

pub(super) fn check_entries(backup: &Path) -> Result<Manifest, BackupError> {
    let mut found: HashMap<String, (Entry, u64)> = HashMap::new();
    // Before all of what may be any folder is read.
    if backup.is_dir() && !backup.join(NAME).exists() {
        return Err(no_manifest(backup));
    }
    let mut manifest = None;
    archive::read(backup, &mut |name, content| {
        if name == NAME {
            manifest = Some(parse(backup, content)?);
        } else {
            let counted = fingerprint(name, content).map_err(BackupError::at(backup))?;
            found.insert(name.to_owned(), counted);
        }
        Ok(())
    })?;
    let manifest = manifest.ok_or_else(|| no_manifest(backup))?;
    for entry in &manifest.entries {
        match found.remove(&entry.path) {
            Some((seen, rows)) if seen == *entry => check_rows(backup, &manifest, entry, rows)?,
            Some(_) => {
                return Err(BackupError::damaged(
                    backup,
                    format!("{} was changed", entry.path),
                ));
            }
            None => {
                return Err(BackupError::damaged(
                    backup,
                    format!("{} is missing", entry.path),
                ));
            }
        }
    }
    match found.keys().next() {
        Some(name) => Err(BackupError::damaged(
            backup,
            format!("{name} does not belong to it"),
        )),
        None => Ok(manifest),
    }
}

fn no_manifest(backup: &Path) -> BackupError {
    BackupError::damaged(backup, "it has no manifest.json")
}

fn parse(backup: &Path, content: &mut dyn Read) -> Result<Manifest, BackupError> {
    let mut text = Vec::new();
    content
        .read_to_end(&mut text)
        .map_err(BackupError::at(backup))?;
    let manifest: Manifest = serde_json::from_slice(&text)
        .map_err(|error| BackupError::damaged(backup, format!("manifest.json: {error}")))?;
    if manifest.format > FORMAT {
        let made_by = &manifest.relayd;
        return Err(BackupError::Unfit(format!(
            "this backup was made by a newer relayd ({made_by}); use that one"
        )));
    }
    Ok(manifest)
}

/// Size and hash of a file, and its number of lines (rows, for a copied table).
fn fingerprint(name: &str, content: &mut dyn Read) -> std::io::Result<(Entry, u64)> {
    let mut content = Hashing::new(content);
    let mut buffer = vec![0; 1 << 16];
    let mut lines = 0;
    loop {
        let read = content.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        lines += archive::lines_in(&buffer[..read]);
    }
    let (size, sha256) = content.finish();
    Ok((
        Entry {
            path: name.to_owned(),
            size,
            sha256,
        },
        lines,
    ))
}

fn check_rows(
    backup: &Path,
    manifest: &Manifest,
    entry: &Entry,
    rows: u64,
) -> Result<(), BackupError> {
    let table = entry
        .path
        .strip_prefix(TABLES)
        .and_then(|rest| rest.trim_start_matches('/').strip_suffix(".copy"));
    let expected = table.and_then(|name| manifest.tables.iter().find(|table| table.name == name));
    match expected {
        Some(table) if table.rows != rows => {
            let finding = format!(
                "table {} has {rows} rows, expected {}",
                table.name, table.rows
            );
            Err(BackupError::damaged(backup, finding))
        }
        _ => Ok(()),
    }
}

/// Opens the database inside a copy of the backup and lets SQLite look at all of it.
async fn check_sqlite(backup: &Path) -> Result<(), BackupError> {
    let scratch = scratch_beside(backup);
    let (from, to) = (backup.to_owned(), scratch.join("relayd.db"));
    let copy = to.clone();
    blocking(move || {
        archive::read(&from, &mut |name, content| match name {
            SQLITE => archive::write_file(&copy, content).map_err(BackupError::at(&copy)),
            _ => Ok(()),
        })
    })
    .await?;
    let findings = check_copy(to).await;
    blocking(move || archive::remove(&scratch).map_err(BackupError::at(&scratch))).await?;
    match findings?.into_iter().next() {
        Some(finding) => Err(BackupError::damaged(backup, finding)),
        None => Ok(()),
    }
}

async fn check_copy(copy: PathBuf) -> Result<Vec<String>, BackupError> {
    let options = StorageOptions {
        url: DatabaseUrl::Sqlite(copy),
        ..StorageOptions::default()
    };
    let database = Database::open(options)
        .await
        .map_err(|error| BackupError::Database(error.to_string()))?;
    let findings = database.check_integrity().await;
    database.close().await;
    findings.map_err(|error| BackupError::Database(error.to_string()))
}

fn scratch_beside(backup: &Path) -> PathBuf {
    let mut name = backup.as_os_str().to_owned();
    name.push(format!(".verify-{}", std::process::id()));
    PathBuf::from(name)
}
