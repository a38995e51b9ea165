//! `relayctl config import`: the settings of older programs, in ours.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use relay_config::Sources;
use relay_core::lifecycle::Blueprint;
use serde_json::json;

use super::{Context, Outcome, Verdict};
use crate::failure::Failure;
use crate::import::{self, Imported};
use crate::output::harmless;

pub(super) fn run(
    files: &[PathBuf],
    output: Option<&Path>,
    force: bool,
    context: &Context,
) -> Outcome {
    let mut imported = Imported::default();
    for file in files {
        imported.join(import::read(file)?);
    }
    check(&imported)?;
    let toml = text(files, &imported);
    if let Some(path) = output {
        write(path, force, &toml)?;
    }
    let answer = json!({
        "toml": toml,
        "output": output,
        "dropped": imported.dropped,
        "next": imported.next,
    });
    let said = || match output {
        Some(path) => format!("written to {}", path.display()),
        None => toml.clone(),
    };
    context.output.answer(&answer, said)?;
    if !context.global.json {
        tell(&imported);
    }
    Ok(Verdict::Good)
}

/// What we write, relayd must take.
fn check(imported: &Imported) -> Result<(), Failure> {
    let sources = Sources {
        env: imported.as_variables(),
        ..Sources::default()
    };
    let drawn = Blueprint::draw(&sources, &relayd::protocols());
    drawn.map(drop).map_err(|failure| {
        Failure::Usage(format!("relayd would not take what is in there: {failure}"))
    })
}

fn text(files: &[PathBuf], imported: &Imported) -> String {
    let names = files
        .iter()
        .map(|file| harmless(&file.display().to_string()));
    let names: Vec<_> = names.collect();
    let mut text = format!(
        "# Made by `relayctl config import` from {}.\n\
         # `relayctl config example` prints everything that can be set.\n\n",
        names.join(", ")
    );
    // Writing to a String cannot fail.
    let _ = write!(text, "{}", imported.settings);
    text
}

/// What people should know, beside the file itself.
fn tell(imported: &Imported) {
    let dropped = imported.dropped.iter();
    let dropped = dropped.map(|one| format!("dropped: {}: {}", one.key, one.reason));
    let next = imported.next.iter().map(|step| format!("next: {step}"));
    let mut stderr = io::stderr().lock();
    for line in dropped.chain(next) {
        // Nobody is left to be told.
        let _ = writeln!(stderr, "{}", harmless(&line));
    }
}

fn write(path: &Path, force: bool, text: &str) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o640);
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        let path = path.display();
        Failure::Refused(match error.kind() {
            io::ErrorKind::AlreadyExists => {
                format!("{path} exists; add --force to write over it, or name another file")
            }
            _ => format!("cannot write {path}: {error}"),
        })
    })
}
