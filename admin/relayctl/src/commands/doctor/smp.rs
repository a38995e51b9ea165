//! The SMP relay's keys and certificates: whether it starts with them, and until when they hold.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use relay_core::clock::{Clock as _, SystemClock, UnixTime};
use relay_smp::SmpConfig;
use relay_smp::identity::{Folder, Identity};

use super::report::Section;
use super::{files, keys};
use crate::time;

/// Enough to get `ca.key` from where it is kept.
const NOTICE: Duration = Duration::from_hours(30 * 24);
const SECRETS: [&str; 2] = ["server.key", "ca.key"];

pub(super) fn check(config: &SmpConfig, data_dir: &Path, is_used: bool, found: &mut Section<'_>) {
    let folder = Folder::at(config.identity.folder_in(data_dir));
    if folder.is_empty() {
        return keys::no_identity("smp", is_used, found);
    }
    if let Some(secret) = SECRETS.iter().find(|name| is_forbidden(&folder, name)) {
        let path = folder.path().join(secret);
        return found.warning(
            format!("{} cannot be looked at", path.display()),
            "run relayctl as root or as the user relayd runs as",
        );
    }
    if !folder.path().starts_with(data_dir) {
        for secret in SECRETS {
            files::closed(&folder.path().join(secret), found);
        }
    }
    let now = SystemClock.now();
    let able = if folder.has_ca_key() {
        folder.check_ca()
    } else {
        Ok(())
    };
    match able.and_then(|()| folder.load(now)) {
        Ok(identity) => sound(&identity, &folder, now, found),
        Err(_) if folder.lacks_leaf() && folder.check_ca().is_ok() => {
            found.ok("smp has no certificate yet; relayd issues it when it starts");
        }
        Err(error) => found.problem_line(&error.to_string()),
    }
}

fn is_forbidden(folder: &Folder, name: &str) -> bool {
    let opened = File::open(folder.path().join(name));
    opened.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
}

fn sound(identity: &Identity, folder: &Folder, now: UnixTime, found: &mut Section<'_>) {
    let (shown, end) = (folder.path().display(), identity.not_after());
    let until = time::stamp(end.secs());
    if end.since(now) < NOTICE {
        found.warning(
            format!("a certificate of smp in {shown} expires at {until} UTC; after that no client connects"),
            "put ca.key there and run `relayctl smp cert rotate`; if it is one in ca.crt, have its issuer renew it",
        );
    } else {
        found.ok(format!(
            "smp has its keys in {shown}; its certificates are valid until {until} UTC"
        ));
    }
    if folder.has_ca_key() {
        found.ok("ca.key of smp is there too; it is needed for new certificates only, and safer elsewhere");
    }
}
