//! `smp-server delete`: the end of a server, after a question.

use std::fs;
use std::io;
use std::path::Path;

use super::End;
use super::console::{confirm, say};
use super::init::{cannot, claim};
use super::places::{Places, shown};

const WARNING: &str = "WARNING: deleting the server will make all queues inaccessible, because the server identity (certificate fingerprint) will change.\nTHIS CANNOT BE UNDONE!";

/// Asks, then removes both folders.
pub(super) fn run(places: &Places) -> Result<(), End> {
    confirm(WARNING, "Server NOT deleted")?;
    let folders = [&places.configuration, &places.state];
    for folder in folders {
        refuse_foreign(folder)?;
    }
    let alone = places.state.exists().then(|| claim(places)).transpose()?;
    for folder in folders {
        remove(folder).map_err(|error| cannot("delete", folder, &error))?;
    }
    drop(alone);
    say("Deleted configuration and log files");
    Ok(())
}

/// A folder named by mistake, `/etc` say, is not emptied: there must be something of a server's.
fn refuse_foreign(folder: &Path) -> Result<(), End> {
    let is_empty = fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
    if is_empty || MARKS.iter().any(|name| folder.join(name).exists()) {
        return Ok(());
    }
    Err(End::Failed(format!(
        "{} holds nothing of a server and is left alone; is it the right folder?",
        shown(folder)
    )))
}

const MARKS: &[&str] = &[
    "smp-server.ini",
    "fingerprint",
    "ca.crt",
    "relayd.lock",
    "relayd.toml",
    "smp-server-store.log",
    "smp-server-messages.log",
    "smp-server-stats.log",
    "smp-server-stats.daily.log",
    "messages",
    "www",
];

/// All that is in it, and the folder itself unless it is another's (made by root for the server's
/// user, or a mount).
fn remove(folder: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    let _ = fs::remove_dir(folder);
    Ok(())
}
