//! The running daemon: whether it answers, is well, and is the one this relayctl belongs to.

use relay_admin::types::Status;
use relay_core::core::VERSION;

use super::ground::{Ground, Silence};
use super::report::Section;

pub(super) fn check(ground: &Ground, found: &mut Section<'_>) {
    match &ground.daemon {
        Ok(status) => {
            version(status, found);
            health(status, found);
        }
        Err(Silence::Nobody(line) | Silence::Forbidden(line)) => {
            let (what, advice) = line.rsplit_once("; ").unwrap_or((line, "start relayd"));
            found.warning(what, advice);
        }
        Err(Silence::Odd(line)) => found.problem(line, "look into its log, and restart relayd"),
    }
}

fn version(status: &Status, found: &mut Section<'_>) {
    let (theirs, pid) = (&status.version, status.pid);
    if theirs == VERSION {
        found.ok(format!("relayd {theirs} runs as process {pid}"));
    } else {
        found.warning(
            format!("relayd {theirs} runs as process {pid}, but this relayctl is {VERSION}"),
            "run `relayctl upgrade` to have the installed relayd take over",
        );
    }
}

fn health(status: &Status, found: &mut Section<'_>) {
    let mut all_well = true;
    for part in &status.parts {
        if let Some(reason) = &part.reason {
            all_well = false;
            let (what, advice) = reason
                .rsplit_once("; ")
                .unwrap_or((reason, "look into its log"));
            found.problem(format!("{} is not well: {what}", part.name), advice);
        }
    }
    for worker in &status.workers {
        let error = worker.last.as_ref().and_then(|run| run.error.as_ref());
        if let Some(error) = error {
            let advice = format!(
                "correct the reason, then `relayctl worker run {}`",
                worker.name
            );
            found.warning(format!("{} failed: {error}", worker.name), advice);
        }
    }
    if all_well {
        found.ok("it is ready");
    }
}
