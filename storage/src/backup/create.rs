//! Making a backup of a serving database.

use std::path::{Path, PathBuf};

use sea_orm::{ConnectionTrait, DbBackend};

use super::archive::{self, Writer};
use super::manifest::{Applied, Engine, Entry, FILES, FORMAT, Manifest, NAME, SQLITE, TABLES};
use super::tables::{self, Dump};
use super::{BackupError, blocking};
use crate::{Database, Migrations};

/// What to back up, and where to.
#[derive(Clone, Debug)]
pub struct Plan {
    /// A directory to make, or a file when the name ends in `.tar`.
    pub target: PathBuf,
    /// Owners of tables.
    pub owners: Vec<Migrations>,
    /// Root of the files.
    pub data_dir: PathBuf,
    /// Files and directories below it that belong to the backup.
    pub files: Vec<PathBuf>,
    /// Which relayd this is.
    pub relayd: String,
    /// Now, in unix seconds.
    pub now: i64,
}

/// Copies the database and the files; gives the manifest of what was copied.
pub async fn create(database: &Database, plan: Plan) -> Result<Manifest, BackupError> {
    let staging = staging_of(&plan.target);
    let made = stage_and_assemble(database, plan, staging.clone()).await;
    blocking(move || archive::remove(&staging).map_err(BackupError::at(&staging))).await?;
    made
}

/// Next to the target, so that it is on the disk the operator chose.
fn staging_of(target: &Path) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(".staging");
    PathBuf::from(name)
}

async fn stage_and_assemble(
    database: &Database,
    plan: Plan,
    staging: PathBuf,
) -> Result<Manifest, BackupError> {
    let (target, dir) = (plan.target.clone(), staging.clone());
    let writer = blocking(move || {
        let writer = Writer::create(&target)?;
        archive::remove(&dir)
            .and_then(|()| archive::create_dirs(&dir))
            .map_err(BackupError::at(&dir))?;
        Ok(writer)
    })
    .await?;
    let (engine, dump) = match database.backend() {
        DbBackend::Sqlite => {
            copy_sqlite(database, &staging.join(SQLITE)).await?;
            (Engine::Sqlite, Dump::default())
        }
        _ => (
            Engine::Postgres,
            tables::dump(database, &plan.owners, &staging.join(TABLES)).await?,
        ),
    };
    let status = database.migration_status(&plan.owners).await;
    let migrations = status
        .map_err(|error| BackupError::Database(error.to_string()))?
        .into_iter()
        .map(|owner| Applied {
            prefix: owner.prefix.to_owned(),
            steps: owner.applied,
        })
        .collect();
    let manifest = Manifest {
        format: FORMAT,
        relayd: plan.relayd.clone(),
        created: plan.now,
        engine,
        migrations,
        tables: dump.tables,
        sequences: dump.sequences,
        entries: Vec::new(),
    };
    blocking(move || assemble(writer, &staging, &plan, manifest)).await
}

async fn copy_sqlite(database: &Database, to: &Path) -> Result<(), BackupError> {
    if let Some(parent) = to.parent() {
        archive::create_dirs(parent).map_err(BackupError::at(parent))?;
    }
    let quoted = to.to_string_lossy().replace('\'', "''");
    let aside = database.aside().await?;
    let copied = aside
        .execute_unprepared(&format!("VACUUM INTO '{quoted}'"))
        .await;
    aside.close().await?;
    copied?;
    Ok(())
}

fn assemble(
    mut writer: Writer,
    staging: &Path,
    plan: &Plan,
    mut manifest: Manifest,
) -> Result<Manifest, BackupError> {
    let mut entries = Vec::new();
    archive::walk(staging, &mut |path| {
        entries.extend(writer.add(&name_below(staging, path), path)?);
        Ok(())
    })?;
    for root in &plan.files {
        add_files(&mut writer, &plan.data_dir, root, &mut entries)?;
    }
    manifest.entries = entries;
    let text = serde_json::to_vec_pretty(&manifest)
        .map_err(|error| BackupError::Database(error.to_string()))?;
    writer.add_bytes(NAME, &text)?;
    writer.finish()?;
    Ok(manifest)
}

fn add_files(
    writer: &mut Writer,
    data_dir: &Path,
    root: &Path,
    entries: &mut Vec<Entry>,
) -> Result<(), BackupError> {
    let mut add = |path: &Path| {
        let name = format!("{FILES}/{}", name_below(data_dir, path));
        entries.extend(writer.add(&name, path)?);
        Ok(())
    };
    let root = data_dir.join(root);
    match root.metadata() {
        Ok(meta) if meta.is_dir() => archive::walk(&root, &mut add),
        Ok(_) => add(&root),
        Err(_) => Ok(()),
    }
}

fn name_below(root: &Path, path: &Path) -> String {
    path.strip_prefix(root)
        .unwrap_or(path)
        .to_string_lossy()
        .into_owned()
}
