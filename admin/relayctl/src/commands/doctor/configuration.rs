//! The configuration: every mistake in it, who can read its secrets, and whether the running
//! daemon has it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use relay_config::{Origin, Shown};
use relay_core::lifecycle::Blueprint;

use super::ground::Ground;
use super::report::Section;
use crate::configuration::all_sections;

pub(super) fn check(ground: &Ground, found: &mut Section<'_>) {
    for problem in &ground.configuration.problems {
        found.problem_line(problem);
    }
    let Some(blueprint) = &ground.configuration.blueprint else {
        return;
    };
    if ground.configuration.problems.is_empty() {
        found.ok(read(blueprint));
    }
    let shown = relay_config::show(&blueprint.loaded, &all_sections());
    exposed_secrets(&shown, found);
    not_in_force(ground, &shown, found);
}

fn read(blueprint: &Blueprint) -> String {
    let files = blueprint.loaded.files().iter();
    let files: Vec<_> = files.map(|file| file.display().to_string()).collect();
    if files.is_empty() {
        "no configuration file; built-in defaults and the environment".to_owned()
    } else {
        format!("read {}", files.join(", "))
    }
}

fn exposed_secrets(shown: &[Shown], found: &mut Section<'_>) {
    for shown in shown.iter().filter(|shown| shown.secret) {
        let Origin::File { path, .. } = &shown.origin else {
            continue;
        };
        if is_open_to_all(path) {
            found.problem(
                format!(
                    "{} holds {} and everybody can read it",
                    path.display(),
                    shown.key
                ),
                format!(
                    "chmod o-rwx {}, and set a new {}",
                    path.display(),
                    shown.key
                ),
            );
        }
    }
}

fn is_open_to_all(path: &Path) -> bool {
    let metadata = path.metadata();
    metadata.is_ok_and(|metadata| metadata.permissions().mode() & 0o007 != 0)
}

/// What the environment says is left out: ours is not the daemon's.
fn not_in_force(ground: &Ground, shown: &[Shown], found: &mut Section<'_>) {
    let Some(running) = &ground.running else {
        return;
    };
    let differs = |shown: &&Shown| {
        let running = running
            .settings
            .iter()
            .find(|running| running.key == shown.key);
        running.is_some_and(|running| {
            running.value != shown.value && !running.origin.starts_with("environment")
        })
    };
    let from_environment = |shown: &&Shown| matches!(shown.origin, Origin::Environment { .. });
    // Where a reload has brought a value into force, the daemon still tells the one before.
    let fixed = shown.iter().filter(|shown| !shown.reloadable);
    let keys: Vec<&str> = fixed
        .filter(|shown| !from_environment(shown) && differs(shown))
        .map(|shown| shown.key.as_str())
        .collect();
    if !keys.is_empty() {
        found.warning(
            format!("the running daemon was started with other values: {}", keys.join(", ")),
            "restart relayd to bring them into force, or correct the file; `relayctl config show --running` shows what it has",
        );
    }
}
