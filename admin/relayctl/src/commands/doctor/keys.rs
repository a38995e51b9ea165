//! The relays' identities: the files by which clients know them.

use std::io;
use std::path::Path;

use super::ground::Ground;
use super::report::Section;
use super::smp;

/// A file that an identity consists of.
struct KeyFile {
    name: &'static str,
    /// Its bytes, when they have to be so many.
    size: Option<u64>,
}

/// What relays keep in their folders of the data dir.
const IDENTITIES: [(&str, &[KeyFile]); 1] = [(
    "sogs",
    &[KeyFile {
        name: "key_x25519",
        size: Some(32),
    }],
)];

pub(super) fn check(ground: &Ground, found: &mut Section<'_>) {
    let (Some(blueprint), Some(data_dir)) = (&ground.configuration.blueprint, &ground.data_dir)
    else {
        return found.unknown("keys");
    };
    if blueprint.plans.is_empty() {
        found.ok("no relay is switched on");
    }
    let is_used = ground.database_file().is_some_and(Path::exists);
    for (relay, _) in &blueprint.plans {
        if let Some((_, files)) = IDENTITIES.iter().find(|(name, _)| name == relay) {
            identity(relay, &data_dir.join(relay), files, is_used, found);
        }
        if let ("smp", Some(config)) = (*relay, &ground.smp) {
            smp::check(config, data_dir, is_used, found);
        }
    }
}

fn identity(relay: &str, dir: &Path, files: &[KeyFile], is_used: bool, found: &mut Section<'_>) {
    let missing: Vec<&str> = files
        .iter()
        .map(|file| file.name)
        .filter(|name| is_missing(&dir.join(name)))
        .collect();
    if missing.len() == files.len() {
        return no_identity(relay, is_used, found);
    }
    if !missing.is_empty() {
        return found.problem(
            format!(
                "{relay} has a part of its keys only; in {} there is no {}",
                dir.display(),
                missing.join(", ")
            ),
            "restore them from a backup; without them clients do not recognise the relay",
        );
    }
    let sound = files
        .iter()
        .map(|file| is_sound(&dir.join(file.name), file, found));
    if sound.fold(true, |all, sound| all & sound) {
        found.ok(format!("{relay} has its keys in {}", dir.display()));
    }
}

pub(super) fn no_identity(relay: &str, is_used: bool, found: &mut Section<'_>) {
    if is_used {
        found.warning(
            format!("{relay} has no keys, though there is a database"),
            format!("if {relay} was in use before, restore its keys from a backup, or clients will not recognise it; else start relayd, which makes them"),
        );
    } else {
        found.ok(format!(
            "{relay} has no keys yet; relayd makes them when it starts"
        ));
    }
}

fn is_missing(path: &Path) -> bool {
    matches!(path.metadata(), Err(error) if error.kind() == io::ErrorKind::NotFound)
}

fn is_sound(path: &Path, file: &KeyFile, found: &mut Section<'_>) -> bool {
    let shown = path.display();
    let size = match path.metadata() {
        Ok(metadata) => metadata.len(),
        Err(error) => {
            let advice = "run relayctl as root or as the user relayd runs as";
            found.warning(format!("{shown} cannot be looked at: {error}"), advice);
            return false;
        }
    };
    let wrong = match file.size {
        Some(right) if size != right => {
            Some(format!("{shown} has {size} bytes instead of {right}"))
        }
        None if size == 0 => Some(format!("{shown} is empty")),
        _ => None,
    };
    if let Some(wrong) = &wrong {
        found.problem(
            wrong,
            "restore it from a backup; without it clients do not recognise the relay",
        );
    }
    wrong.is_none()
}
