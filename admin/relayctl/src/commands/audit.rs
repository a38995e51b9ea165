//! `relayctl audit`: who did what to this server.

use relay_admin::paths;
use relay_admin::types::{AuditEntry, AuditNote, AuditNoted, AuditPrune, AuditPruned};
use relay_config::Span;
use relay_core::clock::{Clock as _, SystemClock};

use super::{Context, Outcome, Verdict};
use crate::cli::Audit;
use crate::output::table;
use crate::time;

pub(super) async fn run(command: Audit, context: &Context) -> Outcome {
    match command {
        Audit::List { limit } => list(limit, context).await,
        Audit::Note { text } => note(text, context).await,
        Audit::Prune { older_than } => prune(older_than, context).await,
    }
}

async fn list(limit: u64, context: &Context) -> Outcome {
    let path = paths::with(paths::AUDIT_NEWEST, &limit.to_string());
    let entries: Vec<AuditEntry> = context.daemon()?.get(&path).await?;
    let header = ["WHEN (UTC)", "WHO", "WHAT", "TO WHAT", "OUTCOME"];
    let text = || table(header, entries.iter().map(row));
    context.output.answer(&entries, text)?;
    Ok(Verdict::Good)
}

fn row(entry: &AuditEntry) -> [String; 5] {
    [
        time::stamp(entry.at),
        entry.actor.clone(),
        entry.action.clone(),
        entry.detail.clone(),
        entry.outcome.clone(),
    ]
}

async fn note(text: String, context: &Context) -> Outcome {
    let daemon = context.daemon()?;
    let noted: AuditNoted = daemon.post(paths::AUDIT_NOTES, &AuditNote { text }).await?;
    context
        .output
        .answer(&noted, || format!("noted as entry {}", noted.id))?;
    Ok(Verdict::Good)
}

async fn prune(older_than: Span, context: &Context) -> Outcome {
    let before = SystemClock.now().minus(older_than.get()).secs();
    let daemon = context.daemon()?;
    let pruned: AuditPruned = daemon
        .post(paths::AUDIT_PRUNE, &AuditPrune { before })
        .await?;
    let text = || match pruned.removed {
        1 => "1 entry removed".to_owned(),
        removed => format!("{removed} entries removed"),
    };
    context.output.answer(&pruned, text)?;
    Ok(Verdict::Good)
}
