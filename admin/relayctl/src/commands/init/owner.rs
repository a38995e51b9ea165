//! Whose the files are. Where a package has made the user relayd runs as, root's work is given to
//! it; elsewhere everything belongs to whoever runs this.

use std::ffi::OsStr;
use std::io;
use std::os::unix::fs::{PermissionsExt, chown, lchown};
use std::path::Path;

use nix::unistd::User;

use super::place::Place;
use super::wanted::Wanted;
use crate::failure::Failure;

/// The user of the packages.
const USER: &str = "relayd";

/// Gives the data to the user, and lets its group read the configuration.
pub(super) fn give(place: &Place, wanted: &Wanted) -> Result<(), Failure> {
    let Some(user) = user() else { return Ok(()) };
    let (uid, gid) = (user.uid.as_raw(), user.gid.as_raw());
    let given = data(&wanted.data_dir, uid, gid).and_then(|()| let_read(&place.draft_file(), gid));
    given.map_err(|error| {
        Failure::Refused(format!("the files cannot be given to user {USER}: {error}"))
    })
}

/// Whom to give files to: only root can, and only to somebody.
pub(super) fn user() -> Option<User> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    User::from_name(USER).ok().flatten()
}

/// The relays' folders; and the folder they are in, unless it holds somebody else's things too.
fn data(dir: &Path, uid: u32, gid: u32) -> io::Result<()> {
    let relays = relayd::protocols();
    let is_relays = |name: &OsStr| relays.iter().any(|relay| name == relay.name());
    let mut is_ours = true;
    for entry in dir.read_dir()? {
        let entry = entry?;
        if is_relays(&entry.file_name()) {
            all_of(&entry.path(), uid, gid)?;
        } else {
            is_ours = false;
        }
    }
    if is_ours {
        lchown(dir, Some(uid), Some(gid))?;
    }
    Ok(())
}

fn all_of(path: &Path, uid: u32, gid: u32) -> io::Result<()> {
    lchown(path, Some(uid), Some(gid))?;
    if path.symlink_metadata()?.is_dir() {
        for entry in path.read_dir()? {
            all_of(&entry?.path(), uid, gid)?;
        }
    }
    Ok(())
}

fn let_read(path: &Path, gid: u32) -> io::Result<()> {
    chown(path, None, Some(gid))?;
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o640))
}
