//! The two shapes of a backup, a directory and a tar file, behind one writer and one reader.
//!
//! The writer works under a temporary name and renames when everything is on the disk.
//! The reader refuses names that would lead out of the backup.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};

use super::BackupError;
use super::manifest::Entry;

/// Writes a backup.
pub(super) struct Writer {
    partial: PathBuf,
    target: PathBuf,
    shape: Shape,
}

enum Shape {
    Dir,
    Tar(Box<tar::Builder<BufWriter<File>>>),
}

impl Writer {
    /// Starts a backup that will be called `target`, which must not exist.
    pub(super) fn create(target: &Path) -> Result<Self, BackupError> {
        if target.symlink_metadata().is_ok() {
            let path = target.display().to_string();
            return Err(BackupError::InTheWay {
                path,
                reason: "exists already; name a new backup",
            });
        }
        let mut partial = target.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        remove(&partial).map_err(BackupError::at(&partial))?;
        let shape = if target
            .extension()
            .is_some_and(|extension| extension == "tar")
        {
            let file = create_file(&partial).map_err(BackupError::at(&partial))?;
            Shape::Tar(Box::new(tar::Builder::new(BufWriter::with_capacity(
                1 << 20,
                file,
            ))))
        } else {
            create_dirs(&partial).map_err(BackupError::at(&partial))?;
            Shape::Dir
        };
        Ok(Self {
            partial,
            target: target.to_owned(),
            shape,
        })
    }

    /// Adds a copy of the file `source`; `None` if it vanished meanwhile.
    pub(super) fn add(&mut self, name: &str, source: &Path) -> Result<Option<Entry>, BackupError> {
        let file = match File::open(source) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(BackupError::at(source)(error)),
        };
        let size = file.metadata().map_err(BackupError::at(source))?.len();
        self.put(name, size, file.take(size))
            .map(Some)
            .map_err(BackupError::at(source))
    }

    /// Adds a file with this content.
    pub(super) fn add_bytes(&mut self, name: &str, content: &[u8]) -> Result<Entry, BackupError> {
        self.put(name, content.len() as u64, content)
            .map_err(BackupError::at(&self.partial.clone()))
    }

    fn put(&mut self, name: &str, size: u64, content: impl Read) -> io::Result<Entry> {
        let mut content = Hashing::new(content);
        match &mut self.shape {
            Shape::Dir => {
                let mut file = create_file(&self.partial.join(name))?;
                io::copy(&mut content, &mut file)?;
                file.sync_all()?;
            }
            Shape::Tar(tar) => tar.append_data(&mut header(size), name, &mut content)?,
        }
        let (read, sha256) = content.finish();
        if read != size {
            return Err(io::Error::other("file became shorter while it was copied"));
        }
        Ok(Entry {
            path: name.to_owned(),
            size,
            sha256,
        })
    }

    /// Everything to the disk, then the name.
    pub(super) fn finish(self) -> Result<(), BackupError> {
        let at = BackupError::at(&self.target);
        let finish = || {
            if let Shape::Tar(tar) = self.shape {
                let file = tar
                    .into_inner()?
                    .into_inner()
                    .map_err(io::IntoInnerError::into_error)?;
                file.sync_all()?;
            }
            fs::rename(&self.partial, &self.target)?;
            sync_parent(&self.target)
        };
        finish().map_err(at)
    }
}

fn header(size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o600);
    header.set_entry_type(tar::EntryType::Regular);
    header
}

/// Calls `visit` with the name and content of every file in a backup.
pub(super) fn read(
    backup: &Path,
    visit: &mut dyn FnMut(&str, &mut dyn Read) -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    let meta = fs::metadata(backup).map_err(BackupError::at(backup))?;
    if meta.is_dir() {
        return walk(backup, &mut |path| {
            let name = path
                .strip_prefix(backup)
                .unwrap_or(path)
                .to_string_lossy()
                .into_owned();
            let mut file = File::open(path).map_err(BackupError::at(path))?;
            visit(&name, &mut file)
        });
    }
    let file = File::open(backup).map_err(BackupError::at(backup))?;
    read_tar(file, visit).map_err(|error| match error {
        TarError::Format(error) => {
            BackupError::damaged(backup, format!("not a whole tar file: {error}"))
        }
        TarError::Name(name) => BackupError::damaged(backup, format!("it has a file named {name}")),
        TarError::Visit(error) => error,
    })
}

enum TarError {
    Format(io::Error),
    Name(String),
    Visit(BackupError),
}

impl From<io::Error> for TarError {
    fn from(error: io::Error) -> Self {
        Self::Format(error)
    }
}

fn read_tar(
    file: File,
    visit: &mut dyn FnMut(&str, &mut dyn Read) -> Result<(), BackupError>,
) -> Result<(), TarError> {
    for entry in tar::Archive::new(BufReader::with_capacity(1 << 20, file)).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let name = path.to_string_lossy().into_owned();
        if !is_inside(&path) || !entry.header().entry_type().is_file() {
            return Err(TarError::Name(name));
        }
        visit(&name, &mut entry).map_err(TarError::Visit)?;
    }
    Ok(())
}

/// Whether a path stays below where it is put.
fn is_inside(path: &Path) -> bool {
    path.components()
        .all(|part| matches!(part, Component::Normal(_)))
}

/// Calls `visit` with every regular file below `dir`, in name order. What vanishes meanwhile
/// is passed over; sockets and links are not followed.
pub(super) fn walk(
    dir: &Path,
    visit: &mut dyn FnMut(&Path) -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    let mut entries = fs::read_dir(dir)
        .and_then(Iterator::collect::<io::Result<Vec<_>>>)
        .map_err(BackupError::at(dir))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(&path, visit)?,
            Ok(kind) if kind.is_file() => visit(&path)?,
            _ => {}
        }
    }
    Ok(())
}

/// Copies through, counting and hashing.
pub(super) struct Hashing<R> {
    from: R,
    size: u64,
    hash: Sha256,
}

impl<R: Read> Hashing<R> {
    pub(super) fn new(from: R) -> Self {
        Self {
            from,
            size: 0,
            hash: Sha256::new(),
        }
    }

    /// Bytes read so far, and their SHA-256 in hex.
    pub(super) fn finish(self) -> (u64, String) {
        (
            self.size,
            data_encoding::HEXLOWER.encode(&self.hash.finalize()),
        )
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.size += read as u64;
        self.hash.update(&buffer[..read]);
        Ok(read)
    }
}

/// Ends of lines in a piece of text.
#[expect(
    clippy::naive_bytecount,
    reason = "the disk is slower than this; not worth a crate"
)]
pub(super) fn lines_in(text: &[u8]) -> u64 {
    text.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// A new file, and the directories to it, for the owner only.
pub(super) fn create_file(path: &Path) -> io::Result<File> {
    if let Some(parent) = path.parent() {
        create_dirs(parent)?;
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

pub(super) fn create_dirs(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Removes a file or a whole directory, if there.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes a rename in this directory last.
pub(super) fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

/// Copies `content` into a new file and onto the disk.
pub(super) fn write_file(path: &Path, content: &mut dyn Read) -> io::Result<()> {
    let mut file = create_file(path)?;
    io::copy(content, &mut file)?;
    file.flush()?;
    file.sync_all()
}
