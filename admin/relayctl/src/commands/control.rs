//! `relayctl reload`, `stop` and `upgrade`: what ends or changes the running daemon.
//!
//! Stopping and upgrading wait until it has happened, so that the next command of a script finds
//! the daemon gone, or the new one serving.

use std::time::Duration;

use relay_admin::client::Client;
use relay_admin::paths;
use relay_admin::types::{Done, Reload, Status, Upgrade};
use tokio::time::{Instant, sleep};

use super::{Context, Outcome, Verdict};
use crate::cli::Wait;
use crate::failure::Failure;
use crate::output::harmless;

const PAUSE: Duration = Duration::from_millis(50);
/// The old daemon has to finish what is in flight first, for which it has a limit of its own.
const UPGRADE: Duration = Duration::from_mins(2);

pub(super) async fn reload(context: &Context) -> Outcome {
    let reloaded: Reload = context.daemon()?.post(paths::RELOAD, &()).await?;
    context.output.answer(&reloaded, || changes(&reloaded))?;
    Ok(Verdict::Good)
}

fn changes(reloaded: &Reload) -> String {
    let Reload {
        applied,
        need_restart,
    } = reloaded;
    let mut lines = Vec::new();
    if !applied.is_empty() {
        lines.push(format!("now in force: {}", harmless(&applied.join(", "))));
    }
    if !need_restart.is_empty() {
        let keys = harmless(&need_restart.join(", "));
        lines.push(format!("changed, but needs a restart: {keys}"));
    }
    if lines.is_empty() {
        lines.push("read again; no value has changed".to_owned());
    }
    lines.join("\n")
}

pub(super) async fn stop(wait: &Wait, context: &Context) -> Outcome {
    let daemon = context.daemon()?;
    let status: Status = daemon.get(paths::STATUS).await?;
    let done: Done = daemon.post(paths::STOP, &()).await?;
    if !wait.no_wait {
        context.output.progress("finishing what is in flight …");
        while is_running(status.pid) {
            sleep(PAUSE).await;
        }
    }
    let text = || if wait.no_wait { "stopping" } else { "stopped" };
    context.output.answer(&done, || text().to_owned())?;
    Ok(Verdict::Good)
}

pub(super) async fn upgrade(wait: &Wait, context: &Context) -> Outcome {
    let daemon = context.daemon()?;
    let old: Status = daemon.get(paths::STATUS).await?;
    let upgrade: Upgrade = daemon.post(paths::UPGRADE, &()).await?;
    if wait.no_wait {
        let text = || format!("process {} is about to take over", upgrade.pid);
        context.output.answer(&upgrade, text)?;
        return Ok(Verdict::Good);
    }
    context.output.progress("handing over …");
    let new = taken_over(&daemon, upgrade.pid).await?;
    let text = || {
        format!(
            "process {} (relayd {}) has taken over from process {} (relayd {})",
            new.pid, new.version, old.pid, old.version
        )
    };
    context.output.answer(&upgrade, text)?;
    Ok(Verdict::Good)
}

/// Waits until the new process answers.
async fn taken_over(daemon: &Client, pid: u32) -> Result<Status, Failure> {
    let deadline = Instant::now() + UPGRADE;
    loop {
        let alive = is_running(pid);
        // In between there may be moments without an answer.
        let answer: Option<Status> = daemon.get(paths::STATUS).await.ok();
        match answer {
            Some(status) if status.pid == pid => return Ok(status),
            Some(_) if !alive => return Err(not_taken_over("has ended")),
            _ if Instant::now() > deadline => return Err(not_taken_over("does not take over")),
            _ => sleep(PAUSE).await,
        }
    }
}

fn not_taken_over(what: &str) -> Failure {
    Failure::Refused(format!(
        "the new relayd {what}, the old one goes on; see the log for the reason"
    ))
}

/// A process that has ended and was not yet waited for by its parent does not run.
fn is_running(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    !state.is_empty() && !state.starts_with(['Z', 'X'])
}
