//! Who owns and who can read what is in the data dir, and who may use the admin socket.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::ground::Ground;
use super::report::Section;

/// Permissions of everybody but the owner.
const OTHERS: u32 = 0o077;

pub(super) fn check(ground: &Ground, found: &mut Section<'_>) {
    let Some(data_dir) = &ground.data_dir else {
        return found.unknown("data_dir");
    };
    match data_dir.metadata() {
        Ok(metadata) if metadata.is_dir() => directory(data_dir, &metadata, ground, found),
        Ok(_) => found.problem(
            format!("data_dir {} is not a directory", data_dir.display()),
            "move it away, or change data_dir",
        ),
        Err(error) if error.kind() == io::ErrorKind::NotFound => found.ok(format!(
            "data_dir {} does not exist yet; relayd makes it when it starts",
            data_dir.display()
        )),
        Err(error) => found.problem(
            format!(
                "data_dir {} cannot be looked into: {error}",
                data_dir.display()
            ),
            "run relayctl as root or as the user relayd runs as",
        ),
    }
    socket(ground, data_dir, found);
}

fn directory(data_dir: &Path, metadata: &Metadata, ground: &Ground, found: &mut Section<'_>) {
    let shown = data_dir.display();
    if is_open_to_others(metadata) {
        found.warning(
            format!(
                "data_dir {shown} is open to others (mode {:04o})",
                mode(metadata)
            ),
            format!("chmod 0700 {shown}"),
        );
    } else {
        found.ok(format!("data_dir {shown} is closed to others"));
    }
    let private = match private_files(data_dir, ground) {
        Ok(private) => private,
        Err(error) => {
            let advice = "run relayctl as root or as the user relayd runs as";
            return found.warning(format!("{shown} cannot be looked into: {error}"), advice);
        }
    };
    let mut all_well = true;
    for path in &private {
        if let Ok(file) = path.metadata() {
            all_well &= mode_fits(path, &file, found) & owner_fits(path, &file, metadata, found);
        }
    }
    if all_well && !private.is_empty() {
        found.ok(format!(
            "{} key and database files are private",
            private.len()
        ));
    }
}

/// Says so if others can read a secret file, which need not exist.
pub(super) fn closed(path: &Path, found: &mut Section<'_>) {
    if let Ok(file) = path.metadata() {
        mode_fits(path, &file, found);
    }
}

fn mode_fits(path: &Path, file: &Metadata, found: &mut Section<'_>) -> bool {
    if !is_open_to_others(file) {
        return true;
    }
    let shown = path.display();
    found.problem(
        format!("{shown} can be read by others (mode {:04o})", mode(file)),
        format!("chmod 0600 {shown}"),
    );
    false
}

fn owner_fits(path: &Path, file: &Metadata, dir: &Metadata, found: &mut Section<'_>) -> bool {
    if file.uid() == dir.uid() {
        return true;
    }
    let (shown, owner) = (path.display(), dir.uid());
    found.problem(
        format!(
            "{shown} belongs to user {}, data_dir to user {owner}",
            file.uid()
        ),
        format!("chown {owner}:{} {shown}", dir.gid()),
    );
    false
}

fn is_open_to_others(metadata: &Metadata) -> bool {
    mode(metadata) & OTHERS != 0
}

fn mode(metadata: &Metadata) -> u32 {
    metadata.mode() & 0o7777
}

/// The database with its companions, and what is called a key in the relays' folders.
fn private_files(data_dir: &Path, ground: &Ground) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for protocol in relayd::protocols() {
        files.extend(list(&data_dir.join(protocol.name()))?);
    }
    files.retain(|path| is_key(path));
    for suffix in ["", "-wal", "-shm"] {
        let database = ground.database_file().map(|file| {
            let mut name = file.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        });
        files.extend(database.filter(|path| path.exists()));
    }
    Ok(files)
}

fn list(dir: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(dir) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn is_key(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("key") || name.ends_with(".key")
}

fn socket(ground: &Ground, data_dir: &Path, found: &mut Section<'_>) {
    let Some(admin) = &ground.admin else {
        return found.unknown("admin.socket");
    };
    let path = admin.socket_in(data_dir);
    let shown = path.display();
    match path.metadata() {
        Ok(metadata) if !metadata.file_type().is_socket() => found.problem(
            format!("{shown} is not a socket"),
            "move it away, or change admin.socket",
        ),
        Ok(metadata) if metadata.mode() & 0o002 != 0 => found.problem(
            format!(
                "everybody may administer relayd through {shown} (mode {:04o})",
                mode(&metadata)
            ),
            "set admin.mode = \"0660\" and restart relayd",
        ),
        Ok(metadata) if mode(&metadata) & 0o777 != admin.mode.0 => found.warning(
            format!(
                "{shown} has mode {:04o}, not {:04o} as admin.mode says",
                mode(&metadata),
                admin.mode.0
            ),
            "restart relayd",
        ),
        Ok(metadata) => found.ok(format!(
            "admin socket {shown} is for its owner and group (mode {:04o})",
            mode(&metadata)
        )),
        // Whether a daemon should be there is another check's.
        Err(_) => {}
    }
}
