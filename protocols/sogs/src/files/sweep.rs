//! Finding bytes that no row names: what crashes left behind.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use relay_core::clock::UnixTime;

use super::{BODY_TIME, FilePath, FileStore, INCOMING, blocking};

/// Younger bytes may still be on their way to a row. They are as old as the last time something
/// was written into them, and even those that trickle in are whole within [`BODY_TIME`].
const GRACE: Duration = Duration::from_mins(15);

const _: () = assert!(GRACE.as_secs() >= 2 * BODY_TIME.as_secs());

/// Rows asked for at once.
const CHUNK: usize = 256;

/// What a sweep came to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Swept {
    /// Files that have a row.
    pub kept: u64,
    /// Files that had none and are gone.
    pub removed: u64,
}

/// Why a sweep ended early.
#[derive(Debug, thiserror::Error)]
pub enum SweepError<E> {
    /// The folder cannot be read.
    #[error("cannot look through the folder of uploads: {0}")]
    Disk(#[from] io::Error),
    /// The rows cannot be read.
    #[error(transparent)]
    Rows(E),
}

impl FileStore {
    /// Removes files that are not among those `known` gives back of any it is asked about, unless
    /// they are so young that their upload may not have ended.
    pub async fn sweep<E, F>(
        &self,
        now: UnixTime,
        known: impl Fn(Vec<FilePath>) -> F,
    ) -> Result<Swept, SweepError<E>>
    where
        F: Future<Output = Result<HashSet<FilePath>, E>>,
    {
        let mut swept = Swept::default();
        swept.removed += self.sweep_incoming(now).await?;
        let folder = self.folder.to_path_buf();
        for shard in blocking(move || shards(&folder)).await? {
            let (folder, age) = (self.folder.to_path_buf(), oldest_young(now));
            let old = blocking(move || old_files(&folder, &shard, age)).await?;
            for paths in old.chunks(CHUNK) {
                let kept = known(paths.to_vec()).await.map_err(SweepError::Rows)?;
                for path in paths {
                    if kept.contains(path) {
                        swept.kept += 1;
                    } else {
                        self.delete(path).await?;
                        swept.removed += 1;
                    }
                }
            }
        }
        Ok(swept)
    }

    async fn sweep_incoming(&self, now: UnixTime) -> io::Result<u64> {
        let (folder, age) = (self.incoming(), oldest_young(now));
        blocking(move || {
            let mut removed = 0;
            for entry in std::fs::read_dir(&folder)? {
                let entry = entry?;
                if entry.metadata()?.modified()? < age {
                    std::fs::remove_file(entry.path())?;
                    removed += 1;
                }
            }
            Ok(removed)
        })
        .await
    }
}

fn oldest_young(now: UnixTime) -> SystemTime {
    let millis = u64::try_from(now.minus(GRACE).millis()).unwrap_or(0);
    UNIX_EPOCH + Duration::from_millis(millis)
}

fn shards(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut shards = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() && entry.file_name() != INCOMING {
            shards.push(entry.path());
        }
    }
    Ok(shards)
}

/// Files of a folder, as rows would name them, that were last written before a time.
fn old_files(folder: &Path, shard: &Path, before: SystemTime) -> io::Result<Vec<FilePath>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(shard)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        let path = entry.path();
        let name = path.strip_prefix(folder).ok().and_then(Path::to_str);
        let name = name.and_then(|name| name.parse().ok());
        if metadata.is_file() && metadata.modified()? < before {
            files.extend(name);
        }
    }
    Ok(files)
}
